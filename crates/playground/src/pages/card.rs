//! A post as it is shown, and threads of them.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use url::Url;

use crate::accounts::{Account, AccountId};
use crate::media::Picture;
use crate::posts::{Post, PostId};
use crate::state::World;

/// How many posts of a thread the timeline shows.
const SHOWN: usize = 5;

/// What drawing needs besides the post.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Easel<'a> {
    pub(crate) world: &'a World,
    pub(crate) viewer: Option<AccountId>,
    pub(crate) now: Timestamp,
    /// The page to come back to after a button.
    pub(crate) here: &'a str,
}

/// A thread, shortened, and the posts of it that are shown.
pub(crate) fn thread(easel: Easel<'_>, root: PostId) -> (Markup, Vec<PostId>) {
    let posts: Vec<&Post> = easel.world.posts.thread(root).collect();
    let total = posts.len();
    let shown: Vec<&Post> = posts.into_iter().take(SHOWN).collect();
    let ids = shown.iter().map(|post| post.id).collect();
    let markup = html! {
        li.thread {
            @for post in &shown { (card(easel, post, false)) }
            @if total > SHOWN {
                p.more { a href={ "/post/" (root) } { "Show the whole thread (" (total) " posts)" } }
            }
        }
    };
    (markup, ids)
}

/// One post. `main` marks the one a page is about.
pub(crate) fn card(easel: Easel<'_>, post: &Post, main: bool) -> Markup {
    let Some(author) = easel.world.accounts.get(post.author).filter(|_| !post.gone) else {
        return html! { article.post.gone { p { "A post was deleted here." } } };
    };
    let app =
        post.app.as_deref().map(|id| easel.world.oauth.apps.get(id).map_or("a removed app", |app| app.name.as_str()));
    let parent = post
        .reply_to
        .and_then(|id| easel.world.posts.get(id))
        .and_then(|parent| easel.world.accounts.get(parent.author))
        .filter(|other| other.id != author.id);
    html! {
        article.post.main[main] id={ "post-" (post.id) } aria-label={ "Post by " (author.name) } {
            (face(author))
            div.content {
                header {
                    a.name href={ "/@" (author.handle) } { (author.name) }
                    " " span.dim { "@" (author.handle) }
                    " " a.time.dim href={ "/post/" (post.id) } { (moment(post.created_at, easel.now)) }
                    @if let Some(app) = app { " " span.dim { "via " (app) } }
                }
                @if let Some(other) = parent {
                    p.answers.dim { "answers " a href={ "/@" (other.handle) } { "@" (other.handle) } }
                }
                @if !post.text.is_empty() { p.text { (linked(&post.text, easel.world)) } }
                (pictures(easel.world, post))
                (reposters(easel.world, post))
                (numbers(easel, post))
            }
        }
    }
}

fn face(author: &Account) -> Markup {
    html! {
        a.face href={ "/@" (author.handle) } tabindex="-1" aria-hidden="true" {
            img src={ "/avatar/" (author.id) } alt="" width="44" height="44";
        }
    }
}

fn pictures(world: &World, post: &Post) -> Markup {
    let pictures: Vec<&Picture> = post.media.iter().filter_map(|id| world.media.get(id)).collect();
    if pictures.is_empty() {
        return html! {};
    }
    html! {
        div class={ "pictures of-" (pictures.len()) } {
            @for picture in &pictures {
                figure {
                    a href={ "/media/" (picture.file()) } {
                        img src={ "/media/" (picture.file()) } width=(picture.width) height=(picture.height)
                            loading="lazy"
                            alt=(if picture.alt.is_empty() { "Picture without a description" } else { picture.alt.as_str() });
                    }
                    @if !picture.alt.is_empty() {
                        details.alt { summary { "Alt" span.hidden { " text" } } p { (picture.alt) } }
                    }
                }
            }
        }
    }
}

/// Who has reposted it, the first first.
fn reposters(world: &World, post: &Post) -> Markup {
    let mut all: Vec<_> = post.reposts.iter().filter_map(|(id, at)| Some((at, world.accounts.get(*id)?))).collect();
    all.sort_by_key(|(at, _)| **at);
    html! {
        @if !all.is_empty() {
            p.reposts.dim {
                span aria-hidden="true" { "⟲ " } "Reposted by "
                @for (place, (_, account)) in all.iter().enumerate() {
                    @if place > 0 { ", " }
                    a href={ "/@" (account.handle) } { (account.name) }
                }
            }
        }
    }
}

fn numbers(easel: Easel<'_>, post: &Post) -> Markup {
    let numbers = easel.world.posts.metrics(post);
    let liked = easel.viewer.is_some_and(|id| post.likes.contains(&id));
    html! {
        footer {
            form method="post" action={ "/post/" (post.id) "/like" } {
                input type="hidden" name="back" value=(easel.here);
                button.like type="submit" aria-pressed=(if liked { "true" } else { "false" }) {
                    span.heart aria-hidden="true" { (if liked { "♥" } else { "♡" }) }
                    " " (numbers.likes) span.hidden { (if numbers.likes == 1 { " like" } else { " likes" }) }
                }
            }
            a href={ "/post/" (post.id) "#answer" } {
                span aria-hidden="true" { "↩ " } (numbers.replies)
                span.hidden { (if numbers.replies == 1 { " reply" } else { " replies" }) }
            }
            span.dim title="Views" {
                span aria-hidden="true" { "◉ " } (numbers.views)
                span.hidden { (if numbers.views == 1 { " view" } else { " views" }) }
            }
            @if easel.viewer == Some(post.author) {
                form method="post" action={ "/post/" (post.id) "/delete" } {
                    input type="hidden" name="back" value=(easel.here);
                    button.bare type="submit" { "Delete" }
                }
            }
        }
    }
}

/// A moment in words, exact in its title.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    let ago = now.duration_since(at);
    let words = if ago < SignedDuration::from_mins(1) {
        "just now".to_owned()
    } else if ago < SignedDuration::from_hours(1) {
        format!("{} min", ago.as_mins())
    } else if ago < SignedDuration::from_hours(24) {
        format!("{} h", ago.as_hours())
    } else {
        at.strftime("%-d %b %Y").to_string()
    };
    html! {
        time datetime=(format!("{at:.0}")) title=(at.strftime("%-d %B %Y, %H:%M:%S UTC")) { (words) }
    }
}

/// A text with its addresses, and the handles that exist, as links.
fn linked(text: &str, world: &World) -> Markup {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let blank = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let (space, after) = rest.split_at(blank);
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (word, after) = after.split_at(end);
        rest = after;
        pieces.push(html! { (space) (linked_word(word, world)) });
    }
    html! { @for piece in &pieces { (piece) } }
}

fn linked_word(word: &str, world: &World) -> Markup {
    let core = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    let tail = word.get(core.len()..).unwrap_or_default();
    let is_web = core.starts_with("http://") || core.starts_with("https://");
    if is_web && Url::parse(core).is_ok() {
        return html! { a href=(core) rel="nofollow noopener" { (core) } (tail) };
    }
    if let Some(handle) = core.strip_prefix('@')
        && let Some(account) = world.accounts.named(handle)
    {
        return html! { a href={ "/@" (account.handle) } { (core) } (tail) };
    }
    html! { (word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_known_handles_are_links_and_all_else_is_text() {
        let mut world = World::default();
        world.accounts.add_demo(Timestamp::UNIX_EPOCH);
        let shown = linked("Hi @Ada, see\n https://x.example/a?b=1&c=2. <b> @nobody", &world);
        assert_eq!(
            shown.into_string(),
            "Hi <a href=\"/@ada\">@Ada</a>, see\n <a href=\"https://x.example/a?b=1&amp;c=2\" \
             rel=\"nofollow noopener\">https://x.example/a?b=1&amp;c=2</a>. &lt;b&gt; @nobody"
        );
        let shown = linked("javascript:alert(1)", &world);
        assert_eq!(shown.into_string(), "javascript:alert(1)");
    }
}
