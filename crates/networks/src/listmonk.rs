//! listmonk: mails to a mailing list of one's own server.
//!
//! After the API documentation at <https://listmonk.app/docs/apis/apis/> (July 2026, version 6): API users and their permissions, `lists`,
//! `templates`, `media`, `campaigns` and their status. listmonk knows no key; a campaign begins as a draft with a name of ours, by which it is
//! found again, and starting a campaign twice sends it once.

use crate::about::{About, Network};
use crate::article::{self, UPLOAD_LIFE};
use crate::choosing::Access;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::{Detail, Refusal, call, origin, settings, text};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Formatting, Secret, channel::Identity};
use crier_net::{Client, Multipart, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "listmonk",
    name: "listmonk",
    color: "#0055d4",
    summary: "Mails to the lists of your listmonk server.",
    works_at_once: true,
    console: None,
    deadline_s: 180,
};

/// In [`Credentials::extra`]: the API user.
const USER: &str = "user";
const UPLOAD: Duration = Duration::from_secs(120);
/// The most that one answer lists.
const PAGE: &str = "100";

#[derive(Debug)]
pub struct Listmonk;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Subject", length(min = 1, max = 1000))]
    subject: String,
    #[schemars(
        title = "List",
        description = "Everybody on it gets the mail.",
        regex(pattern = r"^[0-9]{1,9}$"),
        extend("x-lookup" = "list")
    )]
    list: String,
    #[serde(default)]
    #[schemars(
        title = "Template",
        description = "What stands around the text; empty takes the server's default.",
        regex(pattern = r"^([0-9]{1,9})?$"),
        extend("x-lookup" = "templates")
    )]
    template: String,
    #[serde(default)]
    #[schemars(title = "Preview", description = "What mailboxes show beside the subject.", length(max = 500))]
    preview: String,
}

impl Network for Listmonk {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    /// listmonk sets no limit to words; ours keeps a mistake from growing.
    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(100_000, Unit::Grapheme),
            media: MediaRules::up_to(
                10,
                vec![MediaKind::up_to(5_000_000, &["image/jpeg", "image/png", "image/gif"])],
                Some(1000),
            ),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        Formatting::HTML
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }
}

/// The API of one server.
struct Api<'a> {
    net: &'a Client,
    /// Without a slash at its end.
    server: &'a str,
    credentials: &'a Credentials,
}

/// What every answer of success is wrapped in.
#[derive(Deserialize)]
struct Wrapped<T> {
    data: T,
}

impl<'a> Api<'a> {
    fn new(net: &'a Client, instance: Option<&'a str>, credentials: &'a Credentials) -> Result<Self, Refusal> {
        let lost = || Refusal::Auth(Detail::new("the channel has lost its server; connect it again"));
        Ok(Self { net, server: instance.ok_or_else(lost)?, credentials })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/{path}", self.server)
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        let user = self.credentials.extra.get(USER).map(Secret::expose).unwrap_or_default();
        let request = request.basic(user, self.credentials.access_token.expose());
        Ok(call::json::<Wrapped<T>>(request, self.credentials, refine).await?.data)
    }

    /// [`Api::send`] for a request that only asks, or may be made twice.
    async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        self.send(request).await.map_err(Refusal::harmless)
    }
}

/// listmonk's errors are sentences; wrong credentials and missing permissions have one status.
fn refine(refusal: Refusal) -> Refusal {
    let (status, said) = (refusal.detail().status, refusal.detail().message.to_lowercase());
    match refusal {
        Refusal::Content(detail) if status == Some(403) => {
            let missing = said.contains("permission");
            let code = if missing { Code::ConsentScopeMissing } else { Code::CredentialsWrong };
            Refusal::Auth(detail.diagnosed(code))
        }
        other => other,
    }
}

#[derive(Deserialize)]
struct Page<T> {
    results: Vec<T>,
}

#[derive(Deserialize)]
struct List {
    id: u64,
    name: String,
    #[serde(default)]
    subscriber_count: u64,
}

#[async_trait]
impl Form for Listmonk {
    fn fields(&self) -> Vec<Field> {
        let field = |name, label, kind, placeholder, help| Field::new(name, label, kind, true, placeholder, help);
        vec![
            field(
                "url",
                "Server address",
                FieldKind::Url,
                "https://lists.example.org",
                "The address of listmonk itself.",
            ),
            field(
                "username",
                "API user",
                FieldKind::Text,
                "crier",
                "Made in listmonk under Users, with the type API. People's own names do not work.",
            ),
            field("password", "Token", FieldKind::Password, "", "Shown once as the API user is made."),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name| typed(values, name);
        let server = origin::site(value("url"), "lists.example.org", &["admin", "admin/login"]);
        let server = server.map_err(|message| FormRefusal::Field {
            name: "url",
            message,
            fix: "Enter the address of your server, like https://lists.example.org.".to_owned(),
        })?;
        // Neither can be in the name of a user, and the first would end it on the way.
        if value("username").contains([':', ' ']) {
            return Err(FormRefusal::Field {
                name: "username",
                message: "A user of listmonk has neither colons nor spaces in its name.".to_owned(),
                fix: "Enter the API user's name as it stands under Users.".to_owned(),
            });
        }
        let credentials = Credentials {
            access_token: value("password").into(),
            extra: [(USER.to_owned(), Secret::from(value("username")))].into(),
            ..Credentials::default()
        };
        let api = Api { net, server: &server, credentials: &credentials };
        let lists = api.ask::<Page<List>>(net.get(api.url("lists")).query(&[("minimal", "true"), ("per_page", "1")]));
        lists.await.map_err(|refusal| on_its_field(&server, refusal))?;
        let host = article::handle(&server);
        let identity = Identity {
            remote_id: server.clone(),
            name: host.clone(),
            handle: host,
            profile_url: Some(server.clone()),
            avatar_url: None,
        };
        Ok(SignedIn {
            instance: Some(server),
            credentials,
            identified: Identified { identity, granted: None, facts: Facts::new() },
        })
    }
}

/// Shows what the server said on the field that it is about.
fn on_its_field(server: &str, refusal: Refusal) -> FormRefusal {
    match (refusal.detail().status, refusal) {
        (_, refusal @ Refusal::Auth(_)) => FormRefusal::FieldRefused { name: "password", refusal },
        (Some(status), Refusal::Content(_) | Refusal::Temporary(_)) if status < 500 => {
            let said = format!("{server} does not answer like listmonk");
            let detail = Detail { status: Some(status), ..Detail::new(said).diagnosed(Code::InstanceNotCompatible) };
            FormRefusal::FieldRefused { name: "url", refusal: Refusal::Content(detail) }
        }
        (_, refusal) => FormRefusal::Refused(refusal),
    }
}

#[derive(Deserialize)]
struct Media {
    url: String,
}

/// A campaign as it is answered and listed.
#[derive(Serialize, Deserialize)]
struct Campaign {
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
}

#[async_trait]
impl Publish for Listmonk {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, &Api::new(cx.net, cx.instance, cx.credentials)?, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let api = Api::new(cx.net, cx.instance, cx.credentials)?;
        let pictures = uploads(cx, &api, item).await?;
        let name = format!("{} ({})", settings.subject, cx.key());
        let campaign = campaign(item, &settings, &pictures, &name)?;
        let drafted: Campaign = cx.step("draft", Once::Repeatable, || drafted(&api, &name, &campaign)).await?;
        let start = || start(&api, drafted.id);
        let started: Campaign = cx.step("start", Once::Key(drafted.id.to_string()), start).await?;
        let url = format!("{}/admin/campaigns/{}", api.server, started.id);
        Ok(Sent { remote_id: started.id.to_string(), url: Some(url), data: Value::Null })
    }
}

async fn uploads(cx: &Cx<'_>, api: &Api<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, api, media)).await
}

async fn upload(cx: &Cx<'_>, api: &Api<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let form = Multipart::new().part("file", &media.name, &media.mime, cx.body(media).await?);
    let media: Media = api.ask(api.net.post(api.url("media")).multipart(form).timeout(UPLOAD)).await?;
    // Servers that keep files beside themselves tell only a path.
    let is_whole = media.url.starts_with("http");
    Ok(if is_whole { media.url } else { format!("{}/{}", api.server, media.url.trim_start_matches('/')) })
}

fn campaign(item: &Item, settings: &Settings, pictures: &[String], name: &str) -> Result<Value, Refusal> {
    let mut body = String::new();
    if !settings.preview.is_empty() {
        // Mailboxes take the first words for the preview, shown or not.
        let preview = text::html::escape(&settings.preview);
        body = format!("<div style=\"display:none;max-height:0;overflow:hidden\">{preview}</div>");
    }
    body.push_str(&article::html(&item.body));
    body.extend(item.media.iter().zip(pictures).map(|(media, address)| article::figure(address, media)));
    let mut campaign = json!({
        "name": name,
        "subject": settings.subject,
        "lists": [number(&settings.list)?],
        "type": "regular",
        "content_type": "html",
        "messenger": "email",
        "body": body,
    });
    if !settings.template.is_empty() {
        campaign["template_id"] = number(&settings.template)?.into();
    }
    Ok(campaign)
}

/// An id as it is sent.
fn number(id: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| Refusal::Content(Detail::new(format!("“{id}” is no number of listmonk's"))))
}

/// The campaign of an earlier try, or a new one.
async fn drafted(api: &Api<'_>, name: &str, campaign: &Value) -> Result<Campaign, Refusal> {
    let asked =
        [("status", "draft"), ("order_by", "created_at"), ("order", "DESC"), ("per_page", PAGE), ("no_body", "true")];
    let drafts: Page<Campaign> = api.ask(api.net.get(api.url("campaigns")).query(&asked)).await?;
    match drafts.results.into_iter().find(|draft| draft.name == name) {
        Some(draft) => Ok(draft),
        None => api.send(api.net.post(api.url("campaigns")).json(campaign)).await,
    }
}

/// Starts it. A refusal may mean that it was started before, which the campaign itself tells.
async fn start(api: &Api<'_>, id: u64) -> Result<Campaign, Refusal> {
    let request = api.net.put(api.url(&format!("campaigns/{id}/status"))).json(&json!({ "status": "running" }));
    match api.send::<Campaign>(request).await {
        Err(refused @ Refusal::Content(_)) => {
            let campaign: Campaign = api.ask(api.net.get(api.url(&format!("campaigns/{id}")))).await?;
            if matches!(campaign.status.as_str(), "running" | "finished") { Ok(campaign) } else { Err(refused) }
        }
        other => other,
    }
}

#[derive(Deserialize)]
struct Template {
    id: u64,
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    is_default: bool,
}

#[async_trait]
impl Lookup for Listmonk {
    fn names(&self) -> &'static [&'static str] {
        &["list", "templates"]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let api = Api::new(access.net, access.instance, access.credentials)?;
        if name == "templates" {
            let templates: Vec<Template> =
                api.ask(api.net.get(api.url("templates")).query(&[("no_body", "true")])).await?;
            // Those of other kinds are for mails to one person.
            let of_campaigns = templates.into_iter().filter(|it| it.kind.is_empty() || it.kind.starts_with("campaign"));
            let item = |it: Template| LookupItem {
                id: it.id.to_string(),
                name: it.name,
                detail: if it.is_default { "Default".to_owned() } else { String::new() },
            };
            return Ok(fitting(of_campaigns.map(item), query));
        }
        let request = api.net.get(api.url("lists")).query(&[("per_page", "all")]);
        let lists: Page<List> = api.ask(request).await?;
        let item = |list: List| LookupItem {
            id: list.id.to_string(),
            name: list.name,
            detail: if list.subscriber_count == 1 {
                "1 subscriber".to_owned()
            } else {
                format!("{} subscribers", list.subscriber_count)
            },
        };
        Ok(fitting(lists.results.into_iter().map(item), query))
    }
}
