//! The timeline, an account's page, and a post with its thread.

use axum::Extension;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use crate::accounts::Account;
use crate::pages::card::{self, Easel};
use crate::pages::compose;
use crate::pages::layout::{Failure, framed};
use crate::pages::viewer::Viewer;
use crate::posts::{Post, PostId};
use crate::state::{Shared, World};

const PAGE: usize = 25;

#[derive(Debug, Deserialize)]
pub(crate) struct Older {
    before: Option<PostId>,
}

pub(crate) async fn home(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Query(older): Query<Older>,
) -> Response {
    let here = uri.to_string();
    let (body, seen) = shared.look(|world, now| {
        let easel = easel(world, &viewer, now, &here);
        let mut roots: Vec<PostId> = world.posts.threads(older.before).take(PAGE + 1).map(|post| post.id).collect();
        let more = roots.len() > PAGE;
        roots.truncate(PAGE);
        let mut seen = Vec::new();
        let threads: Vec<Markup> = roots
            .iter()
            .map(|root| {
                let (markup, ids) = card::thread(easel, *root);
                seen.extend(ids);
                markup
            })
            .collect();
        let next = roots.last().filter(|_| more).copied();
        (timeline(&viewer, older.before, &threads, next), seen)
    });
    count(&shared, &headers, &seen);
    framed(&viewer, "Timeline", &body)
}

fn timeline(viewer: &Viewer, before: Option<PostId>, threads: &[Markup], next: Option<PostId>) -> Markup {
    html! {
        h1.hidden { "Timeline" }
        @if before.is_none() {
            @if viewer.account().is_some() {
                (compose::form(None, "/"))
            } @else {
                section.hello {
                    h2 { "Hello." }
                    p { "This is a small social network for trying things on. Look around, or sign in with one click: "
                        "two accounts are ready for you." }
                    p { a.button href="/sign-in" { "Sign in" } " " a.button.quiet href="/sign-up" { "Make your own account" } }
                }
            }
        }
        p #news role="status" hidden { a href="/" { "There is something new. Show it." } }
        ol.threads #timeline data-live[before.is_none()] {
            @for thread in threads { (thread) }
            @if threads.is_empty() { li.empty { p { "Nothing has been posted yet." } } }
        }
        @if let Some(next) = next { p.more { a.button.quiet href={ "/?before=" (next) } { "Older posts" } } }
        script src="/assets/live.js" defer {}
    }
}

pub(crate) async fn profile(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Path(handle): Path<String>,
    Query(older): Query<Older>,
) -> Result<Response, Failure> {
    let here = uri.to_string();
    let found = shared.look(|world, now| {
        let account = world.accounts.named(&handle)?;
        let easel = easel(world, &viewer, now, &here);
        let mut posts: Vec<&Post> = world.posts.by(account.id, older.before).take(PAGE + 1).collect();
        let next = (posts.len() > PAGE).then(|| posts.get(PAGE - 1).map(|post| post.id)).flatten();
        posts.truncate(PAGE);
        let body = about(easel, account, &posts, next);
        let seen: Vec<PostId> = posts.iter().map(|post| post.id).collect();
        Some((account.name.clone(), body, seen))
    });
    let (name, body, seen) = found.ok_or_else(|| {
        Failure::new(
            StatusCode::NOT_FOUND,
            "There is no such account",
            format!("Nobody is called @{handle} here. Accounts can change their handle."),
        )
    })?;
    count(&shared, &headers, &seen);
    Ok(framed(&viewer, &name, &body))
}

fn about(easel: Easel<'_>, account: &Account, posts: &[&Post], next: Option<PostId>) -> Markup {
    let (count, sum) = easel.world.posts.totals(account.id);
    html! {
        section.profile {
            img src={ "/avatar/" (account.id) } alt="" width="88" height="88";
            div {
                h1 { (account.name) }
                p.dim { "@" (account.handle) " · here since " (account.created_at.strftime("%B %Y")) }
                @if let Some(owner) = account.owner.and_then(|id| easel.world.accounts.get(id)) {
                    p.dim { "A page of " a href={ "/@" (owner.handle) } { "@" (owner.handle) } }
                }
                p { strong { (count) } " posts · " strong { (sum.likes) } " likes · " strong { (sum.views) } " views" }
            }
        }
        ol.threads {
            @for post in posts { li.thread { (card::card(easel, post, false)) } }
            @if posts.is_empty() { li.empty { p { "No posts yet." } } }
        }
        @if let Some(next) = next {
            p.more { a.button.quiet href={ "/@" (account.handle) "?before=" (next) } { "Older posts" } }
        }
    }
}

pub(crate) async fn post(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let here = format!("/post/{id}");
    let found = shared.look(|world, now| {
        let post = world.posts.get(id.parse().ok()?)?;
        let author = world.accounts.get(post.author)?;
        let easel = easel(world, &viewer, now, &here);
        let thread: Vec<&Post> = world.posts.thread(post.thread).collect();
        let title = format!("{}: {}", author.name, summary(&post.text));
        let body = html! {
            h1.hidden { "Post by " (author.name) }
            div.thread.whole {
                @for one in &thread { (card::card(easel, one, one.id == post.id)) }
            }
            div #answer {
                @if viewer.account().is_some() {
                    (compose::form(Some((post.id, &author.handle)), &here))
                } @else {
                    p { a href=(crate::pages::layout::sign_in_link(&here)) { "Sign in" } " to answer." }
                }
            }
        };
        Some((title, body, post.id))
    });
    let (title, body, id) = found.ok_or_else(|| {
        Failure::new(StatusCode::NOT_FOUND, "There is no such post", "It may have been deleted.".to_owned())
    })?;
    count(&shared, &headers, &[id]);
    Ok(framed(&viewer, &title, &body))
}

fn summary(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(60).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

fn easel<'a>(world: &'a World, viewer: &Viewer, now: Timestamp, here: &'a str) -> Easel<'a> {
    Easel { world, viewer: viewer.account().map(|account| account.id), now, here }
}

/// Counts what was shown, unless an open page merely refreshed itself.
fn count(shared: &Shared, headers: &HeaderMap, seen: &[PostId]) {
    if !seen.is_empty() && !headers.contains_key("x-playground-refresh") {
        shared.count(|world| world.posts.viewed(seen));
    }
}
