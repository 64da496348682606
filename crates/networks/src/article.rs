//! What networks of articles share: a body of HTML with pictures in it, and a draft that is found again by its slug.

use crate::publish::MediaItem;
use crate::{Cx, text};
use crier_model::Document;
use crier_model::document::{Block, Inline};
use jiff::SignedDuration;

/// The body as HTML. Mentions are words there: only the editor knows more of them.
pub(crate) fn html(body: &Document) -> String {
    let mut body = body.clone();
    for block in &mut body.blocks {
        match block {
            Block::Paragraph { content } | Block::Heading { content, .. } | Block::Quote { content } => {
                as_words(content);
            }
            Block::List { items, .. } => items.iter_mut().for_each(|item| as_words(item)),
            Block::Code { .. } => {}
        }
    }
    text::html::write(&body)
}

fn as_words(line: &mut [Inline]) {
    for inline in line {
        if let Inline::Mention { handle } = inline {
            *inline = Inline::Text { text: format!("@{handle}"), marks: Vec::new() };
        }
    }
}

/// A picture below the text.
pub(crate) fn figure(address: &str, media: &MediaItem) -> String {
    let (address, alt) = (text::html::escape(address), text::html::escape(&media.alt));
    format!("<figure><img src=\"{address}\" alt=\"{alt}\"></figure>")
}

/// What a draft is called in addresses until it is published: it is looked for by this before another one is made.
pub(crate) fn draft_slug(cx: &Cx<'_>) -> String {
    format!("crier-{}", cx.key())
}

/// Site files stay where they are; another upload after a month costs little.
pub(crate) const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The name of a channel's site beside others: its address without the scheme.
pub(crate) fn handle(site: &str) -> String {
    site.split_once("://").map_or(site, |(_, rest)| rest).trim_end_matches('/').to_owned()
}
