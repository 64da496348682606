//! Incoming webhooks of chats: Mattermost, Microsoft Teams and Google Chat. Each is one channel, known by an address that is a secret.
//!
//! After <https://developers.mattermost.com/integrate/webhooks/incoming/> (2026), Microsoft's page on webhooks with Workflows and the schema
//! at <https://adaptivecards.io> 1.4 (2026; connectors of Office 365 ended in that spring), and
//! <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create> (2026). Pictures go by their public address. Google
//! Chat takes a request's id once; the others answer nothing by which a message could be found again.

use crate::about::{About, Network};
use crate::check::PartToCheck;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::text::chat;
use crate::text::markdown::{self, Flavour};
use crate::{Detail, Refusal, about::no_settings, call, settings, webhook};
use async_trait::async_trait;
use crier_model::document::{Block, Inline, Mark};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Finding, Formatting, Secret, channel::Identity};
use crier_net::{Answer, Client, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use url::Url;

const MATTERMOST: About = About {
    id: "mattermost",
    name: "Mattermost",
    color: "#1e325c",
    summary: "A channel of your Mattermost server, by an incoming webhook.",
    works_at_once: true,
    console: None,
    deadline_s: 90,
};

const TEAMS: About = About {
    id: "ms-teams",
    name: "Microsoft Teams",
    color: "#5b5fc7",
    summary: "A channel or chat in Microsoft Teams, by a workflow of your own.",
    works_at_once: true,
    console: None,
    deadline_s: 90,
};

const GOOGLE: About = About {
    id: "google-chat",
    name: "Google Chat",
    color: "#00832d",
    summary: "A space in Google Chat, by a webhook.",
    works_at_once: true,
    console: None,
    deadline_s: 90,
};

/// Where the secret address is kept, and in front of the names of its secret pieces.
const URL_KEY: &str = "url";
const PIECE: &str = "piece ";
/// The largest message of Teams, with room for what goes around ours.
const TEAMS_BYTES: usize = 27_000;

/// Google Chat's own way with the marks. Nothing is escaped there.
const GOOGLE_MARKS: chat::Dialect = chat::Dialect { escape: |text| text.to_owned(), bullet: "* " };
/// A card's text knows no other marks, and would show what stands for them.
const CARD_FORMATTING: Formatting = Formatting { marks: &[Mark::Bold, Mark::Italic], ..Formatting::MARKDOWN };
/// The Markdown of an adaptive card's text.
const CARD: Flavour = Flavour { underline: "", line_break: "\n\n", escaped: "\\*_[]", angled_links: false };

/// Which chat it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatWebhook {
    Mattermost,
    Teams,
    Google,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct MattermostSettings {
    #[schemars(
        title = "Posted as",
        description = "A name in place of the webhook's own, where the server allows that.",
        length(max = 64)
    )]
    username: String,
}

impl Network for ChatWebhook {
    fn about(&self) -> &'static About {
        match self {
            Self::Mattermost => &MATTERMOST,
            Self::Teams => &TEAMS,
            Self::Google => &GOOGLE,
        }
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let (max, unit, parts) = match self {
            Self::Mattermost => (16_383, Unit::Grapheme, PartsRules::alike(1, PartsKind::None)),
            Self::Teams => (20_000, Unit::Byte, PartsRules::alike(1, PartsKind::None)),
            Self::Google => (28_000, Unit::Byte, PartsRules::alike(25, PartsKind::Comment)),
        };
        Rules {
            text: TextRules::up_to(max, unit),
            media: MediaRules {
                fetched: true,
                linked: true,
                ..MediaRules::up_to(
                    6,
                    vec![MediaKind::up_to(20_000_000, &["image/jpeg", "image/png", "image/gif"])],
                    Some(500),
                )
            },
            parts,
        }
    }

    fn settings_schema(&self) -> Value {
        match self {
            Self::Mattermost => settings::schema::<MattermostSettings>(),
            Self::Teams | Self::Google => no_settings(),
        }
    }

    fn formatting(&self) -> Formatting {
        match self {
            Self::Mattermost => Formatting::MARKDOWN,
            Self::Teams => CARD_FORMATTING,
            Self::Google => chat::FORMATTING,
        }
    }

    fn render(&self, body: &Document) -> String {
        match self {
            Self::Mattermost => markdown::write(body),
            Self::Teams => body.to_plain(),
            Self::Google => chat::write(body, GOOGLE_MARKS),
        }
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        let is_too_large = |part: &&PartToCheck<'_>| card(part.body, part.media).to_string().len() > TEAMS_BYTES;
        let large = parts.iter().filter(|_| *self == Self::Teams).filter(is_too_large);
        let finding = |part: &PartToCheck<'_>| {
            let message = "Microsoft Teams takes messages of 27 kB with their formatting; this is more.";
            Finding::error(
                format!("{}/text", part.pointer),
                "text.too_long",
                message,
                "Shorten it, or format less of it.",
            )
        };
        large.map(finding).collect()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }
}

impl ChatWebhook {
    /// The address as typed.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    fn address(self, typed: &str) -> Result<Url, (String, &'static str)> {
        let example = self.example();
        let url = webhook::address(typed).map_err(|message| (message, example))?;
        let host = url.host_str().unwrap_or_default();
        let has = |name: &str| url.query_pairs().any(|(known, value)| known == name && !value.is_empty());
        let path = url.path();
        match self {
            Self::Mattermost if path.contains("/hooks/") && !path.ends_with("/hooks/") => Ok(url),
            Self::Google if path.ends_with("/messages") && has("key") && has("token") => Ok(url),
            Self::Teams if host == "webhook.office.com" || host.ends_with(".webhook.office.com") => {
                let said = "Microsoft has ended the connectors of Office 365, which this address is of.".to_owned();
                Err((
                    said,
                    "Make a workflow in Teams (“Post to a channel when a webhook request is received”) and copy its address.",
                ))
            }
            Self::Teams if has("sig") => Ok(url),
            _ => Err((format!("This is no address of a webhook of {}.", self.about().name), example)),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Mattermost => "Copy the whole address; it looks like https://chat.example.org/hooks/abc….",
            Self::Teams => "Copy the whole address; it ends in “&sig=” and letters.",
            Self::Google => {
                "Copy the whole address; it looks like https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…."
            }
        }
    }

    /// What of an address must not be told even alone.
    fn pieces(self, url: &Url) -> Vec<String> {
        let named = |wanted: &[&str]| {
            let pairs = url.query_pairs().filter(|(name, _)| wanted.contains(&&**name));
            pairs.map(|(_, value)| value.into_owned()).collect()
        };
        match self {
            Self::Mattermost => {
                url.path_segments().and_then(|mut all| all.next_back()).map(str::to_owned).into_iter().collect()
            }
            Self::Teams => named(&["sig"]),
            Self::Google => named(&["key", "token"]),
        }
    }

    fn message(self, item: &Item) -> Result<Value, Refusal> {
        Ok(match self {
            Self::Mattermost => {
                let settings: MattermostSettings = settings::read(&item.settings)?;
                let shown = |media: &MediaItem| {
                    let words = if media.alt.is_empty() { &media.name } else { &media.alt };
                    json!({ "fallback": words, "image_url": media.url, "text": media.alt })
                };
                let mut message = json!({ "text": self.render(&item.body) });
                if !item.media.is_empty() {
                    message["attachments"] = item.media.iter().map(shown).collect();
                }
                if !settings.username.is_empty() {
                    message["username"] = settings.username.into();
                }
                message
            }
            Self::Teams => card(&item.body, &item.media),
            Self::Google => {
                let picture = |media: &MediaItem| json!({ "image": { "imageUrl": media.url, "altText": media.alt } });
                let widgets: Vec<Value> = item.media.iter().map(picture).collect();
                let mut message = json!({ "text": self.render(&item.body) });
                if !widgets.is_empty() {
                    let card = json!({ "sections": [{ "widgets": widgets }] });
                    message["cardsV2"] = json!([{ "cardId": "files", "card": card }]);
                }
                message
            }
        })
    }

    fn judge(answer: Answer) -> Result<Answer, Refusal> {
        if answer.is_success() {
            return Ok(answer);
        }
        let refusal = Refusal::from_answer(&answer);
        Err(match (answer.status(), refusal) {
            // The webhook was deleted or switched off.
            (401 | 403 | 404 | 410, Refusal::Content(detail) | Refusal::Auth(detail) | Refusal::Temporary(detail)) => {
                Refusal::Auth(detail.diagnosed(Code::CredentialsWrong))
            }
            (413, Refusal::Content(detail) | Refusal::Temporary(detail)) => {
                Refusal::Content(Detail { diagnosis: None, ..detail }).at("/text")
            }
            (_, refusal) => refusal,
        })
    }
}

/// A message of Teams: each block of the text by itself, for a card knows neither headings nor quotes in its text.
fn card(body: &Document, media: &[MediaItem]) -> Value {
    let text = |block: Block| markdown::write_as(&Document { blocks: vec![block] }, &CARD);
    let body = CARD_FORMATTING.of(body);
    let words = body.blocks.iter().map(|block| match block {
        Block::Heading { content, .. } => {
            let words = text(Block::Paragraph { content: content.clone() });
            json!({ "type": "TextBlock", "text": words, "wrap": true, "size": "Large", "weight": "Bolder" })
        }
        Block::Quote { content } => {
            let words = text(Block::Paragraph { content: content.clone() });
            json!({ "type": "TextBlock", "text": words, "wrap": true, "isSubtle": true })
        }
        Block::Code { text: code } => {
            let code = Inline::Text { text: code.clone(), marks: Vec::new() };
            let words = text(Block::Paragraph { content: vec![code] });
            json!({ "type": "TextBlock", "text": words, "wrap": true, "fontType": "Monospace" })
        }
        other => json!({ "type": "TextBlock", "text": text(other.clone()), "wrap": true }),
    });
    let pictures = media.iter().map(|media| json!({ "type": "Image", "url": media.url, "altText": media.alt }));
    let content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": words.chain(pictures).collect::<Vec<_>>(),
        "msteams": { "width": "Full" },
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": content,
    });
    json!({ "type": "message", "attachments": [attachment] })
}

#[async_trait]
impl Form for ChatWebhook {
    fn fields(&self) -> Vec<Field> {
        let field = Field::new;
        let (placeholder, help) = match self {
            Self::Mattermost => (
                "https://chat.example.org/hooks/…",
                "In Mattermost: Integrations, Incoming Webhooks, Add. A short message is sent there once.",
            ),
            Self::Teams => (
                "https://….logic.azure.com/workflows/…",
                "In Teams: the channel's Workflows, “Post to a channel when a webhook request is received”. A short message is sent there once.",
            ),
            Self::Google => (
                "https://chat.googleapis.com/v1/spaces/…",
                "In the space: Apps & integrations, Webhooks, Add. A short message is sent there once.",
            ),
        };
        vec![
            field("url", "Webhook address", FieldKind::Url, true, placeholder, help),
            field("name", "Name", FieldKind::Text, false, "News", "How the channel is called here."),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name: &str| values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let url = self.address(value("url").unwrap_or_default()).map_err(|(message, fix)| FormRefusal::Field {
            name: "url",
            message,
            fix: fix.to_owned(),
        })?;
        let pieces = self.pieces(&url).into_iter().enumerate();
        let pieces = pieces.map(|(index, piece)| (format!("{PIECE}{index}"), Secret::from(piece)));
        let address = [(URL_KEY.to_owned(), Secret::from(url.as_str()))];
        let credentials = Credentials { extra: address.into_iter().chain(pieces).collect(), ..Credentials::default() };
        let greeting = Item {
            index: 0,
            body: Document::from_plain("Crier can post here now."),
            media: Vec::new(),
            settings: Map::new(),
            thread: None,
        };
        let request = net.post(&url).no_redirects().json(&self.message(&greeting)?);
        let greeted = call::judged(request, &credentials, Self::judge).await.map_err(Refusal::harmless);
        greeted.map_err(|refusal| FormRefusal::FieldRefused { name: "url", refusal })?;
        let host = url[url::Position::BeforeHost..url::Position::BeforePath].to_owned();
        let identity = Identity {
            remote_id: hex::encode(Sha256::digest(url.as_str())),
            name: value("name").unwrap_or(&host).to_owned(),
            handle: host,
            profile_url: None,
            avatar_url: None,
        };
        Ok(SignedIn {
            instance: None,
            credentials,
            identified: Identified { identity, granted: None, facts: Facts::new() },
        })
    }
}

fn request(cx: &Cx<'_>) -> Result<Request, Refusal> {
    let lost = || Refusal::Auth(Detail::new("the channel has lost its address; connect it again"));
    Ok(cx.net.post(cx.credentials.extra.get(URL_KEY).ok_or_else(lost)?.expose()).no_redirects())
}

/// What Google Chat made of a message.
#[derive(Deserialize)]
struct Named {
    name: String,
}

#[async_trait]
impl Publish for ChatWebhook {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let key = cx.key();
        let mut message = self.message(item)?;
        let mut request = request(cx)?;
        if *self == Self::Google {
            // Further parts go where the first one began a thread.
            let thread = item.thread.as_ref().and_then(|thread| thread.root.data["thread"].as_str()).unwrap_or(&key);
            message["thread"] = json!({ "threadKey": thread });
            let reply = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
            request = request.query(&[("requestId", key.as_str()), ("messageReplyOption", reply)]);
        }
        let once = if *self == Self::Google { Once::Key(key.clone()) } else { Once::Ask };
        let send = || async {
            let answer = call::judged(request.json(&message), cx.credentials, Self::judge).await?;
            // The others answer a word or nothing, so that a message has no name but ours.
            Ok(answer.json::<Named>().map_or_else(|_| key.clone(), |named| named.name))
        };
        let remote_id: String = cx.step("send", once, send).await?;
        let data =
            if *self == Self::Google { json!({ "thread": message["thread"]["threadKey"] }) } else { Value::Null };
        Ok(Sent { remote_id, url: None, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::html;

    #[test]
    fn addresses_of_other_chats_are_told_apart() {
        let mattermost = "https://chat.example.org/hooks/xyz8kdy3jf8zdp4w5k6bpszzzz";
        let google = "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=t";
        let teams = "https://prod-1.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01&sig=s";
        for (network, good) in
            [(ChatWebhook::Mattermost, mattermost), (ChatWebhook::Google, google), (ChatWebhook::Teams, teams)]
        {
            for address in [mattermost, google, teams, "https://example.org/", "http://example.org/hooks/x", ""] {
                assert_eq!(network.address(address).is_ok(), address == good, "{network:?} {address}");
            }
        }
        let ended = ChatWebhook::Teams.address("https://example.webhook.office.com/webhookb2/x/IncomingWebhook/y");
        assert!(ended.unwrap_err().0.contains("ended"));
    }

    #[test]
    fn each_chat_has_its_own_marks() {
        let html =
            "<h2>News</h2><p><b>a_b</b> <i>c</i> <a href=\"https://example.org/\">here</a></p><ul><li>x</li></ul>";
        let body = html::read(html);
        assert_eq!(ChatWebhook::Google.render(&body), "*News*\n\n*a_b* _c_ <https://example.org/|here>\n\n* x");
        let card = card(&body, &[]);
        let texts = card.pointer("/attachments/0/content/body").unwrap();
        assert_eq!(
            texts[0],
            json!({ "type": "TextBlock", "text": "News", "wrap": true, "size": "Large", "weight": "Bolder" })
        );
        assert_eq!(texts[1]["text"], "**a\\_b** *c* [here](https://example.org/)");
        assert_eq!(texts[2]["text"], "- x");
    }
}
