//! Words as they are written in a request, and given back.

use crier_model::Document;
use crier_networks::text::markdown;
use serde::{Deserialize, Serialize};

/// How words are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// As they stand; an empty line parts paragraphs.
    #[default]
    Plain,
    /// CommonMark, with `~~` for what is struck out; a line end is kept. A network that does not show formatting gets the words alone.
    Markdown,
}

impl Format {
    pub(crate) fn read(self, text: &str) -> Document {
        match self {
            Self::Plain => Document::from_plain(text),
            Self::Markdown => markdown::read(text),
        }
    }

    /// A document as it would have been written: in Markdown only where plain words don't say it all.
    pub(crate) fn written(document: &Document) -> (Self, String) {
        if document.is_plain() {
            (Self::Plain, document.to_plain())
        } else {
            (Self::Markdown, markdown::write(document))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_read_as_the_same() {
        for (format, text) in [
            (Format::Plain, "2 * 3 * 4\n# no\n\n- no"),
            (Format::Markdown, "# Title\n\nA **bold** word\n\n- one\n- two"),
        ] {
            let document = format.read(text);
            let (given, back) = Format::written(&document);
            assert_eq!((given, back.as_str()), (format, text));
            assert_eq!(given.read(&back), document);
        }
    }

    #[test]
    fn markdown_without_any_mark_is_given_back_as_plain_words() {
        assert_eq!(Format::written(&Format::Markdown.read("2 \\* 3")), (Format::Plain, "2 * 3".to_owned()));
    }
}
