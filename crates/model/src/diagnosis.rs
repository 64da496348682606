//! Why something failed, said so that a person knows the next click.
//!
//! A code is stable and has a page of its own in the manual. The texts here are the general case; what was seen this
//! time goes into `evidence`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is offered as a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextKind {
    /// Start the same connect anew.
    Retry,
    Reconnect,
    SignIn,
    /// Go on with what is already here, without a new consent.
    Continue,
    /// Open `url`.
    Open,
    None,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Next {
    pub kind: NextKind,
    pub label: String,
    pub url: Option<String>,
}

/// Something we saw, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Evidence {
    pub label: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Diagnosis {
    #[schema(value_type = String)]
    pub code: Code,
    pub title: String,
    pub cause: String,
    pub evidence: Vec<Evidence>,
    pub fix: Vec<String>,
    pub next: Next,
    /// Path of its page in the manual.
    pub docs: String,
}

impl Diagnosis {
    #[must_use]
    pub fn new(code: Code) -> Self {
        let text = code.text();
        Self {
            code,
            title: text.title.to_owned(),
            cause: text.cause.to_owned(),
            evidence: Vec::new(),
            fix: text.fix.iter().map(|&line| line.to_owned()).collect(),
            next: Next { kind: text.next, label: text.label.to_owned(), url: text.url.map(str::to_owned) },
            docs: format!("/docs/diagnoses/{}", code.as_str()),
        }
    }

    /// Adds something seen. The caller redacts; nothing secret may come here.
    #[must_use]
    pub fn saw(mut self, label: &str, value: impl Into<String>) -> Self {
        self.evidence.push(Evidence { label: label.to_owned(), value: value.into() });
        self
    }

    /// Replaces the general cause by what is known this time.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = cause.into();
        self
    }

    #[must_use]
    pub fn offering(mut self, kind: NextKind, label: &str, url: Option<String>) -> Self {
        self.next = Next { kind, label: label.to_owned(), url };
        self
    }
}

/// The general words for a code.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    pub title: &'static str,
    pub cause: &'static str,
    pub fix: &'static [&'static str],
    pub next: NextKind,
    pub label: &'static str,
    /// Where an [`NextKind::Open`] leads; none where only whoever raises it knows.
    pub url: Option<&'static str>,
}

macro_rules! codes {
    ($($name:ident $code:literal { $title:literal, $cause:literal, [$($fix:literal),+ $(,)?], $next:ident $label:literal $($url:literal)? })+) => {
        /// Every way a connect or a call can fail, as a stable word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code { $(#[serde(rename = $code)] $name),+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            #[must_use]
            pub fn text(self) -> Text {
                match self {
                    $(Self::$name => Text {
                        title: $title, cause: $cause, fix: &[$($fix),+], next: NextKind::$next, label: $label,
                        url: { const URLS: &[&str] = &[$($url)?]; URLS.first().copied() },
                    }),+
                }
            }
        }
    };
}

codes! {
    StateUnknown "state.unknown" { "This sign-in was not started here",
        "The network sent you back with a state that belongs to no connect on this server. The link is old, was cut off, or was made for another installation.",
        ["Start the connect again from “Add channel”.", "If several installations share one app, check that the redirect URI at the network points to this one."], Retry "Add channel" }
    StateExpired "state.expired" { "This connect took longer than 30 minutes",
        "A connect stays open for 30 minutes, and this one had lapsed when you came back.",
        ["Start it again; the network normally remembers your consent, so it takes seconds."], Retry "Start again" }
    StateForeignBrowser "state.foreign_browser" { "This connect was started in another browser",
        "You came back from the network in a browser that did not start this connect, so the account is not attached until the person who started it confirms.",
        ["Sign in here as the person who started the connect and confirm the account by its name.", "If you did not start it, close this page: nothing is attached."], SignIn "Sign in and confirm" }
    StateSuperseded "state.superseded" { "A newer connect took this one's place",
        "The same channel was connected again after this connect was started.",
        ["Look at the newer one; nothing is lost."], Open "Show channels" "/channels" }
    ConsentDenied "consent.denied" { "You said no at the network",
        "The network reports that access was denied on its consent page.",
        ["Start again and choose “Allow”.", "If you did not see a consent page, your organisation may forbid third-party apps; ask its administrator."], Retry "Try again" }
    ConsentPending "consent.pending" { "The network still waits for your approval",
        "You came back from the network, but it says that the sign-in has not been approved there yet.",
        ["Approve the sign-in at the network, then start again."], Retry "Try again" }
    ConsentScopeMissing "consent.scope_missing" { "A permission is missing",
        "The account was authorised, but a permission that publishing needs was not granted.",
        ["Start again and leave every permission ticked."], Retry "Try again" }
    IssuerMismatch "issuer.mismatch" { "The answer came from another server",
        "The authorization answer names an issuer that is not the server you were sent to. It was not used.",
        ["Start again. If it happens again, check the address of the server you typed."], Retry "Try again" }
    CodeExpired "grant.code_expired" { "The network's code had expired",
        "The code the network gave is good for a short time, and it refused it as too old.",
        ["Start again.", "If it keeps happening, check this server's clock and its connection to the network."], Retry "Try again" }
    CodeUsed "grant.code_used" { "The code was used before",
        "The network says that this code was already exchanged. It is not good a second time.",
        ["Start again; no second consent is asked on most networks."], Retry "Try again" }
    GrantRefused "grant.refused" { "The network refused the code",
        "The network refused the code without saying why: it names one error for a code that is too old, was used before, or came \
         with another redirect URI or PKCE proof than the sign-in.",
        ["Start again.", "If it is refused every time, compare the redirect URI below with the one registered for the app."],
        Retry "Try again" }
    AnswerLost "grant.answer_lost" { "The network's answer was lost",
        "The network took the code, but its answer did not reach this server, and it takes a code only once.",
        ["Go on: most networks remember your consent and send you straight back."], Retry "Go on" }
    RedirectMismatch "grant.redirect_mismatch" { "The redirect URI is not the registered one",
        "The network compares the redirect URI character by character with those registered for the app.",
        ["Register exactly the address shown below at the network: scheme, host, port, path, no slash at the end."], Retry "Try again" }
    VerifierMismatch "grant.verifier_mismatch" { "The PKCE check failed at the network",
        "The network did not accept the proof that this server started the sign-in.",
        ["Start again. If it repeats, please report it with the reference."], Retry "Try again" }
    ClockSkew "grant.clock_skew" { "This server's clock is wrong",
        "This server's clock differs from the network's by more than 30 seconds, so codes and signatures look expired.",
        ["Switch on time synchronisation (for example systemd-timesyncd) and try again."], Retry "Try again" }
    ClientUnknown "client.unknown" { "The network does not know this app",
        "The client id is not known to the network: mistyped, deleted, or of another environment.",
        ["Copy the client id again from the network's developer console."], Retry "Try again" }
    ClientSecretWrong "client.secret_wrong" { "The app's secret is wrong",
        "The network knows the client id but refuses the secret that goes with it.",
        ["Copy the secret again from the network's developer console; making a new one there voids the old."], Retry "Try again" }
    ClientDocument "client.document" { "The network can't look this app up",
        "The network knows apps by a document at their own address, and could not fetch ours, or refused what is in it.",
        ["Open the document's address, shown below, from outside your network: it must answer without a sign-in, a redirect or a warning page.", "If this server can only be reached from inside, connect with an app password instead."], Retry "Try again" }
    ClientNotConfigured "client.not_configured" { "No app is set up for this network",
        "This network needs a client id and secret from its developer console, and none are configured here.",
        ["Register an app at the network and put its client id and secret into the configuration."], None "Read how" }
    ClientNotApproved "client.not_approved" { "The app is still in test mode",
        "The network lets only listed testers use an app that it has not approved yet.",
        ["Add this account as a tester in the developer console, or finish the network's review."], Retry "Try again" }
    TokenMalformed "token.malformed" { "The network's answer could not be read",
        "The token endpoint answered success, but without a usable token.",
        ["Try again in a few minutes.", "If an address was typed, check that it is a server of this kind."], Retry "Try again" }
    DnsNotFound "dns.not_found" { "The host does not exist",
        "The name could not be resolved to an address.",
        ["Check the spelling of the address.", "If it is right, check this server's DNS settings."], Retry "Try again" }
    DnsTimeout "dns.timeout" { "The name server did not answer",
        "Looking up the host's address took too long.",
        ["Check this server's DNS settings and try again."], Retry "Try again" }
    TcpRefused "tcp.refused" { "The connection was refused",
        "The host exists, but nothing listens on that port, or a firewall refuses it.",
        ["Check the address and port.", "If the service is down, try again later."], Retry "Try again" }
    TcpTimeout "tcp.timeout" { "The host did not answer",
        "No connection came about in the time allowed. A firewall may be dropping packets.",
        ["Check that this server may connect to the outside, or set a proxy.", "Try again later."], Retry "Try again" }
    TcpUnreachable "tcp.unreachable" { "There is no route to the host",
        "This server's network has no way to the address.",
        ["Check this server's network and, for IPv6 addresses, whether it has IPv6 at all."], Retry "Try again" }
    TlsExpired "tls.expired" { "The host's certificate has expired",
        "The certificate that the host shows is no longer (or not yet) valid.",
        ["The host's operator has to renew it.", "Check this server's clock."], Retry "Try again" }
    TlsUnknownIssuer "tls.unknown_issuer" { "The host's certificate is not trusted",
        "The certificate is self-signed or comes from an authority that this server does not know, as behind an inspecting proxy.",
        ["For a private authority, name its certificate in `extra_ca`.", "Otherwise the host's operator has to install a public certificate."], Retry "Try again" }
    TlsWrongHost "tls.wrong_host" { "The certificate is for another host",
        "The host shows a certificate that does not carry its name.",
        ["Check the spelling of the address.", "The host's operator has to install a certificate for this name."], Retry "Try again" }
    TlsProtocol "tls.protocol" { "No secure connection could be agreed",
        "The TLS handshake failed: the host speaks no TLS on this port, or only versions that are too old.",
        ["Check the address and port."], Retry "Try again" }
    ProxyRefused "proxy.refused" { "The proxy did not let us through",
        "The configured proxy could not be reached or refused to connect to the host.",
        ["Check the proxy's address and its rules for this host."], Retry "Try again" }
    ProxyAuth "proxy.auth" { "The proxy wants a sign-in",
        "The configured proxy answered 407: it needs a user name and password.",
        ["Put the user name and password into the proxy setting."], Retry "Try again" }
    HttpTimeout "http.timeout" { "The network took too long to answer",
        "The connection stood, but no complete answer came in the time allowed.",
        ["Try again in a few minutes."], Retry "Try again" }
    NotTheApi "http.not_the_api" { "Something else answered",
        "A web page or other content came where the network's API was expected: a captive portal, a firewall's page, or another kind of server.",
        ["Check the address.", "Open it in a browser from this server's network to see who answers."], Retry "Try again" }
    ServerError "http.server_error" { "The network has a problem",
        "The network answered with a server error of its own.",
        ["Try again in a few minutes.", "Look at the network's status page."], Retry "Try again" }
    RateLimited "http.rate_limited" { "The network asks us to slow down",
        "Too many requests were made in a short time.",
        ["Wait until the time shown, then try again."], Retry "Try again" }
    BlockedAddress "egress.blocked_private_address" { "The address is inside a private network",
        "This server does not call private, loopback or link-local addresses, so that nobody can use it to reach into your network.",
        ["If the address is right and yours, list it in `egress_allow`."], Retry "Try again" }
    WrongKind "account.wrong_kind" { "This kind of account cannot publish",
        "The network lets only certain kinds of accounts publish through its API.",
        ["Change the account's kind at the network, or connect another account."], Retry "Try again" }
    NothingToChoose "account.nothing_to_choose" { "There is nothing to connect under this account",
        "The account manages none of what this network publishes to.",
        ["Check that the account is an administrator of the page or group, and that it was ticked on the consent page."], Retry "Try again" }
    OtherThanExpected "account.other_than_expected" { "Another account came back",
        "The account that was authorised is not the one this channel belongs to.",
        ["Sign in at the network as the expected account and try again, or add this one as a new channel."], Retry "Try again" }
    Suspended "account.suspended" { "The account is suspended",
        "The network says that this account is suspended, deactivated or locked.",
        ["Sign in at the network and follow what it asks."], Retry "Try again" }
    CredentialsWrong "credentials.wrong" { "The network did not accept these credentials",
        "User name, password or key are not right for this service.",
        ["Check the spelling, and that it is an app password where the network has them.", "Check the service's address."], Retry "Try again" }
    CredentialsTwoFactor "credentials.two_factor" { "This password needs a second factor",
        "The account's main password asks for a second factor that cannot be given here.",
        ["Make an app password at the network and use that."], Retry "Try again" }
    HandleNotFound "handle.not_found" { "There is no account of this handle",
        "The handle could not be traced to an account: neither its domain nor the directory of handles knows it, or the account says that it has another handle.",
        ["Check the spelling; a handle is a whole domain, for example ada.bsky.social.", "A handle changed just now may take some minutes to be known."], Retry "Try again" }
    BotHeardElsewhere "bot.heard_elsewhere" { "Another program listens to this bot",
        "The network lets one program at a time read what is said to a bot, and another one, or a webhook, does so.",
        ["Stop the other program, or remove the bot's webhook; the connect then goes on by itself.", "Or set up a bot that only this installation uses."], Retry "Try again" }
    CookiesWrong "cookies.wrong" { "These are not the cookies of a session at the site",
        "A cookie that makes up a session at the site is missing: nobody is signed in there in this browser. Or another one was sent, which is not taken.",
        ["Sign in at the site in this browser, then hand over again."], Retry "Try again" }
    HandoverEnded "handover.ended" { "This hand-over has ended",
        "The token is of no hand-over that goes on: its channel was deleted or connected anew, it was stopped, or it was not used for 90 days.",
        ["Reconnect the channel with the browser extension; its posts, times and settings stay as they are.", "Or remove the hand-over from the extension if the channel does not need it any more."], Open "Show channels" "/channels" }
    InstanceNotCompatible "instance.not_compatible" { "This server is not of the expected kind",
        "The address answers, but not as a server of this network.",
        ["Check the address of the server."], Retry "Try again" }
    NetworkUnknown "network.unknown" { "There is no such network",
        "No network of that name is known to this installation.",
        ["Choose one of the networks under “Add channel”."], Open "Show networks" "/channels/add" }
    WayUnknown "way.unknown" { "The network is not connected that way",
        "The network has no such way to connect an account, or not in this version.",
        ["Choose one of the ways that the network's page under “Add channel” offers."], Open "Show networks" "/channels/add" }
    ChannelUnknown "channel.unknown" { "There is no such channel",
        "The channel does not exist in this workspace; it may have been deleted.",
        ["Look at the list of channels, or add it as a new one."], Open "Show channels" "/channels" }
    AttemptUnknown "attempt.unknown" { "There is no such connect",
        "No connect of that id exists in this workspace; it may have been cleared away since.",
        ["Start the connect again from “Add channel”."], Retry "Add channel" }
    AttemptOfAnother "attempt.of_another" { "Another person started this connect",
        "Only the person who started a connect may go on with it, so that nobody can attach an account in another's name.",
        ["Sign in as the person who started it.", "Or start a connect of your own."], SignIn "Sign in" }
    AttemptEnded "attempt.ended" { "This connect cannot go on",
        "The connect is in a state in which this cannot be done any more, or not yet.",
        ["Load the page again to see how it stands.", "Start a new connect if it has ended."], Retry "Start again" }
    AccessLost "access.lost" { "You may not connect channels in this workspace any more",
        "While you were away at the network, you left the workspace, or got a role in it that may not connect channels. What the network granted has been given back.",
        ["Ask an admin of the workspace for the role of an admin.", "Then start the connect again."], Open "Channels" "/channels" }
    InviteUnknown "invite.unknown" { "There is no such invitation",
        "The link leads to no invitation of this installation: it was cut off, mistyped or copied in part.",
        ["Open the link exactly as it was sent.", "If it does not work, ask for a new one."], None "Ask for a new link" }
    InviteExpired "invite.expired" { "This invitation has expired",
        "An invite link is good until a date that was set when it was made, and that date has passed.",
        ["Ask the person who sent it for a new one."], None "Ask for a new link" }
    InviteUsedUp "invite.used_up" { "This invitation has been used",
        "An invite link connects a set number of accounts, and that many have been connected by it.",
        ["Ask the person who sent it for a new one."], None "Ask for a new link" }
    InviteRevoked "invite.revoked" { "This invitation was withdrawn",
        "The people who made the invite link have ended it, or may not invite any more.",
        ["Ask the person who sent it whether they still want the account connected."], None "Ask for a new link" }
    AddressWrong "instance.address_wrong" { "This is not the address of a server",
        "The address that was typed cannot be used.",
        ["Type the server's address, for example `example.social`."], Retry "Try again" }
    FormIncomplete "form.incomplete" { "The form is not complete",
        "A field is empty or has a value that cannot be right.",
        ["Look at the marked fields."], Retry "Try again" }
    PublicUrlMismatch "public_url.mismatch" { "You opened Crier under another address",
        "Sign-ins return to the public address of this installation, and the page was opened under a different one.",
        ["Open Crier under its public address, or correct the `public_url` setting."], Open "Open the public address" }
    PublicUrlNotHttps "public_url.not_https" { "The network wants https",
        "This network accepts only https redirect URIs, and the public address of this installation is http.",
        ["Serve Crier over https and set `public_url` accordingly."], None "Read how" }
    Internal "internal" { "Something went wrong on this server",
        "An error on our side kept this from working. The reference finds it in the server's log.",
        ["Try again.", "If it repeats, give the reference to the operator."], Retry "Try again" }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_unique_and_says_title_cause_fix_and_next() {
        let mut seen = HashSet::new();
        for &code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} twice");
            let d = Diagnosis::new(code);
            assert!(
                !d.title.is_empty() && d.cause.len() > 20 && !d.fix.is_empty() && !d.next.label.is_empty(),
                "{code}"
            );
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
