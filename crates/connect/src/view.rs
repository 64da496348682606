//! An attempt as people see it.

use crier_model::{
    AttemptId, ChannelId, Diagnosis, Timestamp, UserId, WorkspaceId, attempt::AttemptState, channel::Identity,
};
use serde::{Deserialize, Serialize};

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    New,
    /// New credentials for a channel there is already.
    Reconnect,
    /// An account of somebody who came by an invite link.
    Invite,
}

/// Whose account came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AccountView {
    pub name: String,
    /// Without a leading `@`.
    pub handle: String,
    /// Where the network keeps the picture.
    pub avatar_url: Option<String>,
}

impl From<Identity> for AccountView {
    fn from(identity: Identity) -> Self {
        Self { name: identity.name, handle: identity.handle, avatar_url: identity.avatar_url }
    }
}

/// A permission that was asked for and not granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MissingScope {
    /// The network's own name for it.
    pub id: String,
    /// What does not work without it.
    pub why: String,
    pub required: bool,
}

/// What a person may choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChoosingView {
    /// What one of them is, in the network's words, for example `Page`.
    pub one: String,
    /// For example `Pages`.
    pub many: String,
    pub choices: Vec<ChoiceView>,
}

/// One thing that may be connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChoiceView {
    /// The network's id for it.
    pub id: String,
    /// In the network's words, for example `Page`.
    pub kind: String,
    pub name: String,
    /// Without a leading `@`.
    pub handle: String,
    pub profile_url: Option<String>,
    /// Whether the network has a picture of it; it is fetched by this server, so that the browser asks no stranger.
    pub has_picture: bool,
    /// Why it can't be connected.
    pub unusable: Option<String>,
    /// The channel it is already; choosing it brings that up to date.
    pub channel_id: Option<ChannelId>,
}

/// One step of the attempt's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct EventView {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub state: AttemptState,
    pub title: String,
    pub detail: Option<String>,
}

/// What to say to a bot.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DialogView {
    /// As people find it.
    pub bot: String,
    /// Opens the bot, or a chat with it.
    pub link: Option<String>,
    /// What to do before the message is sent, in order.
    pub steps: Vec<String>,
    /// What to send, with the code in it.
    pub message: String,
}

impl std::fmt::Debug for DialogView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DialogView").field("bot", &self.bot).finish_non_exhaustive()
    }
}

/// What the browser extension is to hand over.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ExtensionView {
    /// What people call the site.
    pub site: String,
    pub origin: String,
    /// The exact names of the cookies that are asked for; no other is taken.
    pub cookies: Vec<String>,
    /// By which the extension says which connect it is for; good once.
    pub code: String,
}

impl std::fmt::Debug for ExtensionView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExtensionView").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// One run of the handshake. Holds no secret but what sends its starter on, which only they are given: the authorize URL or a code.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AttemptView {
    pub id: AttemptId,
    pub network: String,
    /// Which of the network's ways to connect.
    pub way: String,
    /// The server's origin, for networks made of many.
    pub instance: Option<String>,
    pub purpose: Purpose,
    /// The channel to reconnect, and once connected the channel it became, the first where it became several; kept from guests.
    pub channel_id: Option<ChannelId>,
    /// All channels it became.
    pub channels: Vec<ChannelId>,
    pub state: AttemptState,
    /// What to say to the network's bot; while `away`, and only for who started it.
    pub dialog: Option<DialogView>,
    /// What the browser extension is to hand over; while `away`, and only for who started it.
    pub extension: Option<ExtensionView>,
    /// Where to send the person; while `started` or `away`, and only for who started it.
    pub authorize_url: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Known from `identified` on.
    pub account: Option<AccountView>,
    /// Scopes that were granted.
    pub granted: Vec<String>,
    pub missing: Vec<MissingScope>,
    /// What the person may choose from, while `choosing` and only for who started it; lists leave it out.
    pub choosing: Option<ChoosingView>,
    /// Why it stands still or has failed; once connected, what was left out of it. While the attempt is not at its end, its
    /// `next` says how to go on.
    pub diagnosis: Option<Diagnosis>,
    pub events: Vec<EventView>,
}

impl std::fmt::Debug for AttemptView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttemptView")
            .field("id", &self.id)
            .field("network", &self.network)
            .field("way", &self.way)
            .field("instance", &self.instance)
            .field("purpose", &self.purpose)
            .field("channel_id", &self.channel_id)
            .field("channels", &self.channels)
            .field("state", &self.state)
            .field("authorize_url", &self.authorize_url.as_ref().map(|_| "…"))
            .field("dialog", &self.dialog.as_ref().map(|dialog| &dialog.bot))
            .field("extension", &self.extension)
            .field("account", &self.account)
            .field("granted", &self.granted)
            .field("missing", &self.missing)
            .field("choosing", &self.choosing)
            .field("diagnosis", &self.diagnosis)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// Who started an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PersonView {
    pub id: UserId,
    pub name: String,
    pub email: String,
}

/// An attempt in the log of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LoggedAttempt {
    pub attempt: AttemptView,
    pub workspace_id: WorkspaceId,
    pub workspace_name: String,
    /// None when the person is gone.
    pub person: Option<PersonView>,
}

/// One check made before leaving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Check {
    /// Stable, for example `app`, `host`, `clock`.
    pub name: &'static str,
    pub title: String,
    pub ok: bool,
    pub diagnosis: Option<Diagnosis>,
    /// What was seen, where that is of use even when it is well.
    pub note: Option<String>,
    pub elapsed_ms: u64,
}
