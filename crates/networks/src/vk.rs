//! VK: posts and comments on the wall of a community, by the community's own access token.
//!
//! After <https://dev.vk.com/method/wall.post> and the pages beside it (version 5.199, June 2026): `groups.getById`,
//! `groups.getTokenPermissions`, `wall.post`, `wall.createComment`. Tokens of VK ID may not write on walls (error 1051), and a
//! community's token may not upload pictures to them (error 27); so posts are words. `guid` keeps a post from being made twice. VK tells
//! errors with status 200.

mod afterwards;

use crate::about::{About, Network, no_settings};
use crate::afterwards::ChannelMetrics;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::publish::{Cx, Item, Once, Publish, Sent};
use crate::{Detail, Refusal, call};
use async_trait::async_trait;
use crier_model::rules::{MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, channel::Identity};
use crier_net::{Answer, Client};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

const ABOUT: About = About {
    id: "vk",
    name: "VK",
    color: "#0077ff",
    summary: "Posts on the wall of a VK community, by its access token.",
    works_at_once: true,
    console: None,
    deadline_s: 120,
};

const API: &str = "https://api.vk.com/method";
const VERSION: &str = "5.199";
/// What a community's token must be good for.
const NEEDED: &str = "wall";

#[derive(Debug)]
pub struct Vk;

impl Network for Vk {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(15_895, Unit::Utf16),
            media: MediaRules::up_to(0, Vec::new(), None),
            parts: PartsRules::alike(25, PartsKind::Comment),
        }
    }

    fn settings_schema(&self) -> Value {
        no_settings()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }
}

/// Calls a method. All of them take a form by POST.
async fn ask<T: DeserializeOwned>(
    net: &Client,
    credentials: &Credentials,
    method: &str,
    fields: &[(&str, &str)],
) -> Result<T, Refusal> {
    let version = [("v", VERSION)];
    let fields: Vec<&(&str, &str)> = version.iter().chain(fields).collect();
    let request = net.post(format!("{API}/{method}")).bearer(credentials.access_token.expose()).form(&fields);
    call::judged(request, credentials, |answer| judge(&answer)).await
}

#[derive(Deserialize)]
struct Body<T> {
    response: Option<T>,
    error: Option<Error>,
}

#[derive(Deserialize)]
struct Error {
    error_code: u32,
    #[serde(default)]
    error_msg: String,
}

fn judge<T: DeserializeOwned>(answer: &Answer) -> Result<T, Refusal> {
    if !answer.is_success() {
        return Err(Refusal::from_answer(answer));
    }
    let body: Body<T> = answer.json()?;
    match (body.response, body.error) {
        (_, Some(error)) => Err(refusal(answer, &error)),
        (Some(response), None) => Ok(response),
        (None, None) => Err(Refusal::Unknown(Detail::new("VK answered without what was asked"))),
    }
}

/// <https://dev.vk.com/reference/errors>.
fn refusal(answer: &Answer, error: &Error) -> Refusal {
    let detail = Detail {
        message: crier_net::redact(&error.error_msg),
        code: Some(error.error_code.to_string()),
        host: Some(answer.host().to_owned()),
        ..Detail::default()
    };
    match error.error_code {
        5 => Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        // The token is of another kind, or lacks a right.
        7 | 15 | 27 | 203 | 1051 => Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing)),
        // Too fast, too much of the same, and a day's allowance.
        6 | 9 | 29 => Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) },
        1 => Refusal::Unknown(detail.diagnosed(Code::ServerError)),
        10 => Refusal::Temporary(detail.diagnosed(Code::ServerError)),
        100 | 219 | 222 => Refusal::Content(detail).at("/text"),
        _ => Refusal::Content(detail),
    }
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    id: u64,
    name: String,
    screen_name: String,
    #[serde(default)]
    photo_200: Option<String>,
    #[serde(default)]
    members_count: Option<i64>,
}

#[derive(Deserialize)]
struct Rights {
    permissions: Vec<Right>,
}

#[derive(Deserialize)]
struct Right {
    name: String,
}

#[async_trait]
impl Form for Vk {
    fn fields(&self) -> Vec<Field> {
        vec![Field::new(
            "token",
            "Community token",
            FieldKind::Password,
            true,
            "vk1.a.…",
            "In the community: Manage, API usage, Create token, with the right to its wall.",
        )]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let credentials = Credentials { access_token: typed(values, "token").into(), ..Credentials::default() };
        let on_token = |refusal: Refusal| match refusal.harmless() {
            refusal @ (Refusal::Auth(_) | Refusal::Content(_)) => FormRefusal::FieldRefused { name: "token", refusal },
            refusal => FormRefusal::Refused(refusal),
        };
        let rights: Rights = ask(net, &credentials, "groups.getTokenPermissions", &[]).await.map_err(on_token)?;
        if !rights.permissions.iter().any(|right| right.name == NEEDED) {
            return Err(FormRefusal::Field {
                name: "token",
                message: "The token may not write on the community's wall.".to_owned(),
                fix: "Make another one, and tick the right to the community's wall.".to_owned(),
            });
        }
        let found: Groups = ask(net, &credentials, "groups.getById", &[]).await.map_err(on_token)?;
        let nobody = || Refusal::Temporary(Detail::new("VK answered without the community"));
        let group = found.groups.into_iter().next().ok_or_else(nobody)?;
        let identity = Identity {
            remote_id: group.id.to_string(),
            name: group.name,
            profile_url: Some(format!("https://vk.com/{}", group.screen_name)),
            handle: group.screen_name,
            avatar_url: group.photo_200.filter(|picture| !picture.is_empty()),
        };
        let identified = Identified { identity, granted: None, facts: Facts::new() };
        Ok(SignedIn { instance: None, credentials, identified })
    }
}

#[derive(Deserialize)]
struct Posted {
    post_id: u64,
}

#[derive(Deserialize)]
struct Commented {
    comment_id: u64,
}

#[async_trait]
impl Publish for Vk {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let (words, key) = (self.render(&item.body), cx.key());
        // Communities are told from people by the sign.
        let wall = format!("-{}", cx.account);
        if let Some(thread) = &item.thread {
            let root = thread.root.remote_id.as_str();
            let fields = [
                ("owner_id", wall.as_str()),
                ("post_id", root),
                ("from_group", cx.account),
                ("message", &words),
                ("guid", &key),
            ];
            let create = || async {
                Ok(ask::<Commented>(cx.net, cx.credentials, "wall.createComment", &fields).await?.comment_id)
            };
            let id: u64 = cx.step("comment", Once::Key(key.clone()), create).await?;
            let url = format!("https://vk.com/wall{wall}_{root}?reply={id}");
            return Ok(Sent { remote_id: id.to_string(), url: Some(url), data: Value::Null });
        }
        let fields = [("owner_id", wall.as_str()), ("from_group", "1"), ("message", &words), ("guid", &key)];
        let create = || async { Ok(ask::<Posted>(cx.net, cx.credentials, "wall.post", &fields).await?.post_id) };
        let id: u64 = cx.step("post", Once::Key(key.clone()), create).await?;
        let url = format!("https://vk.com/wall{wall}_{id}");
        Ok(Sent { remote_id: id.to_string(), url: Some(url), data: Value::Null })
    }
}
