//! A notice as a mail: plain text, and the same as simple HTML.

use crier_store::{notices::Notice, users::User};
use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write;

/// A mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The same for every try, so that a mail sent twice after a crash is recognised as one.
    pub id: String,
    pub to_name: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Writes a notice to a person; times are in their zone.
pub(crate) fn letter(notice: &Notice, to: &User, workspace: &str, page: &str, settings: &str) -> Letter {
    let zone = TimeZone::get(&to.time_zone).unwrap_or(TimeZone::UTC);
    let when = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%A %-d %B %Y, %H:%M %Z").to_string();
    let next: Vec<(String, &str)> = notice.next.iter().map(|post| (when(post.due_at), post.excerpt.as_str())).collect();
    Letter {
        id: format!("{}.{}", notice.id, to.id),
        to_name: to.name.clone(),
        to: to.email.clone(),
        subject: one_line(&notice.title),
        text: plain(notice, workspace, &next, page, settings),
        html: html(notice, workspace, &next, page, settings),
    }
}

/// A subject is one line of moderate length.
fn one_line(title: &str) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(150).collect()
}

const DUE_NEXT: &str = "Due next on this channel:";

fn plain(notice: &Notice, workspace: &str, next: &[(String, &str)], page: &str, settings: &str) -> String {
    let mut text = format!("{}\n\n{}\n", notice.title, notice.text);
    if !next.is_empty() {
        let _ = write!(text, "\n{DUE_NEXT}\n");
        for (when, excerpt) in next {
            let _ = writeln!(text, "- {when}: {excerpt}");
        }
    }
    let _ = write!(text, "\n{page}\n\n-- \nCrier, workspace “{workspace}”. What is mailed to you: {settings}\n");
    text
}

fn html(notice: &Notice, workspace: &str, next: &[(String, &str)], page: &str, settings: &str) -> String {
    let page = maud::html! {
        (maud::DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (notice.title) } }
            body style="font-family: sans-serif; line-height: 1.5; max-width: 40rem; margin: 0 auto; padding: 1rem" {
                h1 style="font-size: 1.25rem" { (notice.title) }
                p { (notice.text) }
                @if !next.is_empty() {
                    p { (DUE_NEXT) }
                    ul { @for (when, excerpt) in next { li { (when) ": " (excerpt) } } }
                }
                p { a href=(page) { "Open in Crier" } }
                hr;
                p style="font-size: 0.875rem" {
                    "Workspace “" (workspace) "”. " a href=(settings) { "Choose what is mailed to you" } "."
                }
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_model::{ChannelId, NoticeId, PostId, UserId, WorkspaceId, notice::NoticeKind};
    use crier_store::notices::NextPost;

    #[test]
    fn a_letter_says_what_why_and_what_is_due_in_the_persons_zone() {
        let notice = Notice {
            id: NoticeId::new(),
            workspace: WorkspaceId::new(),
            kind: NoticeKind::ChannelReconnect,
            channel: ChannelId::new(),
            post: None,
            title: "News\nneeds reconnecting".to_owned(),
            text: "The password was <changed> & so on.".to_owned(),
            next: vec![NextPost {
                post: PostId::new(),
                excerpt: "Hello <b>".to_owned(),
                due_at: "2027-07-01T12:00:00Z".parse().unwrap(),
            }],
            created_at: Timestamp::UNIX_EPOCH,
        };
        let to = User {
            id: UserId::new(),
            email: "ada@example.org".to_owned(),
            name: "Ada".to_owned(),
            password_hash: "x".into(),
            time_zone: "Europe/Berlin".to_owned(),
            week_start: "monday".to_owned(),
            clock: "h24".to_owned(),
            is_admin: false,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let page = "https://crier.example/channels/1";
        let letter = letter(&notice, &to, "Ada & Co", page, "https://crier.example/settings");
        assert_eq!(letter.subject, "News needs reconnecting");
        let due = "Thursday 1 July 2027, 14:00 CEST";
        for part in ["The password was <changed> & so on.", page, &format!("- {due}: Hello <b>")] {
            assert!(letter.text.contains(part), "{part} in {}", letter.text);
        }
        for part in
            ["The password was &lt;changed&gt; &amp; so on.", page, &format!("{due}: Hello &lt;b&gt;"), "Ada &amp; Co"]
        {
            assert!(letter.html.contains(part), "{part} in {}", letter.html);
        }
    }
}
