//! The ways to connect an account. The handshake itself is written once, in `crier-connect`; a network says only what
//! differs.

use crate::{Detail, Refusal, oauth1::Signer};
use async_trait::async_trait;
use crier_model::{Secret, channel::Identity};
use crier_net::Client;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// What was learnt from the channel's server at connect and steers its rules (an instance's limits). Kept in the clear.
pub type Facts = serde_json::Map<String, serde_json::Value>;

/// A JSON object that was answered.
pub type Answered = serde_json::Map<String, serde_json::Value>;

/// How an account of this network is connected.
#[allow(missing_debug_implementations, reason = "holds trait objects")]
#[derive(Clone, Copy)]
pub enum Connect<'a> {
    OAuth2(&'a dyn OAuth2),
    OAuth1(&'a dyn OAuth1),
    Dialog(&'a dyn Dialog),
    Form(&'a dyn Form),
    Extension(&'a dyn Extension),
}

impl Connect<'_> {
    /// Its name in requests and rows.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::OAuth2(_) => "oauth2",
            Self::OAuth1(_) => "oauth1",
            Self::Dialog(_) => "dialog",
            Self::Form(_) => "form",
            Self::Extension(_) => "extension",
        }
    }
}

/// One of the ways to connect an account of a network.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "holds a trait object")]
pub struct Way<'a> {
    /// Stable, in requests and rows: attempts and channels remember theirs.
    pub id: &'static str,
    /// What people choose it by, where there are several.
    pub name: &'static str,
    /// When to choose it, in a sentence; empty where there is nothing to choose.
    pub help: &'static str,
    pub connect: Connect<'a>,
}

impl<'a> Way<'a> {
    /// The one way of a network that has no other.
    #[must_use]
    pub fn only(connect: Connect<'a>) -> Self {
        Self { id: connect.kind(), name: "", help: "", connect }
    }
}

/// A permission asked of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// The network's own name for it.
    pub id: &'static str,
    /// What it is for; shown to people who did not grant it.
    pub why: &'static str,
    /// Whether publishing is impossible without it.
    pub required: bool,
}

/// The question "which server?", for networks made of many.
#[derive(Debug, Clone, Serialize)]
pub struct InstanceField {
    pub label: &'static str,
    pub placeholder: &'static str,
    pub help: &'static str,
    pub default: Option<String>,
    /// Whether the account is asked for, and the server follows from it. The network's ids of accounts then hold for all of
    /// its servers: a channel is of none, and a reconnect begins with the channel's own account.
    pub is_account: bool,
}

/// How the client proves itself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// RFC 6749 §2.3.1, HTTP Basic.
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// A token signed with the client's private key (RFC 7523 §2.2, ES256), which is kept as its secret; a client without one
    /// is public.
    PrivateKeyJwt,
    /// `client_id` alone: a public client.
    None,
}

/// Where and how the authorization server of one instance is spoken to. Found before leaving and kept with the attempt,
/// so that the return needs no second look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    pub authorize: Url,
    pub token: Url,
    /// Where the request is left beforehand, so that the address a person is sent to only refers to it (RFC 9126).
    #[serde(default)]
    pub par: Option<Url>,
    /// Whether tokens are bound to a key of ours, and each request is signed with it (RFC 9449).
    #[serde(default)]
    pub dpop: bool,
    pub revoke: Option<Url>,
    /// Where clients register themselves; none where an app must be configured.
    pub registration: Option<Url>,
    /// What is asked at this server, separated by spaces, where it knows other names than [`OAuth2::scopes`]; none asks
    /// for all of those.
    pub scope: Option<String>,
    /// Compared with `iss` in the response (RFC 9207); when set and `iss_always`, a response without it is refused.
    pub issuer: Option<String>,
    pub iss_always: bool,
    /// Whether PKCE S256 is sent.
    pub pkce: bool,
    pub client_auth: ClientAuth,
    /// The network's id of the account that is to come back, where that is known.
    #[serde(default)]
    pub account: Option<String>,
    /// Further parameters of the authorize URL.
    pub authorize_extra: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Dialect::is_standard")]
    pub dialect: Dialect,
}

/// The endpoints of a network that is one place and says nothing about itself. None of the rest: no PKCE, no revocation, no
/// registration.
///
/// # Errors
/// An address that can't be read.
pub(crate) fn fixed(
    authorize: &str,
    token: &str,
    client_auth: ClientAuth,
    dialect: Dialect,
) -> Result<Endpoints, Refusal> {
    Ok(Endpoints {
        authorize: address(authorize)?,
        token: address(token)?,
        par: None,
        dpop: false,
        revoke: None,
        registration: None,
        scope: None,
        issuer: None,
        iss_always: false,
        pkce: false,
        client_auth,
        account: None,
        authorize_extra: Vec::new(),
        dialect,
    })
}

/// An address of a network that is written in its code.
pub(crate) fn address(of: &str) -> Result<Url, Refusal> {
    of.parse().map_err(|error| Refusal::Content(Detail::new(format!("{of} is no address: {error}"))))
}

/// Where a server's OAuth 2 departs from RFC 6749; the default departs nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dialect {
    /// What `client_id` is called (TikTok: `client_key`).
    pub client_id: Option<String>,
    /// What it is called where tokens are asked for, where that is another name (TikTok for Business: `client_id`).
    pub token_client_id: Option<String>,
    /// What `code` is called in the token request (TikTok for Business: `auth_code`; MeWe: `loginRequestToken`).
    pub code: Option<String>,
    /// Scopes are asked for with commas between them instead of spaces.
    pub commas: bool,
    /// The token endpoint takes JSON instead of a form.
    pub json: bool,
    /// An app proves itself by headers in place of OAuth's fields (MeWe): the authorize URL has no `response_type`, and the token is asked for by
    /// a GET with the code alone.
    pub app_headers: Option<AppHeaders>,
    /// Misskey's MiAuth in place of the code: people are sent to a session of our making below the authorize URL, come back with its
    /// id, and the token is asked for below the token endpoint by it alone.
    pub miauth: bool,
    /// Further fields of each request to the token endpoint (Pinterest: `continuous_refresh`).
    pub token_extra: Vec<(String, String)>,
    /// Where refresh tokens are given, where that is not the token endpoint.
    pub refresh: Option<Url>,
    /// What the access token is called where it is revoked, where that endpoint knows no other token (TikTok for Business:
    /// `access_token`).
    pub revoked: Option<String>,
    /// The code is good for a short-lived token, which is good for a long-lived one (Facebook, Threads, Instagram).
    pub long_lived: Option<Exchange>,
    /// The access token renews itself, instead of a refresh token (Threads, Instagram).
    pub renewal: Option<Renewal>,
    /// After how many seconds a token ends whose answer does not say so.
    pub lifetime_s: Option<u32>,
}

impl Dialect {
    fn is_standard(&self) -> bool {
        *self == Self::default()
    }
}

/// The headers an app's id and secret go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppHeaders {
    pub id: String,
    pub secret: String,
}

/// A GET that gives an access token for an access token, as Meta's networks have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    pub url: Url,
    /// For example `th_exchange_token`.
    pub grant_type: String,
    /// The name of the parameter that carries the token.
    pub token: String,
    /// Whether the client id goes with it.
    pub client_id: bool,
    /// Whether the client secret goes with it.
    pub client_secret: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    pub exchange: Exchange,
    /// Seconds a token must be old before it is renewed.
    pub not_before_s: u32,
}

/// An app: a client id and secret, configured or registered. Of a bot that is told a code the secret is its token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Client2 {
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// Where people sign in at an app and its bot posts ([`OAuth2::by_bot`]).
    pub bot_token: Option<Secret>,
}

impl Client2 {
    /// A bot by its token, which begins with the bot's id and a colon; none where it does not.
    #[must_use]
    pub fn of_bot(token: &str) -> Option<Self> {
        let (id, rest) = token.split_once(':')?;
        let whole = !id.is_empty() && !rest.is_empty();
        whole.then(|| Self { client_id: id.to_owned(), client_secret: Some(Secret::new(token)), bot_token: None })
    }
}

/// An OAuth 2 network.
#[async_trait]
pub trait OAuth2: Send + Sync {
    fn scopes(&self) -> &'static [Scope];

    /// Asked before leaving, when the network is made of many servers.
    fn instance(&self) -> Option<InstanceField> {
        None
    }

    /// The instance's origin from what a person typed (`https://Example.social/@ada` → `https://example.social`), or
    /// what is wrong with it.
    fn normalise_instance(&self, typed: &str) -> Result<String, String> {
        Err(format!("this network has no instances, so “{typed}” can't be used"))
    }

    /// The endpoints; asks the server only where they aren't known beforehand. `instance` is the normalised origin.
    async fn discover(&self, net: &Client, instance: Option<&str>) -> Result<Endpoints, Refusal>;

    /// The endpoints for credentials there are already.
    async fn endpoints_of(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Endpoints, Refusal> {
        let _ = credentials;
        self.discover(net, instance).await
    }

    /// Whether clients are not registered, but known by a document about them at their own address
    /// (draft-ietf-oauth-client-id-metadata-document-00, October 2025). What is asked at any server is then
    /// [`OAuth2::scopes`].
    fn by_document(&self) -> bool {
        false
    }

    /// Whether people sign in without any app: none is registered at a network, and none can be entered here.
    fn without_app(&self) -> bool {
        false
    }

    /// Registers a client at the instance, for networks with dynamic registration; none where an app must be configured.
    async fn register(
        &self,
        net: &Client,
        endpoints: &Endpoints,
        redirect_uri: &str,
    ) -> Result<Option<Client2>, Refusal> {
        let _ = (net, endpoints, redirect_uri);
        Ok(None)
    }

    /// Whether the redirect URI has a slash at its end, where a network's console takes no other.
    fn redirect_ends_in_slash(&self) -> bool {
        false
    }

    /// Whether what is published goes by the app's bot. Its token then comes with the credentials.
    fn by_bot(&self) -> bool {
        false
    }

    /// Whether every request names the app too. It then comes with the credentials.
    fn names_app(&self) -> bool {
        false
    }

    /// The token endpoint's answer by the names of RFC 6749 §5, for networks that wrap or rename its fields; with `expires_at` (RFC 3339)
    /// where a moment is told in place of `expires_in`, and the error `authorization_pending` (RFC 8628 §3.5) where it is to be asked again.
    fn token_answer(&self, answer: Answered) -> Answered {
        answer
    }

    /// What else of that answer is kept in [`Credentials::extra`]: the name there, and where it is (RFC 6901).
    fn keeps(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Whose account the tokens are for. Also the one harmless live call with the very token that will be used.
    async fn identify(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal>;
}

/// In [`Credentials::extra`]: the secret of an OAuth 1.0a token.
pub const TOKEN_SECRET: &str = "token_secret";

/// Where an OAuth 1.0a server is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuth1Endpoints {
    pub request_token: Url,
    pub authorize: Url,
    pub access_token: Url,
    /// Takes a signed POST that ends the token it was signed with.
    pub revoke: Option<Url>,
    /// Further parameters of the request for a request token.
    pub request_extra: Vec<(String, String)>,
    /// Further parameters of the authorize URL.
    pub authorize_extra: Vec<(String, String)>,
}

/// An OAuth 1.0a network (RFC 5849). Its tokens neither expire nor are renewed.
#[async_trait]
pub trait OAuth1: Send + Sync {
    fn endpoints(&self) -> Result<OAuth1Endpoints, Refusal>;

    /// Whose account the token is for. Also the one harmless live call with the very token that will be used.
    async fn identify(&self, net: &Client, signer: &Signer<'_>) -> Result<Identified, Refusal>;
}

/// How a bot is told a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// As people find it: `@crier_bot`.
    pub bot: String,
    /// Opens the bot, or a chat with it.
    pub link: Option<Url>,
    /// What a person does before they send the message, in order, in plain sentences.
    pub steps: Vec<String>,
    /// The message, with `{code}` in the code's place: `/connect {code}`.
    pub message: String,
}

/// What was said to a bot since the last time.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Codes, whoever's they are; anything else is left out.
    pub codes: Vec<SaidCode>,
    /// From where on to listen the next time; none leaves it as it was.
    pub since: Option<String>,
}

/// A code, and what speaks for the place where it was said.
#[derive(Debug, Clone)]
pub struct SaidCode {
    pub code: Secret,
    pub credentials: Credentials,
}

/// A network with a bot that is told a code, in the chat or channel that is to be connected. The bot is the app: its token is
/// the client secret, and comes with the credentials.
#[async_trait]
pub trait Dialog: Send + Sync {
    /// A bot of one's own from the network itself; none where one must be configured.
    async fn register(&self, net: &Client, redirect_uri: &str) -> Result<Option<Client2>, Refusal> {
        let _ = (net, redirect_uri);
        Ok(None)
    }

    /// What the token of a bot looks like, where people enter one ([`Client2::of_bot`]).
    fn token_example(&self) -> Option<&'static str> {
        None
    }

    /// Who the bot is. Also shows that the network takes its token.
    async fn introduce(&self, net: &Client, bot: &Client2) -> Result<Introduction, Refusal>;

    /// Waits up to `wait` for what is said to the bot after `since`; without it, for what the network has not yet given for
    /// good. Only one call at a time is made for a bot. That somebody else listens to it is [`Code::BotHeardElsewhere`].
    ///
    /// [`Code::BotHeardElsewhere`]: crier_model::Code::BotHeardElsewhere
    async fn listen(&self, net: &Client, bot: &Client2, since: Option<&str>, wait: Duration) -> Result<Heard, Refusal>;

    /// What the place is. Also the one harmless live call with the very credentials that will be used.
    async fn identify(&self, net: &Client, credentials: &Credentials) -> Result<Identified, Refusal>;

    /// Says there what it was connected to, so that nobody has it connected unawares.
    async fn greet(&self, net: &Client, credentials: &Credentials, words: &str) -> Result<(), Refusal>;
}

/// A website whose session is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// As people call it.
    pub name: &'static str,
    /// Where people sign in to it: `https://example.social`.
    pub origin: String,
    /// The exact names of the cookies that make up a session there. No other is ever asked for or taken.
    pub cookies: &'static [&'static str],
}

/// A network without an API for such as us. Its website's session speaks for an account: a browser extension hands over the
/// session's cookies once the person has agreed, and does so again day by day, as they change. Each hand-over is for one channel,
/// so that such a network has no second step.
#[async_trait]
pub trait Extension: Send + Sync {
    fn site(&self) -> Site;

    /// Whose session it is, with its cookies in [`Credentials::cookies`]. Also the one harmless live call with the very
    /// credentials that will be used.
    async fn identify(&self, net: &Client, credentials: &Credentials) -> Result<Identified, Refusal>;
}

/// One field of a credentials form.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: FieldKind,
    pub required: bool,
    pub placeholder: &'static str,
    pub help: &'static str,
    pub default: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<FieldOption>,
}

impl Field {
    /// Without a default, and with any value.
    #[must_use]
    pub fn new(
        name: &'static str,
        label: &'static str,
        kind: FieldKind,
        required: bool,
        placeholder: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, label, kind, required, placeholder, help, default: None, options: Vec::new() }
    }
}

/// What was typed into a field, without the spaces around it; empty where nothing was.
pub(crate) fn typed<'a>(values: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    values.get(name).map(|value| value.trim()).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    Password,
    Url,
    Select,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FieldOption {
    pub value: &'static str,
    pub label: &'static str,
}

/// Why a form was not taken.
#[derive(Debug, Clone)]
pub enum FormRefusal {
    /// One field is wrong; shown on the field.
    Field {
        name: &'static str,
        message: String,
        fix: String,
    },
    /// A field is to blame as the network sees it (a wrong password), with a diagnosis.
    FieldRefused {
        name: &'static str,
        refusal: Refusal,
    },
    Refused(Refusal),
}

impl From<Refusal> for FormRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A network connected by a form of credentials.
#[async_trait]
pub trait Form: Send + Sync {
    fn fields(&self) -> Vec<Field>;

    /// Whether the values say whose account it is. Where they don't, a reconnect is of the channel's own.
    fn identifies(&self) -> bool {
        true
    }

    /// Checks the values and signs in with them. Required fields are filled and trimmed when it is called.
    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal>;

    /// New credentials in place of ones that expire; none where they don't.
    async fn refresh(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Option<Credentials>, Refusal> {
        let _ = (net, instance, credentials);
        Ok(None)
    }
}

/// The outcome of a form.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The server it is an account of, as an origin; none for networks without servers.
    pub instance: Option<String>,
    pub credentials: Credentials,
    pub identified: Identified,
}

/// Where [`Credentials::extra`] keeps the account as the token endpoint names it (`sub`), and the issuer that did.
pub const SUBJECT: &str = "sub";
pub const ISSUER: &str = "iss";

/// In front of a cookie's name in [`Credentials::extra`].
const COOKIE: &str = "cookie ";

/// What speaks for an account. Serialised only to be sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub access_token: Secret,
    #[serde(default)]
    pub refresh_token: Option<Secret>,
    /// Whether the access token is good for its own successor, while it lasts ([`Dialect::renewal`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renews_itself: bool,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Granted scopes as the token endpoint told them; none when it told nothing.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Whatever else the network needs, for example a private key or a server's address.
    #[serde(default)]
    pub extra: BTreeMap<String, Secret>,
    /// The app that got them, where every request needs it too (a signature, a bot). Never kept with them: whoever hands
    /// them out adds it.
    #[serde(default, skip_serializing)]
    pub app: Option<Client2>,
}

impl Credentials {
    /// Whether they can be renewed without a person.
    #[must_use]
    pub fn renews(&self) -> bool {
        self.refresh_token.is_some() || self.renews_itself
    }

    /// A session at a website, by its cookies.
    #[must_use]
    pub fn of_cookies(cookies: impl IntoIterator<Item = (String, Secret)>) -> Self {
        let extra = cookies.into_iter().map(|(name, value)| (format!("{COOKIE}{name}"), value)).collect();
        Self { extra, ..Self::default() }
    }

    /// The value of a `Cookie` header that carries the session; none where they are no session's.
    #[must_use]
    pub fn cookies(&self) -> Option<String> {
        let pair =
            |(name, value): (&String, &Secret)| Some(format!("{}={}", name.strip_prefix(COOKIE)?, value.expose()));
        let pairs: Vec<_> = self.extra.iter().filter_map(pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// New ones the network gave in place of these, with what it left out kept.
    #[must_use]
    pub fn replaced_by(&self, new: Self) -> Self {
        let mut extra = self.extra.clone();
        extra.extend(new.extra);
        Self {
            access_token: new.access_token,
            refresh_token: new.refresh_token.filter(|token| !token.is_empty()).or_else(|| self.refresh_token.clone()),
            renews_itself: new.renews_itself,
            expires_at: new.expires_at,
            scopes: new.scopes.or_else(|| self.scopes.clone()),
            extra,
            app: new.app.or_else(|| self.app.clone()),
        }
    }

    /// The text without any of these credentials in it, for what a server repeats of a request.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let app = self.app.iter().flat_map(|app| [app.client_secret.as_ref(), app.bot_token.as_ref()]);
        let all = [Some(&self.access_token), self.refresh_token.as_ref()].into_iter().chain(app).flatten();
        let all = all.chain(self.extra.values());
        // Short values are words rather than secrets, and replacing them would tell more than it hides.
        all.map(Secret::expose)
            .filter(|secret| secret.len() >= 6)
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

/// Whose the credentials are and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identified {
    pub identity: Identity,
    /// Granted scopes by their names in [`OAuth2::scopes`], where the network tells them in another way than by the
    /// token answer; none leaves the token answer's.
    #[serde(default)]
    pub granted: Option<Vec<String>>,
    #[serde(default)]
    pub facts: Facts,
}

/// Fresh credentials for a channel: refreshed ahead of expiry, once over all nodes. Implemented by the handshake,
/// used by the engine.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Credentials that are good now. `refused` says that the network has just refused the ones given before, so that
    /// they are renewed whatever their expiry says.
    async fn fresh(&self, channel: crier_model::ChannelId, refused: bool) -> Result<Credentials, Refusal>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_what_a_browser_would_send() {
        let session = [("b".to_owned(), Secret::from("two")), ("a".to_owned(), Secret::from("one"))];
        assert_eq!(Credentials::of_cookies(session).cookies().as_deref(), Some("a=one; b=two"));
        let token = Credentials { extra: [("sub".to_owned(), Secret::from("x"))].into(), ..Credentials::default() };
        assert_eq!(token.cookies(), None);
    }

    #[test]
    fn what_the_network_leaves_out_is_kept() {
        let old = Credentials {
            access_token: "old".into(),
            refresh_token: Some("refresh".into()),
            scopes: Some(vec!["write".to_owned()]),
            extra: [("pds".to_owned(), Secret::from("a"))].into(),
            ..Credentials::default()
        };
        let new = Credentials { access_token: "new".into(), refresh_token: Some("".into()), ..Credentials::default() };
        let all = old.replaced_by(new);
        assert_eq!(all.access_token.expose(), "new");
        assert_eq!((all.refresh_token, all.scopes, all.extra), (old.refresh_token, old.scopes, old.extra));
    }
}
