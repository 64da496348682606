//! Farcaster: casts and threads of an account, by a signer at Neynar.
//!
//! After <https://docs.neynar.com/reference> (API version 2, description 3.174, May 2026): `signer`, `user/bulk`, `user/search`, `cast`,
//! `channel/search`. Neynar, which has run Farcaster since January 2026, keeps the signer's key and signs; `idem` keeps a cast from being
//! made twice. Files are embedded by their addresses, which then have to stay public.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, PostMetrics};
use crate::choosing::Access;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, MENTIONS, PEOPLE, typed_name};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::{Detail, Refusal, call, settings, text};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Secret, channel::Identity};
use crier_net::{Client, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const ABOUT: About = About {
    // The compatible API has it under this name.
    id: "wrapcast",
    name: "Farcaster",
    color: "#855dcd",
    summary: "Casts and threads on Farcaster, by a signer and an API key of Neynar.",
    works_at_once: true,
    console: None,
    deadline_s: 180,
};

const API: &str = "https://api.neynar.com/v2/farcaster";
/// In [`Credentials::extra`]: what signs for the account.
const SIGNER: &str = "signer_uuid";
/// In the facts: whether the account has Farcaster Pro.
const PRO: &str = "pro";
/// UTF-8 bytes of a cast, and of one of Farcaster Pro.
const BYTES: (usize, usize) = (1024, 10_000);
/// Embeds of a cast, and of one of Farcaster Pro.
const EMBEDS: (usize, usize) = (2, 4);

#[derive(Debug)]
pub struct Farcaster;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Channel",
        description = "Where it is cast; empty casts it to your followers alone.",
        length(max = 64),
        extend("x-lookup" = "subreddits")
    )]
    channel: String,
}

fn of<T>(facts: &Facts, (plain, pro): (T, T)) -> T {
    if facts.get(PRO).is_some_and(|pro| pro == true) { pro } else { plain }
}

impl Network for Farcaster {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        let pictures = MediaKind::up_to(10_000_000, &["image/jpeg", "image/png", "image/gif", "image/webp"]);
        Rules {
            text: TextRules::up_to(of(facts, BYTES), Unit::Byte),
            media: MediaRules {
                fetched: true,
                linked: true,
                ..MediaRules::up_to(of(facts, EMBEDS), vec![pictures], None)
            },
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    fn post_metrics(&self) -> Option<&dyn PostMetrics> {
        Some(self)
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    let key = credentials.access_token.expose();
    call::json(request.secret_header("x-api-key", key), credentials, refine).await
}

/// [`send`] for a request that only asks.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    send(request, credentials).await.map_err(Refusal::harmless)
}

fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let status = refusal.detail().status;
    match refusal {
        // The month's credits are used up.
        Refusal::Content(detail) if status == Some(402) => {
            Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
        }
        Refusal::Content(detail) if status == Some(403) || said.contains("signer") => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsWrong))
        }
        other if said.contains("channel") => other.at("/settings/channel"),
        other if said.contains("embed") => other.at("/media"),
        other if said.contains("text") || said.contains("length") => other.at("/text"),
        other => other,
    }
}

#[derive(Deserialize)]
struct Signer {
    status: String,
    #[serde(default)]
    fid: Option<u64>,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    username: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    pfp_url: Option<String>,
    #[serde(default)]
    pro: Option<Pro>,
    #[serde(default)]
    follower_count: i64,
}

#[derive(Deserialize)]
struct Pro {
    status: String,
}

async fn user(net: &Client, credentials: &Credentials, fid: &str) -> Result<User, Refusal> {
    let request = net.get(format!("{API}/user/bulk/")).query(&[("fids", fid)]);
    let found: Users = ask(request, credentials).await?;
    let nobody = || Refusal::Temporary(Detail::new("Neynar answered without the account"));
    found.users.into_iter().next().ok_or_else(nobody)
}

/// What signs for the account.
fn signer(credentials: &Credentials) -> Result<&Secret, Refusal> {
    let lost = || Refusal::Auth(Detail::new("the channel has lost its signer; connect it again"));
    credentials.extra.get(SIGNER).ok_or_else(lost)
}

#[async_trait]
impl Form for Farcaster {
    fn fields(&self) -> Vec<Field> {
        let field = |name, label, kind, help| Field::new(name, label, kind, true, "", help);
        vec![
            field("apiKey", "Neynar API key", FieldKind::Password, "From your app at dev.neynar.com."),
            field(
                "signer",
                "Signer UUID",
                FieldKind::Text,
                "Of a signer of that app which you have approved with your Farcaster account.",
            ),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let uuid = typed(values, "signer");
        let credentials = Credentials {
            access_token: typed(values, "apiKey").into(),
            extra: [(SIGNER.to_owned(), Secret::from(uuid))].into(),
            ..Credentials::default()
        };
        let request = net.get(format!("{API}/signer/")).query(&[("signer_uuid", uuid)]);
        let signer: Signer = ask(request, &credentials).await.map_err(|refusal| {
            let name = if refusal.detail().status == Some(401) { "apiKey" } else { "signer" };
            let is_theirs = matches!(refusal, Refusal::Auth(_) | Refusal::Content(_));
            if is_theirs { FormRefusal::FieldRefused { name, refusal } } else { FormRefusal::Refused(refusal) }
        })?;
        let Some(fid) = signer.fid.filter(|_| signer.status == "approved") else {
            return Err(FormRefusal::Field {
                name: "signer",
                message: format!("The signer is not approved: Neynar says “{}”.", crier_net::redact(&signer.status)),
                fix: "Open its approval link and approve it with your Farcaster account, then try again.".to_owned(),
            });
        };
        let user = user(net, &credentials, &fid.to_string()).await?;
        let is_pro = user.pro.is_some_and(|pro| pro.status == "subscribed");
        let identity = Identity {
            remote_id: fid.to_string(),
            name: user.display_name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| user.username.clone()),
            profile_url: Some(format!("https://farcaster.xyz/{}", user.username)),
            handle: user.username,
            avatar_url: user.pfp_url.filter(|picture| !picture.is_empty()),
        };
        let facts = Facts::from_iter([(PRO.to_owned(), is_pro.into())]);
        Ok(SignedIn { instance: None, credentials, identified: Identified { identity, granted: None, facts } })
    }
}

#[derive(Deserialize)]
struct Made {
    cast: Cast,
}

#[derive(Serialize, Deserialize)]
struct Cast {
    hash: String,
}

#[async_trait]
impl Publish for Farcaster {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let (cast, key) = (self.cast(cx, item, &settings)?, idem(&cx.key()));
        let request = cx.net.post(format!("{API}/cast/")).json(&cast);
        let create = || async { Ok(send::<Made>(request, cx.credentials).await?.cast) };
        let Cast { hash } = cx.step("cast", Once::Key(key), create).await?;
        // Addresses have the beginning of the hash.
        let begin: String = hash.chars().take(10).collect();
        let url = format!("https://farcaster.xyz/{}/{begin}", cx.handle);
        Ok(Sent { remote_id: hash, url: Some(url), data: Value::Null })
    }
}

/// Of the length that Neynar takes.
fn idem(key: &str) -> String {
    hex::encode(Sha256::digest(key))[..16].to_owned()
}

impl Farcaster {
    /// Files are embedded, and then as many addresses of the text as there is room for: only embeds get a preview.
    fn cast(&self, cx: &Cx<'_>, item: &Item, settings: &Settings) -> Result<Value, Refusal> {
        let signer = signer(cx.credentials)?;
        let words = self.render(&item.body);
        let address = |(index, media): (usize, &MediaItem)| {
            let lacks = || Refusal::Content(Detail::new("the picture has no public address that could be embedded"));
            media.url.clone().ok_or_else(|| lacks().at(&format!("/media/{index}")))
        };
        let mut addresses: Vec<String> = item.media.iter().enumerate().map(address).collect::<Result<_, _>>()?;
        let links = text::urls(&words).into_iter().filter(|url| url.starts_with("http")).map(str::to_owned);
        addresses.extend(links);
        addresses.dedup();
        let embeds = addresses.iter().take(of(cx.facts, EMBEDS)).map(|url| json!({ "url": url }));
        let embeds: Vec<Value> = embeds.collect();
        let mut cast = json!({ "signer_uuid": signer.expose(), "text": words, "idem": idem(&cx.key()) });
        if !embeds.is_empty() {
            cast["embeds"] = embeds.into();
        }
        if let Some(thread) = &item.thread {
            cast["parent"] = thread.parent.remote_id.as_str().into();
        } else if !settings.channel.is_empty() {
            cast["channel_id"] = settings.channel.as_str().into();
        }
        Ok(cast)
    }
}

#[derive(Deserialize)]
struct Channels {
    channels: Vec<Channel>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct FoundUsers {
    result: Users,
}

#[async_trait]
impl Lookup for Farcaster {
    fn names(&self) -> &'static [&'static str] {
        &["subreddits", MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        if name == MENTIONS { people(access, query).await } else { channels(access, query).await }
    }
}

/// There are too many channels to list them without a query.
async fn channels(access: &Access<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let wanted = query.trim().trim_start_matches('/');
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let request = access.net.get(format!("{API}/channel/search/")).query(&[("q", wanted), ("limit", "20")]);
    let found: Channels = ask(request, access.credentials).await?;
    let item = |it: Channel| LookupItem { detail: format!("/{}", it.id), id: it.id, name: it.name };
    Ok(found.channels.into_iter().map(item).collect())
}

async fn people(access: &Access<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let Some(wanted) = typed_name(query) else { return Ok(Vec::new()) };
    let asked = [("q", wanted), ("limit", &PEOPLE.to_string())];
    let found: FoundUsers =
        ask(access.net.get(format!("{API}/user/search/")).query(&asked), access.credentials).await?;
    let item = |user: User| {
        let handle = format!("@{}", user.username);
        LookupItem::person(handle.clone(), user.display_name, handle)
    };
    Ok(found.result.users.into_iter().map(item).collect())
}
