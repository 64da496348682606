//! Which proxy a request takes, and how to ask it for a way through.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Service, ServiceExt};
use url::Url;

use crate::config::{ConfigError, NoProxy, ProxyConfig};
use crate::dial::{DialError, Io, Target};
use crate::failure::{FailureKind, Stage};

/// Longest head of a proxy's answer to CONNECT.
const HEAD_LIMIT: usize = 16 * 1024;

/// The proxies in force.
#[derive(Clone)]
pub(crate) struct Proxies {
    matcher: Option<Arc<Matcher>>,
}

impl Proxies {
    /// The proxies of `config`; `direct` are called without any.
    pub(crate) fn new(config: &ProxyConfig, direct: &[NoProxy]) -> Result<Self, ConfigError> {
        let direct = direct.iter().map(NoProxy::as_str).collect::<Vec<_>>().join(",");
        let matcher = match config {
            ProxyConfig::None => None,
            ProxyConfig::Address(url) => {
                check_address("proxy", url)?;
                Some(Matcher::builder().all(url.as_str()).no(direct).build())
            }
            ProxyConfig::Environment => environment(|name| std::env::var(name).ok(), &direct)?,
        };
        Ok(Self { matcher: matcher.map(Arc::new) })
    }

    /// The proxy for this target, if it takes one.
    pub(crate) fn towards(&self, target: &Target) -> Option<Proxy> {
        let intercept = self.matcher.as_ref()?.intercept(&target.http_uri()?)?;
        Proxy::of(&intercept)
    }
}

/// Reads the usual variables, each in upper and in lower case. A value that is no proxy address is an error: going out directly
/// instead, unnoticed, would be worse than not starting.
fn environment(variable: impl Fn(&str) -> Option<String>, direct: &str) -> Result<Option<Matcher>, ConfigError> {
    let first = |name: &str| -> Option<(String, String)> {
        [name.to_owned(), name.to_lowercase()]
            .into_iter()
            .find_map(|name| Some((variable(&name).filter(|value| !value.is_empty())?, name)))
    };
    let address = |name: &str| -> Result<Option<String>, ConfigError> {
        let Some((value, name)) = first(name) else {
            return Ok(None);
        };
        check_address(&name, &value)?;
        Ok(Some(value))
    };
    // A web server hands a request's `Proxy:` header to CGI programs as HTTP_PROXY (httpoxy): there, it isn't the operator's word.
    let http = if variable("REQUEST_METHOD").is_some() { None } else { address("HTTP_PROXY")? };
    let https = address("HTTPS_PROXY")?;
    let all = address("ALL_PROXY")?;
    if http.is_none() && https.is_none() && all.is_none() {
        return Ok(None);
    }
    let mut builder = Matcher::builder();
    if let Some(url) = all {
        builder = builder.all(url);
    }
    if let Some(url) = http {
        builder = builder.http(url);
    }
    if let Some(url) = https {
        builder = builder.https(url);
    }
    let (except, _) = first("NO_PROXY").unwrap_or_default();
    Ok(Some(builder.no(format!("{except},{direct}")).build()))
}

/// Checks that a setting holds a proxy's address. One without scheme (`proxy.lan:3128`) is taken for `http://`.
pub(crate) fn check_address(setting: &str, given: &str) -> Result<(), ConfigError> {
    let refused = || ConfigError::Proxy { setting: setting.to_owned(), given: crate::redact(given) };
    let full = if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
    let url = Url::parse(&full).map_err(|_| refused())?;
    let known = matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h");
    // The matcher reads it as an `http::Uri` and would pass over one it can't read.
    let readable = given.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some());
    if known && url.has_host() && readable { Ok(()) } else { Err(refused()) }
}

/// One proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) kind: ProxyKind,
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
    uri: Uri,
}

#[derive(Clone)]
pub(crate) enum ProxyKind {
    /// HTTP, itself reached over TLS or not, with its `Proxy-Authorization`.
    Http { tls: bool, authorization: Option<HeaderValue> },
    /// SOCKS 5, names resolved by the proxy.
    Socks { login: Option<(String, String)> },
}

impl Proxy {
    fn of(intercept: &Intercept) -> Option<Self> {
        let uri = intercept.uri().clone();
        let (kind, port) = match uri.scheme_str()? {
            "http" | "https" => {
                let tls = uri.scheme_str() == Some("https");
                let authorization = intercept.basic_auth().cloned();
                (ProxyKind::Http { tls, authorization }, if tls { 443 } else { 80 })
            }
            _ => {
                let login = intercept.raw_auth().map(|(name, password)| (name.to_owned(), password.to_owned()));
                (ProxyKind::Socks { login }, 1080)
            }
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(port);
        Some(Self { kind, host, port, uri })
    }

    /// The `Proxy-Authorization` of a request the proxy forwards itself.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        match &self.kind {
            ProxyKind::Http { authorization, .. } => authorization.as_ref(),
            ProxyKind::Socks { .. } => None,
        }
    }

    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn failed(&self, kind: FailureKind, what: &str) -> DialError {
        DialError::new(Stage::Proxy, kind, format!("the proxy {} {what}", self.place()))
    }

    /// Asks for a tunnel with CONNECT (RFC 9110, 9.3.6).
    pub(crate) async fn tunnel(
        &self,
        io: &mut Box<dyn Io>,
        target: &Target,
        user_agent: &HeaderValue,
    ) -> Result<(), DialError> {
        let place = target.authority();
        let mut head = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: ").into_bytes();
        head.extend_from_slice(user_agent.as_bytes());
        if let Some(authorization) = self.authorization() {
            head.extend_from_slice(b"\r\nProxy-Authorization: ");
            head.extend_from_slice(authorization.as_bytes());
        }
        head.extend_from_slice(b"\r\n\r\n");
        let broken = |error: std::io::Error| {
            self.failed(FailureKind::ProxyOther, &format!("broke off when asked for {place}: {error}"))
        };
        io.write_all(&head).await.map_err(broken)?;
        io.flush().await.map_err(broken)?;
        let status = self.read_status(io, &place).await?;
        if matches!(status, 200..=299) {
            return Ok(());
        }
        let mut error = self.failed(refusal_kind(status), &format!("answered {status} when asked for {place}"));
        error.status = Some(status);
        Err(error)
    }

    async fn read_status(&self, io: &mut Box<dyn Io>, place: &str) -> Result<u16, DialError> {
        let mut head = Vec::with_capacity(512);
        // One byte at a time: what follows the head belongs to the host behind the proxy. It is a few hundred bytes, once a connection.
        while !head.ends_with(b"\r\n\r\n") {
            match io.read_u8().await {
                Ok(byte) if head.len() < HEAD_LIMIT => head.push(byte),
                Ok(_) => {
                    return Err(self.failed(FailureKind::ProxyOther, "answered with an endless head"));
                }
                Err(error) => {
                    let what = format!("broke off when asked for {place}: {error}");
                    return Err(self.failed(FailureKind::ProxyOther, &what));
                }
            }
        }
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut answer = httparse::Response::new(&mut headers);
        match answer.parse(&head) {
            Ok(_) => answer.code.ok_or("no status".to_owned()),
            Err(error) => Err(error.to_string()),
        }
        .map_err(|what| {
            let what = format!("doesn't speak HTTP: {what}");
            self.failed(FailureKind::ProxyOther, &what)
        })
    }

    /// Asks for a tunnel over SOCKS 5 (RFC 1928, RFC 1929).
    pub(crate) async fn socks(
        &self,
        io: Box<dyn Io>,
        target: &Target,
        login: Option<(String, String)>,
    ) -> Result<Box<dyn Io>, DialError> {
        let uri =
            target.http_uri().ok_or_else(|| self.failed(FailureKind::ProxyOther, "can't be told this address"))?;
        let mut given = Some(TokioIo::new(io));
        let connected = tower::service_fn(move |_proxy: Uri| {
            let io = given.take().ok_or(std::io::ErrorKind::NotConnected);
            async move { io.map_err(std::io::Error::from) }
        });
        let mut service = SocksV5::new(self.uri.clone(), connected);
        if let Some((name, password)) = login {
            service = service.with_auth(name, password);
        }
        let outcome = match service.ready().await {
            Ok(service) => service.call(uri).await,
            Err(error) => Err(error),
        };
        outcome.map(TokioIo::into_inner).map_err(|error| {
            self.failed(socks_kind(&error), &format!("doesn't open a way to {}: {error}", target.authority()))
        })
    }
}

/// What a proxy means by a status of its own. Tinyproxy says 401 to a name and password it doesn't know.
pub(crate) fn refusal_kind(status: u16) -> FailureKind {
    match status {
        401 | 407 => FailureKind::ProxyAuth,
        400..=499 => FailureKind::ProxyRefused,
        _ => FailureKind::ProxyOther,
    }
}

/// Whether an answer that came through a forwarding proxy is the proxy's own: 407 always is; others by the field that the standard
/// has for it (RFC 9209, 2.3), and by what squid and tinyproxy write instead.
pub(crate) fn is_its_own(status: StatusCode, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    status == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        || text("proxy-status").contains("error=")
        || headers.contains_key("x-squid-error")
        || text("server").starts_with("tinyproxy/")
}

/// hyper-util keeps the type of this error to itself; its words name the cause.
fn socks_kind(error: &dyn std::error::Error) -> FailureKind {
    let words = format!("{error} {error:?}");
    if words.contains("Auth") || words.contains("auth") {
        FailureKind::ProxyAuth
    } else if words.contains("ConnectionNotAllowed") || words.contains("not allowed") {
        FailureKind::ProxyRefused
    } else {
        FailureKind::ProxyOther
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from<'a>(variables: &'a [(&'a str, &'a str)]) -> Result<Proxies, ConfigError> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name)?;
            Some(found.1.to_owned())
        };
        let matcher = environment(variable, "never.test")?;
        Ok(Proxies { matcher: matcher.map(Arc::new) })
    }

    fn way(proxies: &Proxies, url: &str) -> Option<String> {
        let target = Target::of(&url.parse().unwrap()).unwrap();
        proxies.towards(&target).map(|proxy| proxy.place())
    }

    #[test]
    fn reads_the_environment() {
        let proxies = from(&[
            ("HTTPS_PROXY", "http://u:p@secure.test:3128"),
            ("http_proxy", "plain.test:8080"),
            ("NO_PROXY", "direct.test,10.0.0.0/8"),
        ])
        .unwrap();
        assert_eq!(way(&proxies, "https://a.test/").as_deref(), Some("secure.test:3128"));
        assert_eq!(way(&proxies, "wss://a.test/").as_deref(), Some("secure.test:3128"));
        assert_eq!(way(&proxies, "http://a.test/").as_deref(), Some("plain.test:8080"));
        assert_eq!(way(&proxies, "https://x.direct.test/"), None);
        assert_eq!(way(&proxies, "http://10.1.1.1/"), None);
        assert_eq!(way(&proxies, "http://never.test/"), None);
        assert_eq!(way(&from(&[]).unwrap(), "https://a.test/"), None);
    }

    #[test]
    fn hosts_are_excepted_in_each_of_the_usual_ways() {
        let direct: Vec<NoProxy> =
            ["nas.lan", ".corp.example", "*.lab.example", "10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]
                .map(|text| text.parse().unwrap())
                .to_vec();
        let proxies = Proxies::new(&ProxyConfig::Address("http://proxy.test:3128".to_owned()), &direct).unwrap();
        for url in [
            "https://nas.lan/",
            "https://a.NAS.lan/",
            "https://a.corp.example/",
            "wss://a.lab.example/",
            "http://10.9.8.7/",
            "http://192.0.2.1/",
            "http://[2001:db8::7]/",
        ] {
            assert_eq!(way(&proxies, url), None, "{url}");
        }
        for url in ["https://evilnas.lan/", "https://lab.example.org/", "http://192.0.2.2/"] {
            assert_eq!(way(&proxies, url).as_deref(), Some("proxy.test:3128"), "{url}");
        }
        let all = Proxies::new(&ProxyConfig::Address("http://proxy.test:3128".to_owned()), &["*".parse().unwrap()]);
        assert_eq!(way(&all.unwrap(), "https://a.test/"), None);
        for text in ["", "http://nas.lan", "nas.lan:80", "a b", "10.0.0.0/99", "*lan", "[::1]"] {
            assert!(text.parse::<NoProxy>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_proxy_and_keeps_the_password_to_itself() {
        for value in ["ftp://proxy.test", "http://", "not a url", "http://user:hunter2@pro xy.test"] {
            let error = from(&[("https_proxy", value)]).err().unwrap().to_string();
            assert!(error.contains("https_proxy"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn http_proxy_is_not_believed_under_cgi() {
        let proxies = from(&[("HTTP_PROXY", "http://evil.test"), ("REQUEST_METHOD", "GET")]).unwrap();
        assert_eq!(way(&proxies, "http://a.test/"), None);
    }
}
