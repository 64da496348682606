//! The manual under `/docs`, from the Markdown in `docs/src`, so that a failure page's link works without the internet.

use crate::{access::Anyone, problem::Problem};
use axum::{
    Router,
    extract::Path,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "../../docs/src"]
#[allow_missing = true]
struct Pages;

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|_: Anyone| async { page("introduction") }))
        .route("/docs/manual.css", get(style))
        .route("/docs/{*path}", get(|_: Anyone, Path(path): Path<String>| async move { page(&path) }))
}

async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))];
    (kind, include_str!("manual.css")).into_response()
}

fn page(path: &str) -> Response {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".html").or_else(|| path.strip_suffix(".md")).unwrap_or(path);
    let found = [format!("{path}.md"), format!("{path}/README.md"), format!("{path}/index.md")];
    let Some((name, markdown)) = found.iter().find_map(|name| Some((name, Pages::get(name)?))) else {
        return Problem::not_found("docs.unknown", "The manual has no such page").into_response();
    };
    let markdown = String::from_utf8_lossy(&markdown.data);
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    Html(document(&markdown, folder)).into_response()
}

fn contents() -> String {
    let Some(summary) = Pages::get("SUMMARY.md") else { return String::new() };
    let summary = String::from_utf8_lossy(&summary.data);
    let list: String = summary.lines().filter(|line| !line.starts_with("# ")).map(|line| format!("{line}\n")).collect();
    render(&list, "")
}

fn document(markdown: &str, folder: &str) -> String {
    let title = title(markdown);
    let contents = contents();
    let body = render(markdown, folder);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title} – Crier</title>\
         <link rel=\"stylesheet\" href=\"/docs/manual.css\"></head><body><a class=\"skip\" href=\"#main\">To the text</a>\
         <nav aria-label=\"Contents\"><p><a href=\"/\">Crier</a></p>{contents}</nav><main id=\"main\">{body}</main></body></html>"
    )
}

fn title(markdown: &str) -> String {
    let first = markdown.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("Manual");
    first.chars().filter(|c| !"<>&\"`".contains(*c)).collect()
}

/// Our own pages only, so HTML in them is wanted. Links between pages become addresses of the server; headings get ids to
/// link to. `folder` is where the page lies.
fn render(markdown: &str, folder: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, options).collect();
    for index in 0..events.len() {
        match &events[index] {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let target = CowStr::from(linked(dest_url, folder));
                if let Event::Start(Tag::Link { dest_url, .. }) = &mut events[index] {
                    *dest_url = target;
                }
            }
            Event::Start(Tag::Heading { id: None, level, .. }) if *level > HeadingLevel::H1 => {
                let slug = CowStr::from(slug(&events[index + 1..]));
                if let Event::Start(Tag::Heading { id, .. }) = &mut events[index] {
                    *id = Some(slug);
                }
            }
            _ => {}
        }
    }
    let mut html = String::new();
    push_html(&mut html, events.into_iter());
    html
}

/// The address of a page that is linked to from within `folder`. It does not depend on whether the address of the linking page
/// ends with a slash.
fn linked(target: &str, folder: &str) -> String {
    if target.contains("://") || target.starts_with(['#', '/']) || target.starts_with("mailto:") {
        return target.to_owned();
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let path = path.strip_suffix("README.md").or_else(|| path.strip_suffix(".md")).unwrap_or(path);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let anchor = anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
    format!("/docs/{}{anchor}", parts.join("/"))
}

fn slug(after_start: &[Event<'_>]) -> String {
    let mut words = String::new();
    for event in after_start {
        match event {
            Event::Text(text) | Event::Code(text) => words += text,
            Event::End(TagEnd::Heading(_)) => break,
            _ => {}
        }
    }
    let kept = words.to_lowercase();
    let kept: String = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect();
    kept.trim().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::{linked, render};

    #[test]
    fn links_between_pages_become_addresses_and_others_stay() {
        assert_eq!(linked("diagnoses/dns.not_found.md", ""), "/docs/diagnoses/dns.not_found");
        assert_eq!(linked("dns.timeout.md", "diagnoses"), "/docs/diagnoses/dns.timeout");
        assert_eq!(linked("../backup.md", "diagnoses"), "/docs/backup");
        assert_eq!(linked("./api.md#keys", ""), "/docs/api#keys");
        assert_eq!(linked("networks/README.md", ""), "/docs/networks");
        assert_eq!(linked("https://example.org/x.md", "diagnoses"), "https://example.org/x.md");
        assert_eq!(linked("#here", "diagnoses"), "#here");
    }

    #[test]
    fn headings_can_be_linked_to() {
        assert_eq!(render("## What `to` do", ""), "<h2 id=\"what-to-do\">What <code>to</code> do</h2>\n");
    }
}
