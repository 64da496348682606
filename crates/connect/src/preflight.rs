//! Looking ahead: what would keep a connect from working is found before the person has left. Nothing is changed by it.

use crate::{
    Check, ConnectError, Handshake,
    apps::{asked_scope, not_configured},
    explain::failed,
    oauth1::Desk1,
    oauth2::{Desk, Probe, SKEW, TokenFailure, Wish, authorize_url, probe},
    secrets::random,
    start::{chosen_instance, unknown_way},
};
use crier_model::{Code, Diagnosis, WorkspaceId};
use crier_net::Client;
use crier_networks::{
    About, Connect,
    connect::{Client2, Dialog, Endpoints, Extension, FieldKind, Form, OAuth1, OAuth1Endpoints, OAuth2},
};
use std::{
    future::Future,
    time::{Duration, Instant},
};
use tokio::time::timeout;
use url::{Host, Url};

impl Handshake {
    /// The checks before leaving of somebody of this workspace, in parallel and within [`crate::Pace::preflight`]. `instance` as typed; without one, the
    /// hosts of a network made of many servers are not checked.
    ///
    /// # Errors
    /// [`ConnectError::UnknownNetwork`], [`ConnectError::Way`], [`ConnectError::Instance`] for an address that can't be a server's.
    pub async fn preflight(
        &self,
        workspace: WorkspaceId,
        network: &str,
        way: Option<&str>,
        instance: Option<&str>,
    ) -> Result<Vec<Check>, ConnectError> {
        self.check(Some(workspace), network, way, instance, self.settings().pace.preflight).await
    }

    /// The same, for the installation where no workspace is given, within this time.
    pub(crate) async fn check(
        &self,
        workspace: Option<WorkspaceId>,
        network: &str,
        way: Option<&str>,
        instance: Option<&str>,
        limit: Duration,
    ) -> Result<Vec<Check>, ConnectError> {
        let known = self.network(network).ok_or_else(|| ConnectError::UnknownNetwork(network.to_owned()))?;
        let about = known.about();
        let mut ways = known.ways().into_iter();
        let chosen = match way {
            Some(id) => ways.find(|way| way.id == id).ok_or_else(|| unknown_way(known, id))?,
            None => ways.next().ok_or_else(|| ConnectError::UnknownNetwork(network.to_owned()))?,
        };
        match chosen.connect {
            Connect::OAuth2(oauth2) => {
                let instance = match (oauth2.instance(), instance.map(str::trim).filter(|typed| !typed.is_empty())) {
                    (Some(field), Some(typed)) => {
                        Some(chosen_instance(oauth2, &field, Some(typed)).map_err(ConnectError::Instance)?)
                    }
                    (Some(field), None) if field.default.is_none() => return Ok(vec![self.check_public_url(about)]),
                    (Some(field), None) => Some(chosen_instance(oauth2, &field, None).map_err(ConnectError::Instance)?),
                    (None, _) => None,
                };
                self.check_oauth2(workspace, about, oauth2, instance.as_deref(), limit).await
            }
            Connect::OAuth1(oauth1) => {
                let client = self.known_by(workspace, about.id, chosen.id).await?;
                Ok(self.check_oauth1(about, oauth1, client.as_ref(), limit).await)
            }
            Connect::Dialog(dialog) => {
                let bot = self.known_by(workspace, about.id, chosen.id).await?;
                Ok(vec![self.check_bot(about, dialog, bot.as_ref(), limit).await])
            }
            Connect::Form(form) => Ok(check_form(self.net(about.id), form, limit).await),
            Connect::Extension(extension) => Ok(check_site(self.net(about.id), extension, limit).await),
        }
    }

    async fn check_oauth2(
        &self,
        workspace: Option<WorkspaceId>,
        about: &About,
        oauth2: &dyn OAuth2,
        instance: Option<&str>,
        limit: Duration,
    ) -> Result<Vec<Check>, ConnectError> {
        let started = Instant::now();
        let mut checks = vec![self.check_public_url(about)];
        let endpoints = match timeout(limit, oauth2.discover(self.net(about.id), instance)).await {
            Ok(Ok(endpoints)) => endpoints,
            Ok(Err(refusal)) => {
                checks.push(check("host", format!("{} answers", about.name), started, Some(refusal.diagnosis())));
                return Ok(checks);
            }
            Err(_) => {
                checks.push(check("host", format!("{} answers", about.name), started, Some(slow(limit))));
                return Ok(checks);
            }
        };
        let left = limit.saturating_sub(started.elapsed());
        let net = self.net(about.id);
        let (authorize, token) = (endpoints.authorize.clone(), endpoints.token.clone());
        let other = (origin(&authorize) != origin(&token)).then(|| check_host(net, &token, left));
        let (app, host, clock, other) = tokio::join!(
            self.check_app(workspace, about, oauth2, instance, &endpoints, left),
            check_host(net, &authorize, left),
            check_clock(net, &token, left),
            maybe(other)
        );
        checks.extend(app?);
        checks.extend([Some(host), other, clock].into_iter().flatten());
        Ok(checks)
    }

    /// A request token that nobody leaves with shows more than any other check: key, secret, redirect URI and clock.
    pub(crate) async fn check_oauth1(
        &self,
        about: &About,
        oauth1: &dyn OAuth1,
        client: Option<&Client2>,
        limit: Duration,
    ) -> Vec<Check> {
        let started = Instant::now();
        let mut checks = vec![self.check_public_url(about)];
        let endpoints = match oauth1.endpoints() {
            Ok(endpoints) => endpoints,
            Err(refusal) => {
                checks.push(check("host", format!("{} answers", about.name), started, Some(refusal.diagnosis())));
                return checks;
            }
        };
        let net = self.net(about.id);
        let other = origin(&endpoints.authorize) != origin(&endpoints.request_token);
        let other = other.then(|| check_host(net, &endpoints.request_token, limit));
        let (app, host, clock, other) = tokio::join!(
            self.check_request_token(about, client, &endpoints, limit),
            check_host(net, &endpoints.authorize, limit),
            check_clock(net, &endpoints.request_token, limit),
            maybe(other)
        );
        checks.extend([Some(app), Some(host), other, clock].into_iter().flatten());
        checks
    }

    async fn check_request_token(
        &self,
        about: &About,
        client: Option<&Client2>,
        endpoints: &OAuth1Endpoints,
        limit: Duration,
    ) -> Check {
        let started = Instant::now();
        let Some(client) = client else {
            return check("app", "An app is set up".to_owned(), started, Some(not_configured(about)));
        };
        let desk = Desk1 { net: self.net(about.id), clock: self.deps.clock.as_ref(), endpoints, client };
        let redirect_uri = self.redirect_uri(about.id);
        // What keeps the request from arriving is the other checks' to tell.
        let diagnosis = match timeout(limit, desk.request_token(&redirect_uri)).await {
            Ok(Err(failure @ TokenFailure::Refused { .. })) => Some(failure.diagnosis()),
            _ => None,
        };
        check("app", format!("{} knows the app", about.name), started, diagnosis)
    }

    pub(crate) async fn check_bot(
        &self,
        about: &About,
        dialog: &dyn Dialog,
        bot: Option<&Client2>,
        limit: Duration,
    ) -> Check {
        let started = Instant::now();
        let Some(bot) = bot else {
            // One that registers itself is asked for when the person goes on.
            let diagnosis = (!about.works_at_once).then(|| not_configured(about));
            return check("app", "A bot is set up".to_owned(), started, diagnosis);
        };
        let (note, diagnosis) = match timeout(limit, dialog.introduce(self.net(about.id), bot)).await {
            Ok(Ok(introduction)) => (Some(format!("it is {}", introduction.bot)), None),
            Ok(Err(refusal)) => (None, Some(refusal.diagnosis())),
            Err(_) => (None, Some(slow(limit))),
        };
        Check { note, ..check("app", "The bot answers".to_owned(), started, diagnosis) }
    }

    async fn check_app(
        &self,
        workspace: Option<WorkspaceId>,
        about: &About,
        oauth2: &dyn OAuth2,
        instance: Option<&str>,
        endpoints: &Endpoints,
        limit: Duration,
    ) -> Result<Vec<Check>, ConnectError> {
        let started = Instant::now();
        if oauth2.by_document() {
            // What a server thinks of the document comes out when the request is left there, before anybody goes.
            let diagnosis = self.document_client(oauth2, about.id).err().map(|diagnosis| *diagnosis);
            return Ok(vec![check("app", "The app is described by this server".to_owned(), started, diagnosis)]);
        }
        let known = self.known_app(workspace, about.id, oauth2, instance, endpoints).await?;
        if let Some((client, None)) = &known {
            return Ok(self.check_client(about, oauth2, endpoints, client, limit).await);
        }
        let title = match (&known, &endpoints.registration) {
            (None, Some(_)) => "An app registers itself",
            _ => "An app is set up",
        };
        let lacks = known.is_none() && endpoints.registration.is_none();
        Ok(vec![check("app", title.to_owned(), started, lacks.then(|| not_configured(about)))])
    }

    /// Whether the network knows the client id and the redirect URI, and whether the secret is right, as far as it tells.
    pub(crate) async fn check_client(
        &self,
        about: &About,
        oauth2: &dyn OAuth2,
        endpoints: &Endpoints,
        client: &Client2,
        limit: Duration,
    ) -> Vec<Check> {
        let started = Instant::now();
        let redirect_uri = self.redirect_uri(about.id);
        let (scope, made_up) = (asked_scope(oauth2, endpoints), random());
        let wish = Wish { redirect_uri: &redirect_uri, scopes: &scope, state: &made_up, verifier: &made_up };
        let url = authorize_url(endpoints, &client.client_id, wish);
        let clock = self.deps.clock.as_ref();
        let desk = Desk { net: self.net(about.id), clock, oauth2, endpoints, client, key: None };
        let asking = probe(&desk, &redirect_uri);
        let (away, probed) =
            tokio::join!(self.turned_away(about.id, &url, &redirect_uri, limit), timeout(limit, asking));
        let mut checks = vec![check("app", format!("{} knows the app", about.name), started, away)];
        let title = |said: &str| format!("{} {said}", about.name);
        checks.extend(match probed {
            Ok(Probe::Right) if client.client_secret.is_some() => {
                Some(check("secret", title("takes the app's secret"), started, None))
            }
            Ok(Probe::Wrong(diagnosis)) => {
                Some(check("secret", title("takes the app's secret"), started, Some(*diagnosis)))
            }
            Ok(Probe::Right | Probe::Untold) | Err(_) => None,
        });
        checks
    }

    fn check_public_url(&self, about: &About) -> Check {
        self.public_url_is_acceptable(Some(about))
    }

    /// Whether people can be sent back to this installation.
    pub(crate) fn public_url_is_acceptable(&self, about: Option<&About>) -> Check {
        let started = Instant::now();
        let url = &self.settings().public_url;
        let diagnosis = (url.scheme() != "https" && !is_private(url)).then(|| {
            let diagnosis = Diagnosis::new(Code::PublicUrlNotHttps)
                .because(
                    "Sign-ins would come back unencrypted over the internet; many networks refuse such an address.",
                )
                .saw("Public address", url.as_str());
            match about {
                Some(about) => diagnosis.saw("Redirect URI", self.redirect_uri(about.id)),
                None => diagnosis,
            }
        });
        check("public_url", "People come back to the public address".to_owned(), started, diagnosis)
    }
}

async fn check_form(net: &Client, form: &dyn Form, limit: Duration) -> Vec<Check> {
    let default = form.fields().into_iter().find(|field| field.kind == FieldKind::Url).and_then(|f| f.default);
    let Some(url) = default.and_then(|address| Url::parse(&address).ok()) else { return Vec::new() };
    check_host_and_clock(net, &url, limit).await
}

/// What is known beforehand of a website: whether it can be reached.
async fn check_site(net: &Client, extension: &dyn Extension, limit: Duration) -> Vec<Check> {
    let Ok(url) = Url::parse(&extension.site().origin) else { return Vec::new() };
    check_host_and_clock(net, &url, limit).await
}

async fn check_host_and_clock(net: &Client, url: &Url, limit: Duration) -> Vec<Check> {
    let (host, clock) = tokio::join!(check_host(net, url, limit), check_clock(net, url, limit));
    [Some(host), clock].into_iter().flatten().collect()
}

async fn check_host(net: &Client, url: &Url, limit: Duration) -> Check {
    let started = Instant::now();
    let diagnosis = match timeout(limit, net.reach(url)).await {
        Ok(Ok(_)) => None,
        Ok(Err(failure)) => Some(failed(&failure)),
        Err(_) => Some(slow(limit).saw("Host", url.host_str().unwrap_or_default())),
    };
    let title = format!("{} can be reached", url.host_str().unwrap_or_default());
    let note = net.proxy_towards(url).map(|proxy| format!("by the proxy {proxy}"));
    Check { note, ..check("host", title, started, diagnosis) }
}

/// Our clock against the host's; none when the host does not tell its own in time.
async fn check_clock(net: &Client, url: &Url, limit: Duration) -> Option<Check> {
    let started = Instant::now();
    let request = net.head(origin(url)).timeout(limit).no_redirects();
    let answer = timeout(limit, request.send()).await.ok()?.ok()?;
    let skew = answer.clock_skew()?;
    let diagnosis = (skew.abs() > SKEW).then(|| {
        let way = if skew.is_negative() { "behind" } else { "ahead of" };
        let seen = format!("{} s {way} {}'s", skew.abs().as_secs(), answer.host());
        Diagnosis::new(Code::ClockSkew).saw("Our clock", seen)
    });
    Some(check("clock", "The clock is right".to_owned(), started, diagnosis))
}

pub(crate) fn check(name: &'static str, title: String, started: Instant, diagnosis: Option<Diagnosis>) -> Check {
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Check { name, title, ok: diagnosis.is_none(), diagnosis, note: None, elapsed_ms }
}

fn slow(limit: Duration) -> Diagnosis {
    Diagnosis::new(Code::HttpTimeout).saw("No answer within", format!("{:.1} s", limit.as_secs_f64()))
}

async fn maybe<T>(future: Option<impl Future<Output = T>>) -> Option<T> {
    match future {
        Some(future) => Some(future.await),
        None => None,
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Whether the address is of this machine or of a private network, where http is usual.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            !name.contains('.')
                || [".localhost", ".local", ".lan", ".internal", ".test"].iter().any(|end| name.ends_with(end))
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn private_places_are_told_from_the_internet() {
        for (url, private) in [
            ("http://127.0.0.1:4800", true),
            ("http://localhost", true),
            ("http://nas.lan", true),
            ("http://192.168.1.4", true),
            ("http://[::1]:1", true),
            ("http://crier.example.org", false),
            ("http://8.8.8.8", false),
        ] {
            assert_eq!(is_private(&url.parse().unwrap()), private, "{url}");
        }
    }
}
