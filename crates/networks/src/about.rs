//! The trait every network implements.

use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::nickname::Nickname;
use crate::plugs::{Comments, Reposts};
use crate::{
    Connect, Way, check::PartToCheck, choosing::Choosing, connect::Facts, lookup::Lookup, publish::Publish,
    publish::Recent,
};
use crier_model::{Document, Finding, Formatting, rules::Rules};

/// What never changes about a network.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Lower case, stable, in URLs and rows: `mastodon`.
    pub id: &'static str,
    pub name: &'static str,
    /// `#rrggbb`, for marks beside avatars.
    pub color: &'static str,
    /// One sentence for the list of networks.
    pub summary: &'static str,
    /// Whether it connects without an app of one's own at the network's console.
    pub works_at_once: bool,
    /// Where an app is registered, where one is needed.
    pub console: Option<&'static str>,
    /// How long a claim may work on one publication before it counts as stuck, in seconds.
    pub deadline_s: u32,
}

/// A place one can publish to.
pub trait Network: Send + Sync {
    fn about(&self) -> &'static About;
    /// How an account is connected; where there are several ways, by the recommended one.
    fn connect(&self) -> Connect<'_>;
    /// The ways there are to connect an account, the recommended one first.
    fn ways(&self) -> Vec<Way<'_>> {
        vec![Way::only(self.connect())]
    }
    /// The second question after signing in, where an account's pages, blogs or organisations are what is connected.
    fn choosing(&self) -> Option<&dyn Choosing> {
        None
    }
    /// What it takes; `facts` are those learnt from the channel's server at connect (an instance's own limits).
    fn rules(&self, facts: &Facts) -> Rules;
    /// The JSON schema of the settings of one publication; an object, perhaps without properties.
    fn settings_schema(&self) -> serde_json::Value;
    /// The text of a part as the network gets it: what is counted and, without media, what must not be empty.
    fn render(&self, body: &Document) -> String {
        body.to_plain()
    }
    /// What of a part's formatting its readers see.
    fn formatting(&self) -> Formatting {
        Formatting::PLAIN
    }
    /// A part as its readers see it, for previews.
    fn shown(&self, body: &Document) -> Document {
        let formatting = self.formatting();
        if formatting == Formatting::PLAIN { Document::from_plain(&self.render(body)) } else { formatting.of(body) }
    }
    /// What the network minds besides its rules (files that don't go together, a setting that counts as text). Asked
    /// only with settings that fit the schema.
    fn check(
        &self,
        facts: &Facts,
        parts: &[PartToCheck<'_>],
        settings: &serde_json::Map<String, serde_json::Value>,
    ) -> Vec<Finding> {
        let _ = (facts, parts, settings);
        Vec::new()
    }
    fn publish(&self) -> &dyn Publish;
    /// Whether what is published to it is given out by this server itself, as a feed ([`crate::rss`]).
    fn is_feed(&self) -> bool {
        false
    }
    /// What settings are chosen from at the network.
    fn lookup(&self) -> Option<&dyn Lookup> {
        None
    }
    /// How to find a publication whose answer was lost.
    fn recent(&self) -> Option<&dyn Recent> {
        None
    }
    /// The numbers of its posts, where it tells them.
    fn post_metrics(&self) -> Option<&dyn PostMetrics> {
        None
    }
    /// The numbers of the account, where it tells them.
    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        None
    }
    /// How what was sent is taken back, where it can be.
    fn delete(&self) -> Option<&dyn Delete> {
        None
    }
    /// How what was sent gets other words, where it can.
    fn edit(&self) -> Option<&dyn Edit> {
        None
    }
    /// How its accounts are given names of their own where they post, where they can be.
    fn nickname(&self) -> Option<&dyn Nickname> {
        None
    }
    /// How its accounts show posts again, where an app may do that.
    fn reposts(&self) -> Option<&dyn Reposts> {
        None
    }
    /// How its accounts answer posts, where an app may do that.
    fn comments(&self) -> Option<&dyn Comments> {
        None
    }
    /// One word for all networks whose accounts see each other's posts under the same ids.
    fn family(&self) -> &'static str {
        self.about().id
    }
}

impl dyn Network + '_ {
    /// How an account is connected by the way of this id; none when there is no such way.
    #[must_use]
    pub fn way(&self, id: &str) -> Option<Connect<'_>> {
        self.ways().into_iter().find(|way| way.id == id).map(|way| way.connect)
    }
}

/// The schema of a network without settings.
#[must_use]
pub fn no_settings() -> serde_json::Value {
    serde_json::json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

#[cfg(test)]
mod tests {
    use crate::{Registry, registry, text};
    use crier_model::formatting::Editor;
    use crier_model::{Document, Formatting};

    /// Everything that has more than one way to be shown.
    const SAMPLE: &str = "<h2>Head</h2><p>One <strong>bold</strong> <em>it</em> <u>under</u> <s>no</s> <code>a_b</code><br>\
        and <a href=\"https://example.org/x\">here</a></p><ul><li>x</li><li>y</li></ul><blockquote>said</blockquote><pre>a\nb</pre>";

    #[test]
    fn a_preview_shows_what_is_read_in_the_markdown_that_is_sent() {
        let sample = text::html::read(SAMPLE);
        let mut seen = Vec::new();
        for network in Registry::new(&registry::Settings::default()).all() {
            let id = network.about().id;
            // These send other things than the Markdown that their readers see: entities, cards, marks of their own.
            let of_its_own = ["discord", "ms-teams", "tumblr"].contains(&id);
            if network.formatting().editor() == Editor::Markdown && !of_its_own {
                assert_eq!(text::markdown::read(&network.render(&sample)), network.shown(&sample), "{id}");
                seen.push(id);
            }
        }
        assert!(seen.contains(&"lemmy") && seen.contains(&"mattermost"), "{seen:?}");
    }

    #[test]
    fn a_network_without_formatting_shows_the_words_that_it_is_sent() {
        let sample = text::html::read(SAMPLE);
        for network in Registry::new(&registry::Settings::default())
            .all()
            .filter(|network| network.formatting() == Formatting::PLAIN)
        {
            let (shown, sent) = (network.shown(&sample), network.render(&sample));
            assert_eq!(shown, Document::from_plain(&sent), "{}", network.about().id);
            assert!(!sent.contains("**") && !sent.contains("</"), "{}: {sent}", network.about().id);
        }
    }
}
