//! The networks one can connect to, and whether a connect would go well now.

use crate::{
    access::{Member, Read},
    body::{Query, path_param},
    page::Page,
    problem::{Problem, Result},
    state::Api,
};
use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use crier_connect::Check;
use crier_model::{Formatting, WorkspaceId, formatting::Editor, rules::Rules};
use crier_networks::{
    Abilities, Connect, Way,
    connect::{Facts, Field},
};
use crier_store::apps;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_networks)).routes(routes!(preflight))
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConnectKind {
    /// The person is sent to the network and comes back.
    Oauth2,
    /// As with `oauth2`, by the older protocol.
    Oauth1,
    /// The person tells a bot of the network a code.
    Dialog,
    /// A form is filled in here.
    Form,
    /// A browser extension hands over the session at the network's website.
    Extension,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct InstanceQuestion {
    label: &'static str,
    placeholder: &'static str,
    help: &'static str,
    default: Option<String>,
    /// Whether the account is asked for; a reconnect then needs no answer.
    is_account: bool,
}

/// A permission asked of the network.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Scope {
    /// The network's own name for it.
    id: &'static str,
    /// What it is for.
    why: &'static str,
    required: bool,
}

/// One of the ways to connect an account of a network.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Way)]
pub(crate) struct WayOut {
    id: &'static str,
    /// What people choose it by; empty where there is only one.
    name: &'static str,
    /// When to choose it.
    help: &'static str,
    connect: ConnectKind,
    /// Asked before leaving, when the network is made of many servers.
    instance: Option<InstanceQuestion>,
    /// The form's, where it is connected by one.
    fields: Vec<Field>,
    scopes: Vec<Scope>,
}

impl From<Way<'_>> for WayOut {
    fn from(Way { id, name, help, connect }: Way<'_>) -> Self {
        let (connect, instance, fields, scopes) = match connect {
            Connect::OAuth2(oauth2) => {
                let instance = oauth2.instance().map(|field| InstanceQuestion {
                    label: field.label,
                    placeholder: field.placeholder,
                    help: field.help,
                    default: field.default,
                    is_account: field.is_account,
                });
                let scopes =
                    oauth2.scopes().iter().map(|s| Scope { id: s.id, why: s.why, required: s.required }).collect();
                (ConnectKind::Oauth2, instance, Vec::new(), scopes)
            }
            Connect::OAuth1(_) => (ConnectKind::Oauth1, None, Vec::new(), Vec::new()),
            Connect::Dialog(_) => (ConnectKind::Dialog, None, Vec::new(), Vec::new()),
            Connect::Form(form) => (ConnectKind::Form, None, form.fields(), Vec::new()),
            Connect::Extension(_) => (ConnectKind::Extension, None, Vec::new(), Vec::new()),
        };
        Self { id, name, help, connect, instance, fields, scopes }
    }
}

/// A place one can publish to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Network)]
pub(crate) struct NetworkOut {
    id: &'static str,
    name: &'static str,
    /// `#rrggbb`.
    color: &'static str,
    summary: &'static str,
    /// The ways to connect an account, the recommended one first.
    ways: Vec<WayOut>,
    /// Whether it connects without an app of one's own at the network's console.
    works_at_once: bool,
    /// Whether it can be connected here now: it works at once, or an app is configured.
    configured: bool,
    /// Its page in the manual.
    docs: String,
    /// Where an app is registered, where one is needed.
    console: Option<&'static str>,
    /// What to register there, character by character.
    redirect_uri: String,
    rules: Rules,
    /// What of a text's formatting its readers see.
    formatting: Formatting,
    /// The same in a word.
    editor: Editor,
    /// What it can do beyond publishing.
    abilities: Abilities,
    /// One word for all networks whose channels can repost and comment on each other's posts.
    family: &'static str,
    /// JSON schema of the settings of one publication.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    settings_schema: serde_json::Value,
}

pub(crate) fn show(api: &Api, network: &dyn crier_networks::Network, with_apps: &BTreeSet<String>) -> NetworkOut {
    let about = network.about();
    NetworkOut {
        id: about.id,
        name: about.name,
        color: about.color,
        summary: about.summary,
        ways: network.ways().into_iter().map(WayOut::from).collect(),
        works_at_once: about.works_at_once,
        configured: about.works_at_once || with_apps.contains(about.id),
        docs: format!("/docs/networks/{}", about.id),
        console: about.console,
        redirect_uri: api.handshake.redirect_uri(about.id),
        rules: network.rules(&Facts::default()),
        formatting: network.formatting(),
        editor: network.formatting().editor(),
        abilities: Abilities::of(network),
        family: network.family(),
        settings_schema: network.settings_schema(),
    }
}

/// The networks for which an app is configured, or set up here or for the workspace.
pub(crate) async fn with_apps(api: &Api, workspace: WorkspaceId) -> Result<BTreeSet<String>> {
    let mut with_apps = api.settings.configured.clone();
    for workspace in [None, Some(workspace)] {
        with_apps.extend(apps::set_up(&api.store, workspace).await?.into_iter().map(|set_up| set_up.app.network));
    }
    Ok(with_apps)
}

/// Every network of this installation.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/networks", tag = "Networks", responses((status = 200, body = Page<NetworkOut>))
)]
async fn list_networks(member: Member<Read>, State(api): State<Api>) -> Result<Json<Page<NetworkOut>>> {
    let with_apps = with_apps(&api, member.id()).await?;
    Ok(Json(Page::whole(api.registry.all().map(|network| show(&api, network, &with_apps)).collect())))
}

#[derive(Debug, Deserialize)]
struct PreflightQuery {
    way: Option<String>,
    instance: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Preflight {
    checks: Vec<Check>,
}

/// The `{network}` of the path.
pub(crate) struct NetworkName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for NetworkName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        path_param(parts, "network").await.map(Self)
    }
}

/// Looks before leaving: is an app set up, do the network's hosts answer, is our clock right. Takes at most two seconds.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/networks/{network}/preflight", tag = "Networks",
    params(
        ("way" = Option<String>, Query, description = "Which of the network's ways; the recommended one when left out."),
        ("instance" = Option<String>, Query, description = "The server, for networks made of many."),
    ),
    responses((status = 200, body = Preflight))
)]
async fn preflight(
    member: Member<Read>,
    NetworkName(network): NetworkName,
    Query(query): Query<PreflightQuery>,
    State(api): State<Api>,
) -> Result<Json<Preflight>> {
    let checks =
        api.handshake.preflight(member.id(), &network, query.way.as_deref(), query.instance.as_deref()).await?;
    Ok(Json(Preflight { checks }))
}
