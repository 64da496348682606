//! Dribbble: shots of an account and its teams, by an app of one's own.
//!
//! After <https://developer.dribbble.com/v2/> (version 2, November 2026): OAuth, `user`, `user/shots`, `shots`. Tokens neither expire nor
//! are renewed. Dribbble knows no key for a shot, and makes shots some time after it has taken them.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{Delete, Edit};
use crate::check::PartToCheck;
use crate::choosing::Access;
use crate::connect::{ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, fixed};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Finding, Timestamp, channel::Identity};
use crier_net::{Answer, Client, Multipart};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

const ABOUT: About = About {
    id: "dribbble",
    name: "Dribbble",
    color: "#ea4c89",
    summary: "Shots on Dribbble, by an app of your own.",
    works_at_once: false,
    console: Some("https://dribbble.com/account/applications"),
    deadline_s: 300,
};

const API: &str = "https://api.dribbble.com/v2";
const SCOPES: &[Scope] = &[
    Scope { id: "public", why: "to know which account this is", required: true },
    Scope { id: "upload", why: "to publish your shots", required: true },
];
/// The only sizes of a shot, in pixels.
const SIZES: [(u32, u32); 2] = [(400, 300), (800, 600)];
const TAGS: usize = 12;
/// How many shots a look reads.
const PAGE: usize = 30;
/// How far Dribbble's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
const UPLOAD: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub struct Dribbble;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Title", length(min = 1, max = 255))]
    title: String,
    #[serde(default)]
    #[schemars(
        title = "Team",
        description = "Publishes for a team that you belong to; empty publishes as yourself.",
        regex(pattern = "^[0-9]*$"),
        extend("x-lookup" = "teams")
    )]
    team: String,
    #[serde(default)]
    #[schemars(title = "Tags", description = "Up to 12.", length(max = TAGS), inner(length(min = 1, max = 100)))]
    tags: Vec<String>,
    #[serde(default)]
    #[schemars(title = "Low profile", description = "Followers are not told of it, and it does not show in lists.")]
    low_profile: bool,
}

impl Network for Dribbble {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    /// Dribbble sets no limit to a description; ours keeps a mistake from growing.
    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules { required_without_media: false, ..TextRules::up_to(40_000, Unit::Grapheme) },
            media: MediaRules::up_to(
                1,
                vec![MediaKind::up_to(8_000_000, &["image/jpeg", "image/png", "image/gif"])],
                None,
            ),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        parts.iter().filter_map(wrong_picture).collect()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    fn recent(&self) -> Option<&dyn Recent> {
        Some(self)
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

fn wrong_picture(part: &PartToCheck<'_>) -> Option<Finding> {
    let Some(media) = part.media.first() else {
        let message = "Dribbble takes no shot without a picture.";
        return Some(Finding::error(format!("{}/media", part.pointer), "media.missing", message, "Add one."));
    };
    // A size of 0 is an unknown one.
    let fits = media.width == 0 || SIZES.contains(&(media.width, media.height));
    (!fits).then(|| {
        let (width, height) = (media.width, media.height);
        let message = format!("Dribbble takes pictures of 400 × 300 or 800 × 600 pixels; this is {width} × {height}.");
        let fix = "Crop and scale it to 800 × 600 pixels.";
        Finding::error(format!("{}/media/0", part.pointer), "media.ratio", message, fix)
    })
}

fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let status = refusal.detail().status;
    match refusal {
        Refusal::Content(detail) if status == Some(403) => Refusal::Auth(detail.diagnosed(Code::WrongKind)),
        other if said.contains("image") || said.contains("file") => other.at("/media"),
        other if said.contains("team") => other.at("/settings/team"),
        other if said.contains("tag") => other.at("/settings/tags"),
        other if said.contains("title") => other.at("/settings/title"),
        other => other,
    }
}

/// A refusal of what was sent, with the reason where Dribbble gives one beside “Validation failed”.
fn told(answer: &Answer) -> Refusal {
    let body = answer.json::<Value>().unwrap_or_default();
    let reason = body.pointer("/errors/0/message").and_then(Value::as_str).map(crier_net::redact);
    refine(Refusal::from_answer(answer).map(|detail| match reason {
        Some(message) => Detail { message, ..detail },
        None => detail,
    }))
}

#[derive(Deserialize)]
struct User {
    id: u64,
    name: String,
    login: String,
    #[serde(default)]
    avatar_url: Option<String>,
    #[serde(default)]
    can_upload_shot: bool,
    #[serde(default)]
    teams: Vec<Team>,
}

#[derive(Deserialize)]
struct Team {
    id: u64,
    name: String,
    #[serde(default)]
    login: String,
}

async fn user(net: &Client, credentials: &Credentials) -> Result<User, Refusal> {
    let request = net.get(format!("{API}/user")).bearer(credentials.access_token.expose());
    call::ask(request, credentials, refine).await
}

#[async_trait]
impl OAuth2 for Dribbble {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        fixed(
            "https://dribbble.com/oauth/authorize",
            "https://dribbble.com/oauth/token",
            ClientAuth::Body,
            Dialect::default(),
        )
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let user = user(net, credentials).await?;
        if !user.can_upload_shot {
            let said = format!("Dribbble does not let {} upload shots; that takes a designer's account", user.login);
            return Err(Refusal::Auth(Detail::new(said).diagnosed(Code::WrongKind)));
        }
        let identity = Identity {
            remote_id: user.id.to_string(),
            name: user.name,
            profile_url: Some(format!("https://dribbble.com/{}", user.login)),
            handle: user.login,
            avatar_url: user.avatar_url.filter(|picture| !picture.is_empty()),
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[async_trait]
impl Publish for Dribbble {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let none = || Refusal::Content(Detail::new("a shot needs a picture")).at("/media");
        let media = item.media.first().ok_or_else(none)?;
        let form = self.shot(cx, item, &settings, media).await?;
        let request = cx.net.post(format!("{API}/shots")).bearer(cx.credentials.access_token.expose());
        let request = request.multipart(form).timeout(UPLOAD);
        let judged = |answer: Answer| if answer.is_success() { Ok(answer) } else { Err(told(&answer)) };
        let create = || async {
            let answer = call::judged(request, cx.credentials, judged).await?;
            let id = answer.header("location").and_then(|place| place.trim_end_matches('/').rsplit('/').next());
            let id = id.map(|id| id.split('-').next().unwrap_or(id).to_owned()).filter(|id| !id.is_empty());
            id.ok_or_else(|| Refusal::Unknown(Detail::new("Dribbble answered without the shot's address")))
        };
        Ok(sent(cx.step("create shot", Once::Look, create).await?))
    }
}

fn sent(id: String) -> Sent {
    Sent { url: Some(format!("https://dribbble.com/shots/{id}")), remote_id: id, data: Value::Null }
}

impl Dribbble {
    async fn shot(
        &self,
        cx: &Cx<'_>,
        item: &Item,
        settings: &Settings,
        media: &MediaItem,
    ) -> Result<Multipart, Refusal> {
        let mut form = Multipart::new().text("title", &settings.title);
        let words = self.render(&item.body);
        if !words.is_empty() {
            form = form.text("description", words);
        }
        for tag in &settings.tags {
            form = form.text("tags[]", tag);
        }
        if !settings.team.is_empty() {
            form = form.text("team_id", &settings.team);
        }
        if settings.low_profile {
            form = form.text("low_profile", "true");
        }
        Ok(form.part("image", &media.name, &media.mime, cx.body(media).await?))
    }
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    title: String,
    published_at: Timestamp,
}

#[async_trait]
impl Recent for Dribbble {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let since = cx.due_at - CLOCK_SLACK;
        let request = cx.net.get(format!("{API}/user/shots")).query(&[("page", 1), ("per_page", PAGE)]);
        let request = request.bearer(cx.credentials.access_token.expose());
        let shots: Vec<Listed> = call::ask(request, cx.credentials, refine).await?;
        let is_it = |shot: &&Listed| shot.published_at >= since && shot.title == settings.title;
        match shots.iter().find(is_it) {
            Some(shot) => Ok(Some(sent(shot.id.to_string()))),
            None if shots.len() < PAGE || shots.iter().any(|shot| shot.published_at < since) => Ok(None),
            None => {
                let said = "there are too many newer shots to tell whether this one is among them";
                Err(Refusal::Unknown(Detail::new(said)))
            }
        }
    }
}

#[async_trait]
impl Lookup for Dribbble {
    fn names(&self) -> &'static [&'static str] {
        &["teams"]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let item = |team: Team| LookupItem { id: team.id.to_string(), name: team.name, detail: team.login };
        Ok(fitting(user(access.net, access.credentials).await?.teams.into_iter().map(item), query))
    }
}
