//! OAuth 1.0a (RFC 5849, April 2010): requests signed with HMAC-SHA1, in the `Authorization` header.

use crate::{
    Credentials, Detail, Refusal,
    connect::{Client2, TOKEN_SECRET},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use crier_model::{Code, Secret, Timestamp};
use crier_net::{Client, Method, Request};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rand::Rng;
use sha1::Sha1;
use url::Url;

/// All but the unreserved characters (RFC 5849 §3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

type Pair<'a> = (&'a str, &'a str);

/// Signs requests as an app, and on behalf of an account once there is a token.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "holds secrets")]
pub struct Signer<'a> {
    key: &'a str,
    secret: &'a str,
    token: Option<Pair<'a>>,
    now: Timestamp,
}

impl<'a> Signer<'a> {
    /// As the app alone; without a secret it signs with an empty one.
    #[must_use]
    pub fn app(client: &'a Client2, now: Timestamp) -> Self {
        let secret = client.client_secret.as_ref().map_or("", |secret| secret.expose());
        Self { key: &client.client_id, secret, token: None, now }
    }

    /// On behalf of an account.
    ///
    /// # Errors
    /// When the credentials are not of this kind, or come without their app.
    pub fn account(credentials: &'a Credentials, now: Timestamp) -> Result<Self, Refusal> {
        let lacks = |code, what: &str| Refusal::Auth(Detail::new(format!("{what} is missing")).diagnosed(code));
        let app = credentials.app.as_ref().ok_or_else(|| lacks(Code::ClientNotConfigured, "the app's key"))?;
        let secret = credentials.extra.get(TOKEN_SECRET);
        let secret = secret.ok_or_else(|| lacks(Code::CredentialsWrong, "the token's secret"))?;
        Ok(Self::app(app, now).with(credentials.access_token.expose(), secret.expose()))
    }

    /// What it signs with, for requests that are signed as they are sent.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        let (token, secret) = self.token.unwrap_or_default();
        let app =
            Client2 { client_id: self.key.to_owned(), client_secret: Some(Secret::new(self.secret)), bot_token: None };
        Credentials {
            access_token: token.into(),
            extra: [(TOKEN_SECRET.to_owned(), secret.into())].into(),
            app: Some(app),
            ..Credentials::default()
        }
    }

    /// With a token and its secret.
    #[must_use]
    pub fn with(self, token: &'a str, secret: &'a str) -> Self {
        Self { token: Some((token, secret)), ..self }
    }

    /// A signed GET; the query belongs into `url`.
    pub fn get(&self, net: &Client, url: &Url) -> Request {
        net.get(url).secret_header("authorization", self.header(&Method::GET, url, &[], &[]))
    }

    /// A signed POST of a form. `oauth` are further parameters of the protocol, such as `oauth_verifier`.
    pub fn post(&self, net: &Client, url: &Url, form: &[Pair<'_>], oauth: &[Pair<'_>]) -> Request {
        let request = net.post(url).secret_header("authorization", self.header(&Method::POST, url, form, oauth));
        if form.is_empty() { request } else { request.form(form) }
    }

    /// The `Authorization` header of a request, whose body counts only when it is a form (§3.4.1.3.1).
    #[must_use]
    pub fn header(&self, method: &Method, url: &Url, form: &[Pair<'_>], oauth: &[Pair<'_>]) -> String {
        // Some servers take no nonce longer than thirty characters.
        let mut nonce = [0_u8; 12];
        rand::rng().fill_bytes(&mut nonce);
        self.header_with(&hex::encode(nonce), method, url, form, oauth)
    }

    fn header_with(&self, nonce: &str, method: &Method, url: &Url, form: &[Pair<'_>], oauth: &[Pair<'_>]) -> String {
        let timestamp = self.now.as_second().to_string();
        let mut protocol = vec![
            ("oauth_consumer_key", self.key),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
        ];
        protocol.extend(self.token.map(|(token, _)| ("oauth_token", token)));
        protocol.extend(oauth);
        let base = base_string(method, url, &[form, &protocol].concat());
        let signature = self.signature(&base);
        protocol.push(("oauth_signature", &signature));
        let fields: Vec<_> = protocol.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
        format!("OAuth {}", fields.join(", "))
    }

    /// §3.4.2.
    fn signature(&self, base: &str) -> String {
        let key = format!("{}&{}", encode(self.secret), encode(self.token.map_or("", |(_, secret)| secret)));
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else {
            unreachable!("HMAC takes a key of any length")
        };
        mac.update(base.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

/// Whether requests are signed with these credentials.
pub(crate) fn signs(credentials: &Credentials) -> bool {
    credentials.extra.contains_key(TOKEN_SECRET)
}

/// A request of an account, signed in place of the token it carries. Its body is no form: the fields of one would be signed too.
///
/// # Errors
/// As [`Signer::account`].
pub(crate) fn sign(request: Request, credentials: &Credentials, now: Timestamp) -> Result<Request, Refusal> {
    let signer = Signer::account(credentials, now)?;
    let header = request.target().and_then(|(method, url)| {
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        Some(signer.header(&method, url, &[], &[]))
    });
    Ok(match header {
        // The signature names the address, so that a redirect would need another one.
        Some(header) => request.no_redirects().secret_header("authorization", header),
        // What is wrong with it comes out when it is sent.
        None => request,
    })
}

/// §3.4.1: what is signed. `parameters` are those of the protocol and of the form; the query's are taken from the address.
fn base_string(method: &Method, url: &Url, parameters: &[Pair<'_>]) -> String {
    let query = url.query_pairs();
    let mut all: Vec<(String, String)> = query.map(|(name, value)| (encode(&name), encode(&value))).collect();
    all.extend(parameters.iter().map(|(name, value)| (encode(name), encode(value))));
    all.sort_unstable();
    let joined: Vec<_> = all.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let place = format!("{}{}", url.origin().ascii_serialization(), url.path());
    format!("{method}&{}&{}", encode(&place), encode(&joined.join("&")))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(key: &str, secret: &str) -> Client2 {
        Client2 { client_id: key.to_owned(), client_secret: Some(Secret::new(secret)), bot_token: None }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn signature(header: &str) -> String {
        let (_, rest) = header.split_once("oauth_signature=\"").unwrap();
        let encoded = rest.split('"').next().unwrap();
        percent_encoding::percent_decode_str(encoded).decode_utf8().unwrap().into_owned()
    }

    #[test]
    fn the_base_string_is_that_of_the_rfc() {
        // RFC 5849 §3.4.1.1.
        let url = "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b".parse().unwrap();
        let parameters = [
            ("c2", ""),
            ("a3", "2 q"),
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26\
            c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26\
            oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
        assert_eq!(base_string(&Method::POST, &url, &parameters), expected);
    }

    #[test]
    fn the_signatures_of_the_rfcs_example_come_out() {
        // RFC 5849 §1.2: the three requests of printer.example.com.
        let printer = client("dpf43f3p2l4k3l03", "kd94hf93k423kf44");
        let url = |path: &str, scheme: &str| format!("{scheme}://photos.example.net{path}").parse::<Url>().unwrap();
        let callback = [("oauth_callback", "http://printer.example.com/ready")];
        let signer = Signer::app(&printer, at(137_131_200));
        let header = signer.header_with("wIjqoS", &Method::POST, &url("/initiate", "https"), &[], &callback);
        assert_eq!(signature(&header), "74KNZJeDHnMBp0EMJ9ZHt/XKycU=");

        let verifier = [("oauth_verifier", "hfdp7dh39dks9884")];
        let signer = Signer::app(&printer, at(137_131_201)).with("hh5s93j4hdidpola", "hdhd0244k9j7ao03");
        let header = signer.header_with("walatlh", &Method::POST, &url("/token", "https"), &[], &verifier);
        assert_eq!(signature(&header), "gKgrFCywp7rO0OXSjdot/IHF7IU=");

        let signer = Signer::app(&printer, at(137_131_202)).with("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00");
        let photo = url("/photos?file=vacation.jpg&size=original", "http");
        let header = signer.header_with("chapoH", &Method::GET, &photo, &[], &[]);
        assert_eq!(signature(&header), "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
    }

    #[test]
    fn the_signature_of_xs_documentation_comes_out() {
        // docs.x.com, “Creating a signature”, read 2026-11-25; its example has `oauth_version`.
        let x = client("xvz1evFS4wEEPTGEFPHBog", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw");
        let signer = Signer::app(&x, at(1_318_622_958))
            .with("370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE");
        let url = "https://api.x.com/1.1/statuses/update.json?include_entities=true".parse().unwrap();
        let form = [("status", "Hello Ladies + Gentlemen, a signed OAuth request!")];
        let nonce = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg";
        let header = signer.header_with(nonce, &Method::POST, &url, &form, &[("oauth_version", "1.0")]);
        assert_eq!(signature(&header), "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=");
        assert!(!header.contains("status"), "{header}");
    }

    #[test]
    fn an_account_signs_only_with_everything_it_needs() {
        let whole = Credentials {
            access_token: "token".into(),
            extra: [(TOKEN_SECRET.to_owned(), Secret::from("s"))].into(),
            app: Some(client("key", "secret")),
            ..Credentials::default()
        };
        assert!(Signer::account(&whole, at(0)).is_ok());
        let without_app = Credentials { app: None, ..whole.clone() };
        let refused = Signer::account(&without_app, at(0)).err().and_then(|refusal| refusal.detail().diagnosis);
        assert_eq!(refused, Some(Code::ClientNotConfigured));
        let without_secret = Credentials { extra: Default::default(), ..whole };
        let refused = Signer::account(&without_secret, at(0)).err().and_then(|refusal| refusal.detail().diagnosis);
        assert_eq!(refused, Some(Code::CredentialsWrong));
    }

    #[test]
    fn a_request_that_carries_a_token_is_signed_in_its_place() {
        let credentials = Credentials {
            access_token: "the-token".into(),
            extra: [(TOKEN_SECRET.to_owned(), Secret::from("s"))].into(),
            app: Some(client("key", "secret")),
            ..Credentials::default()
        };
        crier_net::install_crypto_provider();
        let net = Client::new(crier_net::Config::default()).unwrap();
        let url: Url = "https://api.x.com/2/tweets?ids=1,2".parse().unwrap();
        let request = || net.get(&url).bearer("the-token");
        let signer = Signer::account(&credentials, at(7)).unwrap();
        assert!(signs(&credentials) && !signs(&Credentials::default()));
        assert!(sign(request(), &credentials, at(7)).is_ok_and(|signed| signed.carries("authorization")));
        let header = signer.header_with("n", &Method::GET, &url, &[], &[]);
        assert!(header.starts_with("OAuth ") && header.contains("oauth_token=\"the-token\""), "{header}");
        let alone = Credentials { app: None, ..credentials };
        assert!(sign(request(), &alone, at(7)).is_err());
    }
}
