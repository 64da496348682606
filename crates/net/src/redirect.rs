//! Following redirects without taking secrets along.

use http::{HeaderMap, HeaderName, header};
use url::Url;

/// Redirects followed before giving up.
pub(crate) const LIMIT: usize = 5;

/// Whether a status sends elsewhere (RFC 9110, 15.4).
pub(crate) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The address a redirect leads to. The error is a sentence.
pub(crate) fn destination(from: &Url, location: &str) -> Result<Url, String> {
    let mut to = from.join(location).map_err(|error| format!("redirects to an address that can't be read: {error}"))?;
    if !matches!(to.scheme(), "http" | "https") {
        return Err(format!("redirects to a {}: address", to.scheme()));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(format!("redirects from https to http ({})", to.host_str().unwrap_or_default()));
    }
    // A name and password in a redirect are the redirecting host's idea, not ours. Addresses with a host can always be rid of them.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    Ok(to)
}

/// Removes what is meant for the first host only: `Authorization`, cookies, and every header marked as secret.
pub(crate) fn drop_secrets(headers: &mut HeaderMap, from: &Url, to: &Url) {
    if from.origin() == to.origin() {
        return;
    }
    let secret: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| {
            value.is_sensitive()
                || matches!(**name, header::AUTHORIZATION | header::COOKIE | header::PROXY_AUTHORIZATION)
        })
        .map(|(name, _)| name.clone())
        .collect();
    for name in secret {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn resolves_and_refuses() {
        let from = url("https://a.test/x/y?z=1");
        assert_eq!(destination(&from, "../w").unwrap(), url("https://a.test/w"));
        assert_eq!(destination(&from, "//b.test").unwrap(), url("https://b.test/"));
        assert_eq!(destination(&from, "https://u:p@b.test/").unwrap(), url("https://b.test/"));
        assert!(destination(&from, "http://a.test/").is_err());
        assert!(destination(&from, "file:///etc/passwd").is_err());
        assert!(destination(&from, "https://[").is_err());
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer x"));
        headers.insert("cookie", HeaderValue::from_static("a=b"));
        let mut key = HeaderValue::from_static("k");
        key.set_sensitive(true);
        headers.insert("x-api-key", key);
        headers.insert("accept", HeaderValue::from_static("*/*"));
        let mut same = headers.clone();
        drop_secrets(&mut same, &url("https://a.test/1"), &url("https://a.test/2"));
        assert_eq!(same.len(), 4);
        for to in ["https://b.test/", "https://a.test:8443/", "http://a.test/"] {
            let mut other = headers.clone();
            drop_secrets(&mut other, &url("https://a.test/1"), &url(to));
            assert_eq!(other.keys().collect::<Vec<_>>(), ["accept"], "{to}");
        }
    }
}
