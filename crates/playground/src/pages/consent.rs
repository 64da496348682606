//! The page on which an account allows an app what it asks for.

use axum::response::Response;
use maud::{Markup, html};
use url::Url;

use crate::oauth::apps::App;
use crate::oauth::consent::Asked;
use crate::pages::layout::{framed, sign_in_link};
use crate::pages::viewer::Viewer;

/// `here` is the address of the page itself, to come back to with another account.
pub(crate) fn page(viewer: &Viewer, app: &App, asked: &Asked, ticket: &str, here: &str) -> Response {
    let title = format!("Let {} in?", app.name);
    let target = Url::parse(&asked.redirect_uri)
        .ok()
        .and_then(|url| url.host_str().map(|host| (host.to_owned(), url.port())))
        .map_or_else(
            || asked.redirect_uri.clone(),
            |(host, port)| match port {
                Some(port) => format!("{host}:{port}"),
                None => host,
            },
        );
    let body = html! {
        section.sheet aria-labelledby="ask" {
            h1 #ask { "Let " strong { (app.name) } " in?" }
            @if let Some(account) = viewer.account() {
                div.as {
                    img src={ "/avatar/" (account.id) } alt="" width="44" height="44";
                    div {
                        p { "You are signed in as " strong { (account.name) } " " span.dim { "@" (account.handle) } }
                        p { a href=(sign_in_link(here)) { "Use another account" } }
                    }
                }
            }
            form method="post" action="/oauth/authorize" {
                input type="hidden" name="ticket" value=(ticket);
                fieldset.scopes {
                    legend { "It asks for permission to" }
                    @for scope in asked.scopes.iter() {
                        label.tick {
                            input type="checkbox" name="scope" value=(scope.name()) checked;
                            span { (scope.meaning()) " " code { (scope.name()) } }
                        }
                    }
                }
                p.dim { "Untick what you don't want to give. You can take it back under "
                    a href="/apps" { "Apps" } " at any time." }
                div.buttons {
                    button type="submit" name="decision" value="allow" { "Allow" }
                    button.quiet type="submit" name="decision" value="deny" { "Deny" }
                }
                p.dim { "Either way you go back to " strong { (target) } "." }
            }
        }
    };
    framed(viewer, &title, &body)
}

/// `sent` with the part marked that differs from the closest of `known`.
pub(crate) fn difference(sent: &str, known: &[String]) -> Markup {
    let shared = known
        .iter()
        .map(|known| {
            sent.char_indices()
                .zip(known.chars())
                .take_while(|((_, a), b)| a == b)
                .last()
                .map_or(0, |((at, a), _)| at + a.len_utf8())
        })
        .max()
        .unwrap_or_default();
    let (same, other) = sent.split_at(shared);
    html! {
        (same)
        @if other.is_empty() { mark { "(ends too early)" } } @else { mark { (other) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_marked() {
        let known = ["http://a/return".to_owned(), "https://a/".to_owned()];
        assert_eq!(difference("http://a/return/", &known).into_string(), "http://a/return<mark>/</mark>");
        assert_eq!(difference("http://a/ret", &known).into_string(), "http://a/ret<mark>(ends too early)</mark>");
        assert_eq!(difference("é<", &known).into_string(), "<mark>é&lt;</mark>");
    }
}
