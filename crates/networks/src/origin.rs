//! The origin of a server from what a person typed.

use url::{Host, Url};

/// Reads a host, an address or an account (`@ada@example.social`). Without encryption only this machine is spoken to.
///
/// # Errors
/// What is wrong with it, and what to enter instead.
pub(crate) fn normalise(typed: &str, example: &str) -> Result<String, String> {
    let typed = typed.trim().trim_end_matches('/');
    if typed.is_empty() {
        return Err(format!("enter a server, for example {example}"));
    }
    let (scheme, rest) = match typed.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        // An account: what counts is behind the last @.
        None => (None, typed.rsplit('@').next().unwrap_or(typed)),
    };
    if rest.is_empty() {
        return Err(format!("“{typed}” has no server in it; enter one like {example}"));
    }
    let unreadable = || format!("“{typed}” is no server's address; enter one like {example}");
    let guess = Url::parse(&format!("https://{rest}")).map_err(|_| unreadable())?;
    let loopback = match guess.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(unreadable()),
    };
    let scheme = match scheme.as_deref() {
        Some("http") | None if loopback => "http",
        Some("http") => return Err(format!("“{typed}” is not encrypted; use https://{rest}")),
        Some("https") | None => "https",
        Some(other) => return Err(format!("“{other}” is no address of a server; enter one like {example}")),
    };
    let has_dot = guess.host_str().is_some_and(|host| host.trim_end_matches('.').contains('.'));
    if !has_dot && !loopback && !matches!(guess.host(), Some(Host::Ipv6(_))) {
        return Err(format!("“{typed}” is incomplete; enter the whole name, for example {example}"));
    }
    let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| unreadable())?;
    Ok(url.origin().ascii_serialization())
}

/// The address of a site that may be in a folder of its host, without a slash at its end; `dropped` are endings that people
/// copy along from their browser.
///
/// # Errors
/// What is wrong with it, and what to enter instead.
pub(crate) fn site(typed: &str, example: &str, dropped: &[&str]) -> Result<String, String> {
    let origin = normalise(typed, example)?;
    let typed = typed.trim();
    let rest = typed.split_once("://").map_or(typed, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
    let begun = |ending: &&str| *path == **ending || path.ends_with(&format!("/{ending}"));
    let path = match dropped.iter().find(|ending| begun(ending)) {
        Some(ending) => path[..path.len() - ending.len()].trim_end_matches('/'),
        None => path,
    };
    Ok(if path.is_empty() { origin } else { format!("{origin}/{path}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_in_folders_keep_them() {
        for (typed, wanted) in [
            ("Blog.example", "https://blog.example"),
            ("https://example.org/blog/", "https://example.org/blog"),
            ("https://example.org/blog/ghost/#/settings", "https://example.org/blog"),
            ("example.org/ghost", "https://example.org"),
            ("https://example.org/aghost", "https://example.org/aghost"),
            ("http://localhost:2368/?x=1", "http://localhost:2368"),
        ] {
            assert_eq!(site(typed, "blog.example", &["ghost"]), Ok(wanted.to_owned()), "{typed}");
        }
        assert!(site("http://example.org/blog", "blog.example", &[]).is_err());
    }

    #[test]
    fn servers_are_read_from_whatever_people_type() {
        for (typed, wanted) in [
            ("Mastodon.Social", "https://mastodon.social"),
            (" https://Example.social/@ada ", "https://example.social"),
            ("@ada@example.social", "https://example.social"),
            ("ada@example.social", "https://example.social"),
            ("https://example.social:8443/", "https://example.social:8443"),
            ("https://example.social:443", "https://example.social"),
            ("bücher.example", "https://xn--bcher-kva.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("localhost:3000", "http://localhost:3000"),
            ("@ada@127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("https://localhost:3000", "https://localhost:3000"),
            ("http://[::1]:3000/x", "http://[::1]:3000"),
        ] {
            assert_eq!(normalise(typed, "example.social"), Ok(wanted.to_owned()), "{typed}");
        }
        for typed in ["", "@", "ada", "http://example.social", "ftp://example.social", "https://", "a b.c", "mastodon"]
        {
            assert!(normalise(typed, "example.social").is_err(), "{typed}: {:?}", normalise(typed, "example.social"));
        }
    }
}
