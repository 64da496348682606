//! A feed in each of its three formats.
//!
//! After RSS 2.0 (<https://www.rssboard.org/rss-specification>, 2.0.11) with its content and media modules, Atom (RFC 4287) and JSON Feed
//! 1.1 (<https://www.jsonfeed.org/version/1.1/>), read in November 2026.

use super::{Description, Entry, File};
use crier_model::Timestamp;
use serde_json::{Value, json};

/// What a feed is written of.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    pub title: &'a str,
    pub about: &'a Description,
    /// Where the feed is, with a slash at its end: its formats and its files are below.
    pub base: &'a str,
    /// What an Atom feed is known by, wherever it is.
    pub id: String,
    pub updated: Timestamp,
    /// Newest first.
    pub entries: Vec<Published>,
}

/// One entry that is out.
#[derive(Debug, Clone)]
pub struct Published {
    /// That of its publication, and so the same whatever becomes of the words.
    pub id: String,
    pub at: Timestamp,
    pub updated: Timestamp,
    pub entry: Entry,
}

/// A format of feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Rss,
    Atom,
    Json,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    /// What its address ends in.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rss => "rss.xml",
            Self::Atom => "atom.xml",
            Self::Json => "feed.json",
        }
    }

    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json; charset=utf-8",
        }
    }

    #[must_use]
    pub fn write(self, feed: &Feed<'_>) -> String {
        match self {
            Self::Rss => rss(feed),
            Self::Atom => atom(feed),
            Self::Json => json_feed(feed).to_string(),
        }
    }
}

impl Feed<'_> {
    fn home(&self) -> &str {
        self.about.home.as_ref().map_or(self.base, url::Url::as_str)
    }

    fn address(&self, format: Format) -> String {
        format!("{}{}", self.base, format.name())
    }

    /// Where a file of an entry is.
    fn file(&self, published: &Published, file: &File) -> String {
        let name = percent_encoding::utf8_percent_encode(&file.name, percent_encoding::NON_ALPHANUMERIC).to_string();
        // Readers tell a file's type by the end of its address.
        format!("{}files/{}/{}/{}", self.base, published.id, file.media, name.replace("%2E", "."))
    }

    /// The words, with the pictures below them: readers show no others.
    fn html(&self, published: &Published) -> String {
        let mut html = published.entry.html.clone();
        for file in published.entry.files.iter().filter(|file| file.mime.starts_with("image/")) {
            let (src, alt) = (escaped(&self.file(published, file)), escaped(&file.alt));
            html.extend(["<p><img src=\"", &src, "\" alt=\"", &alt, "\"></p>"]);
        }
        html
    }
}

impl Entry {
    /// What names an entry where one has to be named: its title, or the beginning of its first line.
    fn named(&self) -> String {
        let line = self.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        match (self.title.as_str(), line.char_indices().nth(100)) {
            ("", Some((end, _))) => format!("{}…", &line[..end]),
            ("", None) => line.to_owned(),
            (title, _) => title.to_owned(),
        }
    }
}

/// For XML, in text and in attributes; without the characters that XML can't carry (§2.2).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(it),
            it if it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}') => {}
            it => out.push(it),
        }
    }
    out
}

/// Writes elements, a line each.
struct Xml(String);

impl Xml {
    fn new(root: &str) -> Self {
        Self(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root}\n"))
    }

    fn raw(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn element(&mut self, name: &str, text: &str) {
        self.with(name, "", text);
    }

    /// An element with attributes, which begin with a space.
    fn with(&mut self, name: &str, attributes: &str, text: &str) {
        self.0.extend(["<", name, attributes, ">", &escaped(text), "</", name, ">\n"]);
    }

    /// An element without content.
    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let attributes: String =
            attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect();
        self.0.extend(["<", name, &attributes, "/>\n"]);
    }
}

fn rss_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// To the second, as feeds have it.
fn iso_date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn rss(feed: &Feed<'_>) -> String {
    let mut xml = Xml::new(
        "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:media=\"http://search.yahoo.com/mrss/\">",
    );
    xml.raw("<channel>");
    xml.element("title", feed.title);
    xml.element("link", feed.home());
    let description = if feed.about.description.is_empty() { feed.title } else { &feed.about.description };
    xml.element("description", description);
    if !feed.about.language.is_empty() {
        xml.element("language", &feed.about.language);
    }
    xml.element("lastBuildDate", &rss_date(feed.updated));
    xml.element("generator", "Crier");
    let own = feed.address(Format::Rss);
    xml.empty("atom:link", &[("href", &own), ("rel", "self"), ("type", "application/rss+xml")]);
    for published in &feed.entries {
        let entry = &published.entry;
        xml.raw("<item>");
        if !entry.title.is_empty() {
            xml.element("title", &entry.title);
        }
        if !entry.link.is_empty() {
            xml.element("link", &entry.link);
        }
        xml.with("guid", " isPermaLink=\"false\"", &published.id);
        xml.element("pubDate", &rss_date(published.at));
        xml.element("description", &entry.text);
        xml.element("content:encoded", &feed.html(published));
        for category in &entry.categories {
            xml.element("category", category);
        }
        for (index, file) in entry.files.iter().enumerate() {
            let (url, size) = (feed.file(published, file), file.size.to_string());
            // An item has one enclosure at most; all of its files are told by the media module.
            if index == 0 {
                xml.empty("enclosure", &[("url", &url), ("length", &size), ("type", &file.mime)]);
            }
            media_content(&mut xml, file, &url, &size);
        }
        xml.raw("</item>");
    }
    xml.raw("</channel>");
    xml.raw("</rss>");
    xml.0
}

fn media_content(xml: &mut Xml, file: &File, url: &str, size: &str) {
    let medium = file.mime.split('/').next().unwrap_or_default();
    let attributes = [("url", url), ("fileSize", size), ("type", &file.mime), ("medium", medium)];
    if file.alt.is_empty() {
        xml.empty("media:content", &attributes);
        return;
    }
    let attributes: String = attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect();
    xml.raw(&format!("<media:content{attributes}>"));
    xml.element("media:description", &file.alt);
    xml.raw("</media:content>");
}

fn atom(feed: &Feed<'_>) -> String {
    let language = if feed.about.language.is_empty() {
        String::new()
    } else {
        format!(" xml:lang=\"{}\"", escaped(&feed.about.language))
    };
    let mut xml = Xml::new(&format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"{language}>"));
    xml.element("title", feed.title);
    if !feed.about.description.is_empty() {
        xml.element("subtitle", &feed.about.description);
    }
    xml.element("id", &feed.id);
    xml.element("updated", &iso_date(feed.updated));
    xml.raw("<author>");
    xml.element("name", feed.title);
    xml.raw("</author>");
    let own = feed.address(Format::Atom);
    xml.empty("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", &own)]);
    xml.empty("link", &[("rel", "alternate"), ("href", feed.home())]);
    for published in &feed.entries {
        let entry = &published.entry;
        xml.raw("<entry>");
        xml.element("title", &entry.named());
        xml.element("id", &format!("urn:uuid:{}", published.id));
        xml.element("published", &iso_date(published.at));
        xml.element("updated", &iso_date(published.updated));
        if !entry.link.is_empty() {
            xml.empty("link", &[("rel", "alternate"), ("href", &entry.link)]);
        }
        for file in &entry.files {
            let (href, length) = (feed.file(published, file), file.size.to_string());
            xml.empty("link", &[("rel", "enclosure"), ("type", &file.mime), ("length", &length), ("href", &href)]);
        }
        for category in &entry.categories {
            xml.empty("category", &[("term", category)]);
        }
        xml.with("content", " type=\"html\"", &feed.html(published));
        xml.raw("</entry>");
    }
    xml.raw("</feed>");
    xml.0
}

fn json_feed(feed: &Feed<'_>) -> Value {
    let item = |published: &Published| {
        let entry = &published.entry;
        let mut item = json!({
            "id": published.id,
            "content_html": feed.html(published),
            "content_text": entry.text,
            "date_published": iso_date(published.at),
            "date_modified": iso_date(published.updated),
        });
        if !entry.title.is_empty() {
            item["title"] = entry.title.as_str().into();
        }
        if !entry.link.is_empty() {
            item["url"] = entry.link.as_str().into();
        }
        if !entry.categories.is_empty() {
            item["tags"] = json!(entry.categories);
        }
        let attachment = |file: &File| {
            let mut attachment = json!({
                "url": feed.file(published, file), "mime_type": file.mime, "size_in_bytes": file.size,
            });
            if file.duration_ms > 0 {
                attachment["duration_in_seconds"] = json!(file.duration_ms.div_ceil(1000));
            }
            attachment
        };
        let attachments: Vec<Value> = entry.files.iter().map(attachment).collect();
        if !attachments.is_empty() {
            item["attachments"] = attachments.into();
        }
        item
    };
    let mut json = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home(),
        "feed_url": feed.address(Format::Json),
        "items": feed.entries.iter().map(item).collect::<Vec<_>>(),
    });
    if !feed.about.description.is_empty() {
        json["description"] = feed.about.description.as_str().into();
    }
    if !feed.about.language.is_empty() {
        json["language"] = feed.about.language.as_str().into();
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Facts;

    fn written(format: Format) -> String {
        let facts = Facts::from_iter([("language".to_owned(), "en".into())]);
        let about = Description::of(&facts);
        let file = File {
            media: "019ab000-0000-7000-8000-000000000009".parse().unwrap(),
            name: "a bell.png".to_owned(),
            mime: "image/png".to_owned(),
            size: 7,
            alt: "A \"bell\"".to_owned(),
            duration_ms: 0,
        };
        let entry = Entry {
            title: String::new(),
            link: "https://example.org/?a=1&b=2".to_owned(),
            categories: vec!["R&D".to_owned()],
            html: "<p>a &lt; b\u{1}</p>".to_owned(),
            text: "a < b".to_owned(),
            files: vec![file],
        };
        let at = "2026-11-24T12:00:00.5Z".parse().unwrap();
        let entries = vec![Published { id: "k-0".to_owned(), at, updated: at, entry }];
        let base = "https://crier.example/feeds/t/";
        format.write(&Feed {
            title: "News & more",
            about: &about,
            base,
            id: "urn:uuid:1".to_owned(),
            updated: at,
            entries,
        })
    }

    #[test]
    fn what_stands_in_a_feed_is_escaped_once_for_each_layer() {
        let rss = written(Format::Rss);
        for piece in [
            "<title>News &amp; more</title>\n<link>https://crier.example/feeds/t/</link>",
            "<link>https://example.org/?a=1&amp;b=2</link>",
            "<guid isPermaLink=\"false\">k-0</guid>",
            "<pubDate>Tue, 24 Nov 2026 12:00:00 +0000</pubDate>",
            "<content:encoded>&lt;p&gt;a &amp;lt; b&lt;/p&gt;&lt;p&gt;&lt;img src=",
            "alt=&quot;A &amp;quot;bell&amp;quot;&quot;&gt;",
            "<category>R&amp;D</category>",
            "<enclosure url=\"https://crier.example/feeds/t/files/k-0/019ab000-0000-7000-8000-000000000009/a%20bell.png\" length=\"7\" type=\"image/png\"/>",
        ] {
            assert!(rss.contains(piece), "{piece}\n{rss}");
        }
        assert!(!rss.contains('\u{1}') && !rss.contains("<item>\n<title>"), "{rss}");
    }

    #[test]
    fn an_atom_entry_without_a_title_is_named_by_its_first_line() {
        let atom = written(Format::Atom);
        for piece in [
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">",
            "<title>a &lt; b</title>\n<id>urn:uuid:k-0</id>\n<published>2026-11-24T12:00:00Z</published>",
            "rel=\"enclosure\" type=\"image/png\" length=\"7\"",
        ] {
            assert!(atom.contains(piece), "{piece}\n{atom}");
        }
    }

    #[test]
    fn a_json_feed_says_only_what_there_is() {
        let json: Value = serde_json::from_str(&written(Format::Json)).unwrap();
        assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
        assert_eq!(json["items"][0]["attachments"][0]["size_in_bytes"], 7);
        assert!(json.get("description").is_none() && json["items"][0].get("title").is_none());
    }
}
