//! What a part becomes: the words and tags of a note (kind 1).

use super::event::decode;
use crate::publish::{Item, MediaItem, Thread};
use crate::text::{Kind, find};
use crate::{Detail, Refusal};
use crier_model::Document;
use crier_model::document::{Block, Inline};

pub(super) const KIND: u16 = 1;

/// The words: plain, with people as `nostr:npub1…` (NIP-27).
pub(super) fn words(body: &Document) -> String {
    let mut body = body.clone();
    for block in &mut body.blocks {
        let lines: Vec<&mut Vec<Inline>> = match block {
            Block::Paragraph { content } | Block::Heading { content, .. } | Block::Quote { content } => vec![content],
            Block::List { items, .. } => items.iter_mut().collect(),
            Block::Code { .. } => continue,
        };
        for inline in lines.into_iter().flatten() {
            match inline {
                Inline::Mention { handle } if is_npub(handle) => {
                    *inline = Inline::Text { text: format!("nostr:{handle}"), marks: Vec::new() };
                }
                Inline::Text { text, .. } => *text = with_references(text),
                _ => {}
            }
        }
    }
    body.to_plain()
}

fn is_npub(handle: &str) -> bool {
    decode("npub", handle).is_some()
}

/// `@npub1…` typed as words becomes a reference.
fn with_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for entity in find(text) {
        if let Kind::Mention { user, domain: None } = &entity.kind
            && is_npub(user)
        {
            out.push_str(&text[at..entity.range.start]);
            out.extend(["nostr:", user]);
            at = entity.range.end;
        }
    }
    out.push_str(&text[at..]);
    out
}

/// Tags and content of the note that a part becomes.
pub(super) fn note(item: &Item, pubkey: &str) -> Result<(Vec<Vec<String>>, String), Refusal> {
    let mut content = words(&item.body);
    // NIP-01 wants other control characters verbatim in what is hashed, which no JSON can have.
    content.retain(|c| !c.is_control() || c == '\n' || c == '\t');
    let mut tags = item.thread.as_ref().map(|thread| thread_tags(thread, pubkey)).unwrap_or_default();
    for person in mentioned(&content) {
        push_once(&mut tags, vec!["p".to_owned(), person]);
    }
    for entity in find(&content) {
        if let Kind::Tag(tag) = entity.kind {
            push_once(&mut tags, vec!["t".to_owned(), tag.to_lowercase()]);
        }
    }
    for (index, media) in item.media.iter().enumerate() {
        let Some(url) = &media.url else {
            let said = format!("{} has no public address, and Nostr carries files only as links", media.name);
            return Err(Refusal::Content(Detail::new(said)).at(&format!("/media/{index}")));
        };
        let gap = if content.is_empty() {
            ""
        } else if index == 0 {
            "\n\n"
        } else {
            "\n"
        };
        content.extend([gap, url]);
        tags.push(described(media, url));
    }
    Ok((tags, content))
}

fn push_once(tags: &mut Vec<Vec<String>>, tag: Vec<String>) {
    if !tags.contains(&tag) {
        tags.push(tag);
    }
}

/// NIP-10: a direct answer marks the root alone, a deeper one root and parent; and who is answered is told.
fn thread_tags(thread: &Thread, pubkey: &str) -> Vec<Vec<String>> {
    let reference = |sent: &crate::Sent, marker: &str| {
        let relay = sent.data.get("relay").and_then(serde_json::Value::as_str).unwrap_or_default();
        ["e", &sent.remote_id, relay, marker, pubkey].map(str::to_owned).to_vec()
    };
    let mut tags = vec![reference(&thread.root, "root")];
    if thread.parent.remote_id != thread.root.remote_id {
        tags.push(reference(&thread.parent, "reply"));
    }
    tags.push(vec!["p".to_owned(), pubkey.to_owned()]);
    tags
}

/// The keys of people referred to.
fn mentioned(content: &str) -> Vec<String> {
    let references = content.split("nostr:").skip(1);
    let names = references.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default());
    names.filter_map(|name| decode("npub", name)).map(hex::encode).collect()
}

/// NIP-92.
fn described(media: &MediaItem, url: &str) -> Vec<String> {
    let mut tag = vec!["imeta".to_owned(), format!("url {url}"), format!("m {}", media.mime)];
    if !media.sha256.is_empty() {
        tag.push(format!("x {}", media.sha256));
    }
    if media.width > 0 && media.height > 0 {
        tag.push(format!("dim {}x{}", media.width, media.height));
    }
    if !media.alt.is_empty() {
        tag.push(format!("alt {}", media.alt));
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sent;
    use crier_model::MediaId;
    use serde_json::json;

    const NPUB: &str = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
    const PUBKEY: &str = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";

    fn item(text: &str) -> Item {
        Item { index: 0, body: Document::from_plain(text), media: vec![], settings: Default::default(), thread: None }
    }

    #[test]
    fn people_and_tags_are_told() {
        let (tags, content) = note(&item(&format!("Hi @{NPUB}! #Rust #rust")), "me").unwrap();
        assert_eq!(content, format!("Hi nostr:{NPUB}! #Rust #rust"));
        assert_eq!(tags, [["p", PUBKEY], ["t", "rust"]]);
    }

    #[test]
    fn a_deeper_answer_marks_root_and_parent() {
        let sent = |id: &str| Sent { remote_id: id.into(), url: None, data: json!({ "relay": "wss://r" }) };
        let thread = |parent: &str| Some(Thread { root: sent("aa"), parent: sent(parent) });
        let direct = note(&Item { thread: thread("aa"), ..item("x") }, "me").unwrap().0;
        assert_eq!(direct, [vec!["e", "aa", "wss://r", "root", "me"], vec!["p", "me"]]);
        let deeper = note(&Item { thread: thread("bb"), ..item("x") }, "me").unwrap().0;
        assert_eq!(deeper[1], ["e", "bb", "wss://r", "reply", "me"]);
    }

    #[test]
    fn files_are_links_with_a_description_or_refused() {
        let media = MediaItem {
            id: MediaId::new(),
            name: "a.png".into(),
            mime: "image/png".into(),
            size: 3,
            width: 4,
            height: 5,
            duration_ms: 0,
            codecs: Vec::new(),
            frame_rate: None,
            convertible: false,
            alt: "a cat".into(),
            sha256: "ff".into(),
            url: Some("https://example.org/a.png".into()),
        };
        let with = Item { media: vec![media.clone()], ..item("x") };
        let (tags, content) = note(&with, "me").unwrap();
        assert_eq!(content, "x\n\nhttps://example.org/a.png");
        assert_eq!(tags, [["imeta", "url https://example.org/a.png", "m image/png", "x ff", "dim 4x5", "alt a cat"]]);
        let hidden = Item { media: vec![MediaItem { url: None, ..media }], ..item("x") };
        assert!(
            matches!(note(&hidden, "me"), Err(Refusal::Content(detail)) if detail.pointer.as_deref() == Some("/media/0"))
        );
    }
}
