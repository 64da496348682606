//! The frame of every page, and the pages that say what went wrong.

use axum::Extension;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use maud::{DOCTYPE, Markup, html};
use url::{Url, form_urlencoded};

use crate::gate::Outcome;
use crate::pages::viewer::Viewer;
use crate::secrets::NoRandomness;
use crate::state::NotSaved;

/// A whole page.
pub(crate) fn page(viewer: &Viewer, title: &str, body: &Markup) -> Response {
    framed(viewer, title, &html! { h1 { (title) } (body) })
}

/// A whole page whose body brings its own heading.
pub(crate) fn framed(viewer: &Viewer, title: &str, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – Playground" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/playground.css";
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (header(viewer))
                main #main { (body) }
                footer.foot {
                    p { "Playground is a small social network to try things on. Nothing here leaves this machine." }
                }
            }
        }
    };
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (headers, Html(page.into_string())).into_response()
}

fn header(viewer: &Viewer) -> Markup {
    html! {
        header.top {
            div.bar {
                a.brand href="/" { span.mark aria-hidden="true" {} "Playground" }
                nav aria-label="Pages" {
                    a href="/" { "Timeline" }
                    a href="/pages" { "Pages" }
                    a href="/apps" { "Apps" }
                    a href="/faults" {
                        "Faults"
                        @if viewer.faults_on > 0 {
                            span.count { (viewer.faults_on) span.hidden { " switched on" } }
                        }
                    }
                }
                div.who {
                    @if let Some(account) = viewer.account() {
                        a.me href={ "/@" (account.handle) } {
                            img src={ "/avatar/" (account.id) } alt="" width="28" height="28";
                            span { "@" (account.handle) }
                        }
                        form method="post" action="/sign-out" { button.quiet type="submit" { "Sign out" } }
                    } @else {
                        a.button.quiet href="/sign-in" { "Sign in" }
                    }
                }
            }
        }
    }
}

/// What a page may load, and where its forms may lead.
///
/// Browsers apply `form-action` to redirects after a form as well, so that the consent page has to name
/// the app's address, `leads_to`.
pub(crate) fn content_policy(leads_to: Option<&str>) -> HeaderValue {
    let beyond = leads_to
        .and_then(|address| Url::parse(address).ok())
        .map(|url| match url.scheme() {
            "http" | "https" => url.origin().ascii_serialization(),
            scheme => format!("{scheme}:"),
        })
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
         form-action 'self' {beyond}; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'; style-src 'self'"))
}

/// `back` if it is a path on this site, else the timeline.
pub(crate) fn local(back: Option<&str>) -> String {
    back.filter(|path| {
        path.starts_with('/') && !path.starts_with("//") && !path.contains(|c: char| c == '\\' || c.is_control())
    })
    .unwrap_or("/")
    .to_owned()
}

/// The sign-in page that leads back to `path`.
pub(crate) fn sign_in_link(path: &str) -> String {
    with_return("/sign-in", path)
}

pub(crate) fn with_return(page: &str, path: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", path).finish();
    format!("{page}?{query}")
}

/// Back to a page after a form.
pub(crate) fn back(path: &str) -> Response {
    Redirect::to(path).into_response()
}

pub(crate) async fn not_found(Extension(viewer): Extension<Viewer>) -> Response {
    Failure::new(
        StatusCode::NOT_FOUND,
        "There is nothing here",
        "The address may be mistyped, or what was here has been deleted.".to_owned(),
    )
    .seen_by(&viewer)
}

/// A page that says what went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    title: &'static str,
    text: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, title: &'static str, text: String) -> Self {
        Failure { status, title, text }
    }

    pub(crate) fn gone(text: &str) -> Self {
        Self::new(StatusCode::GONE, "Too late for that", text.to_owned())
    }

    pub(crate) fn seen_by(self, viewer: &Viewer) -> Response {
        let body = html! {
            p { (self.text) }
            p { a href="/" { "Go to the timeline" } }
        };
        let mut response = page(viewer, self.title, &body);
        *response.status_mut() = self.status;
        response.extensions_mut().insert(Outcome(self.status.as_str().to_owned()));
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.seen_by(&Viewer::default())
    }
}

impl From<NotSaved> for Failure {
    fn from(error: NotSaved) -> Self {
        tracing::error!(%error, "a page failed");
        Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "That could not be saved",
            "The log of the server says why. Try again.".to_owned(),
        )
    }
}

impl From<NoRandomness> for Failure {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "a page failed");
        Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "That did not work",
            "The log of the server says why. Try again.".to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_are_returned_to() {
        assert_eq!(local(Some("/post/7?x=1")), "/post/7?x=1");
        for foreign in ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/\t/evil.example"] {
            assert_eq!(local(Some(foreign)), "/", "{foreign}");
        }
        assert_eq!(local(None), "/");
    }

    #[test]
    fn the_policy_names_the_apps_address() {
        let policy = content_policy(Some("https://app.example:8443/return?x=1"));
        assert!(policy.to_str().unwrap().contains("form-action 'self' https://app.example:8443;"));
        let policy = content_policy(Some("myapp:/return"));
        assert!(policy.to_str().unwrap().contains("form-action 'self' myapp:;"));
    }
}
