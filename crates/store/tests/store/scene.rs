//! What every test starts from: a store under a clock that stands still, a person, a workspace.

use crier_model::{
    ChannelId, Clock, Document, MediaId, PostId, PublicationId, Secret, Timestamp, UserId, WorkspaceId,
    channel::Identity,
    post::{Content, MediaUse, Part, Timing, ValidPost},
};
use crier_store::{
    Store, StoreError,
    channels::{self, Connected},
    due::{self, Claimed, Fence},
    journal::{self, Entry, Line, Start},
    media::{self, NewMedia},
    posts::{self, Save, Saved},
    publications::{self, Publication},
    steps::{Answer, Begun, NewStep},
    testing::{TestClock, TestStore, open_at},
    users::{self, NewUser, Registration},
};
use jiff::{SignedDuration, ToSpan};
use serde_json::Value;
use std::{ops::Deref, sync::Arc};

pub const LEASE: SignedDuration = SignedDuration::from_secs(30);

pub struct Scene {
    store: TestStore,
    pub clock: Arc<TestClock>,
    pub user: UserId,
    pub workspace: WorkspaceId,
}

impl Scene {
    /// The database's file; none on PostgreSQL.
    pub fn file(&self) -> Option<&str> {
        self.store.config().url.strip_prefix("sqlite://")
    }
}

impl Deref for Scene {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

/// The moment at which every scene begins.
pub fn start() -> Timestamp {
    "2027-03-01T12:00:00Z".parse().unwrap()
}

pub fn after_minutes(minutes: i64) -> Timestamp {
    start() + minutes.minutes()
}

pub async fn scene() -> Scene {
    let clock = TestClock::at(start());
    let store = open_at(clock.clone()).await;
    let (user, workspace) =
        users::sign_up(&store, person("ada@example.org"), "Ada's", Registration::Open).await.unwrap();
    Scene { store, clock, user: user.id, workspace: workspace.id }
}

/// Begins a step, and nothing else.
pub async fn begin(
    store: &Store,
    fence: Fence,
    publication: PublicationId,
    name: &str,
    once: &'static str,
    fingerprint: &str,
) -> Result<Begun, StoreError> {
    let step = NewStep { name: name.to_owned(), once, fingerprint: fingerprint.to_owned() };
    let entry = Entry { step: Some(step), ..entry(fence, publication) };
    Ok(journal::write(store, entry).await?.begun.unwrap())
}

/// Writes an answer, and nothing else.
pub async fn answer(
    store: &Store,
    fence: Fence,
    publication: PublicationId,
    name: &str,
    answer: &Value,
) -> Result<(), StoreError> {
    let answers = vec![Answer { name: name.to_owned(), answer: answer.clone() }];
    journal::write(store, Entry { answers, ..entry(fence, publication) }).await.map(drop)
}

/// Starts sending; the tries made.
pub async fn started(store: &Store, fence: Fence, publication: PublicationId) -> Result<Option<u32>, StoreError> {
    let start = Start { sending: Line::new("Being sent", ""), calling: Line::new("Calling Playground", "") };
    Ok(journal::write(store, Entry { start: Some(start), ..entry(fence, publication) }).await?.tries)
}

pub fn entry(fence: Fence, publication: PublicationId) -> Entry {
    Entry { fence, publication, start: None, answers: Vec::new(), step: None }
}

pub fn person(email: &str) -> NewUser {
    NewUser {
        email: email.to_owned(),
        name: "Ada Lovelace".to_owned(),
        password_hash: Secret::new("$argon2id$…"),
        time_zone: "Europe/Berlin".to_owned(),
    }
}

pub fn connected(remote_id: &str) -> Connected {
    Connected {
        network: "playground".to_owned(),
        way: "oauth2".to_owned(),
        instance: None,
        identity: Identity {
            remote_id: remote_id.to_owned(),
            name: format!("Name of {remote_id}"),
            handle: remote_id.to_owned(),
            profile_url: None,
            avatar_url: None,
        },
        app: None,
        grant: None,
        scopes: vec!["write".to_owned()],
        credentials: Secret::new(format!("token of {remote_id}")),
        token_expires_at: None,
        renews: false,
    }
}

pub fn content(text: &str) -> Content {
    Content { parts: vec![Part { body: Document::from_plain(text), ..Part::default() }], ..Content::default() }
}

pub fn post(text: &str, channels: &[ChannelId], timing: Timing) -> ValidPost {
    ValidPost {
        content: content(text),
        channels: channels.to_vec(),
        timing,
        time_zone: "Europe/Berlin".to_owned(),
        repeat: None,
    }
}

pub fn with_media(mut post: ValidPost, files: &[MediaId]) -> ValidPost {
    post.content.parts[0].media = files.iter().map(|&id| MediaUse { id, alt: None }).collect();
    post
}

impl Scene {
    /// Another node on the same database.
    pub async fn node(&self) -> Store {
        Store::connect(self.store.config(), self.clock.clone()).await.unwrap()
    }

    pub async fn idle_transactions(&self) -> i64 {
        self.store.idle_transactions().await
    }

    pub fn config(&self) -> &crier_store::StoreConfig {
        self.store.config()
    }

    pub fn minutes_pass(&self, minutes: i64) {
        self.clock.set(self.clock.now() + minutes.minutes());
    }

    pub async fn channel(&self, remote_id: &str) -> ChannelId {
        channels::upsert_connected(self, self.workspace, &connected(remote_id), |_| Vec::new())
            .await
            .unwrap()
            .channel
            .id
    }

    pub fn new_post(&self) -> Save {
        Save { workspace: self.workspace, by: self.user, id: None, expected_version: None, idempotency_key: None }
    }

    pub fn change(&self, id: PostId, version: i64) -> Save {
        Save { id: Some(id), expected_version: Some(version), ..self.new_post() }
    }

    pub async fn save(&self, post: &ValidPost) -> Saved {
        posts::save(self, self.new_post(), post).await.unwrap()
    }

    /// A post for one channel, and its publication.
    pub async fn scheduled(&self, channel: ChannelId, at: Timestamp) -> Publication {
        let saved = self.save(&post("Hello", &[channel], Timing::At(at))).await;
        self.publications(saved.id).await.remove(0)
    }

    pub async fn publications(&self, post: PostId) -> Vec<Publication> {
        publications::for_post(self, self.workspace, post).await.unwrap()
    }

    pub async fn media(&self, name: &str) -> MediaId {
        self.media_of(name, "image/png").await
    }

    pub async fn media_of(&self, name: &str, mime: &str) -> MediaId {
        media::insert(self, self.new_media(name, mime)).await.unwrap().id
    }

    pub fn new_media(&self, name: &str, mime: &str) -> NewMedia {
        NewMedia {
            id: MediaId::new(),
            workspace: self.workspace,
            name: name.to_owned(),
            mime: mime.to_owned(),
            size: 1234,
            width: Some(640),
            height: Some(480),
            duration_ms: None,
            codecs: Vec::new(),
            frame_rate: None,
            alt: None,
            sha256: name.repeat(2),
            storage_key: format!("{name}.png"),
            created_by: self.user,
        }
    }

    /// Claims everything that is due by the scene's clock; what is not about telling people is returned.
    pub async fn claim(&self) -> Vec<Claimed> {
        let mut claimed = due::claim(self, self.clock.now(), "worker", 100, LEASE).await.unwrap();
        claimed.retain(|work| work.kind != due::kind::NOTICE);
        claimed
    }
}
