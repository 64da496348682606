//! One workspace with a channel on the wall, and workers to be started and stopped.

use crate::{tokens::Renewing, wall::Wall};
use crier_engine::{
    Publisher, Settings, Worker,
    publish::{Rules, WITH_FILES},
    work::Handler,
};
use crier_media::{Library, Storage};
use crier_model::{
    ChannelId, Clock, Document, MediaId, PostId, PublicationId, Secret, Timestamp, UserId, WorkspaceId,
    channel::Identity,
    post::{Content, MediaUse, Part, Timing, ValidPost},
    publication::PublicationState as State,
};
use crier_networks::{Credentials, Network, Registry, playground::Playground};
use crier_store::{
    Store,
    channels::{self, Connected, Upserted},
    posts::{self, Save},
    publications::{self, Publication},
    testing::{self, TestStore},
    users::{self, NewUser, Registration},
};
use jiff::SignedDuration;
use std::{
    io::Cursor,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use url::Url;

/// The machine's clock, set forward at will.
#[derive(Debug, Default)]
pub struct Shifted(AtomicI64);

impl Shifted {
    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub struct House {
    pub store: TestStore,
    pub clock: Arc<Shifted>,
    pub wall: Arc<Wall>,
    pub net: crier_net::Client,
    pub registry: Registry,
    pub library: Library,
    pub tokens: Arc<Renewing>,
    pub rules: Rules,
    pub workspace: WorkspaceId,
    pub user: UserId,
    /// Ada's.
    pub channel: ChannelId,
    pub folder: TempDir,
}

pub async fn house() -> House {
    house_on(|wall| Box::new(network(wall))).await
}

pub fn network(wall: &Wall) -> Playground {
    Playground::new(&Url::parse(&wall.origin).unwrap())
}

/// A house whose network is of the test's making.
pub async fn house_on(network: impl FnOnce(&Wall) -> Box<dyn Network>) -> House {
    let clock = Arc::new(Shifted::default());
    let store = testing::open_at(clock.clone()).await;
    let wall = Arc::new(Wall::start(clock.clone()).await);
    let new = NewUser {
        email: "ada@example.org".into(),
        name: "Ada".into(),
        password_hash: Secret::new("x"),
        time_zone: "Europe/Berlin".into(),
    };
    let (user, workspace) = users::sign_up(&store, new, "Ada's", Registration::Open).await.unwrap();
    let folder = TempDir::new().unwrap();
    let library = Library::new(store.clone(), Storage::folder(folder.path()).unwrap());
    let config = crier_net::Config {
        proxy: crier_net::ProxyConfig::None,
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        timeout: Duration::from_secs(10),
        ..crier_net::Config::default()
    };
    let registry = Registry::of(vec![network(&wall)]);
    let tokens = Arc::new(Renewing::new(store.clone(), wall.clone(), clock.clone()));
    let rules = Rules { settle: SignedDuration::from_secs(20), ..Rules::default() };
    let mut house = House {
        net: crier_net::Client::new(config).unwrap(),
        channel: ChannelId::new(),
        workspace: workspace.id,
        user: user.id,
        folder,
        store,
        clock,
        wall,
        registry,
        library,
        tokens,
        rules,
    };
    house.channel = house.connect("ada").await.channel.id;
    house
}

pub fn part(text: &str) -> Part {
    Part { body: Document::from_plain(text), ..Part::default() }
}

impl House {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Connects an account of the wall, or connects it again.
    pub async fn connect(&self, handle: &str) -> Upserted {
        let credentials = self.wall.connect_all(handle, self.now()).await;
        self.attach(handle, &credentials).await
    }

    pub async fn attach(&self, handle: &str, credentials: &Credentials) -> Upserted {
        let connected = Connected {
            network: "playground".into(),
            way: "oauth2".into(),
            instance: None,
            identity: Identity {
                remote_id: if handle == "ada" { "1" } else { "2" }.into(),
                name: handle.into(),
                handle: handle.into(),
                profile_url: None,
                avatar_url: None,
            },
            app: None,
            grant: None,
            scopes: Vec::new(),
            credentials: Secret::new(serde_json::to_string(credentials).unwrap()),
            token_expires_at: credentials.expires_at,
            renews: false,
        };
        channels::upsert_connected(&self.store, self.workspace, &connected, |_| Vec::new()).await.unwrap()
    }

    pub async fn picture(&self, shade: u8) -> MediaId {
        let image = image::RgbImage::from_pixel(32, 32, image::Rgb([shade, 10, 20]));
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        self.library.add(self.workspace, self.user, "picture.png", bytes.into()).await.unwrap().id
    }

    /// Three parts, the first with a described picture.
    pub async fn thread(&self, name: &str) -> Vec<Part> {
        let picture = MediaUse { id: self.picture(1).await, alt: Some(format!("{name} described")) };
        let mut parts: Vec<Part> = (1..=3).map(|n| part(&format!("{name} {n}"))).collect();
        parts[0].media.push(picture);
        parts
    }

    pub async fn save(&self, id: Option<PostId>, parts: Vec<Part>, channels: &[ChannelId], timing: Timing) -> PostId {
        let post = ValidPost {
            content: Content { parts, ..Content::default() },
            channels: channels.to_vec(),
            timing,
            time_zone: "Europe/Berlin".into(),
            repeat: None,
        };
        let save = Save { workspace: self.workspace, by: self.user, id, expected_version: None, idempotency_key: None };
        posts::save(&self.store, save, &post).await.unwrap().id
    }

    /// A post on Ada's channel; its publication.
    pub async fn schedule(&self, parts: Vec<Part>, timing: Timing) -> PublicationId {
        let post = self.save(None, parts, &[self.channel], timing).await;
        self.publication_of(post).await
    }

    pub async fn publication_of(&self, post: PostId) -> PublicationId {
        publications::for_post(&self.store, self.workspace, post).await.unwrap()[0].id
    }

    pub async fn publication(&self, id: PublicationId) -> Publication {
        publications::by_id(&self.store, id).await.unwrap()
    }

    /// The titles of its history.
    pub async fn titles(&self, id: PublicationId) -> Vec<String> {
        publications::history(&self.store, &[id]).await.unwrap().into_iter().map(|line| line.title).collect()
    }

    pub fn publisher(&self) -> Publisher {
        self.publisher_on(&self.store)
    }

    pub fn publisher_on(&self, store: &Store) -> Publisher {
        Publisher {
            store: store.clone(),
            net: self.net.clone(),
            registry: self.registry.clone(),
            library: self.library.clone(),
            tokens: self.tokens.clone(),
            clock: self.clock.clone(),
            rules: self.rules,
            with_files: Arc::new(Semaphore::new(WITH_FILES)),
        }
    }

    pub fn start(&self) -> Running {
        self.start_on(&self.store, Settings::default())
    }

    pub fn start_on(&self, store: &Store, settings: Settings) -> Running {
        let publisher = self.publisher_on(store);
        let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(publisher.preparer()), Arc::new(publisher)];
        self.start_with(store, handlers, settings)
    }

    pub fn start_with(&self, store: &Store, handlers: Vec<Arc<dyn Handler>>, settings: Settings) -> Running {
        let worker = Worker::new(store.clone(), self.clock.clone(), handlers, settings);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(worker.run(shutdown.clone()));
        Running { task, shutdown }
    }

    /// Waits until the publication is as wanted.
    pub async fn wait(&self, id: PublicationId, wanted: impl Fn(&Publication) -> bool) -> Publication {
        let started = Instant::now();
        loop {
            let publication = self.publication(id).await;
            if wanted(&publication) {
                return publication;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "still waiting: {publication:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Runs a worker until the publication is as wanted.
    pub async fn work_until(&self, id: PublicationId, wanted: impl Fn(&Publication) -> bool) -> Publication {
        let worker = self.start();
        let publication = self.wait(id, wanted).await;
        worker.stop().await;
        publication
    }

    pub async fn work_to(&self, id: PublicationId, state: State) -> Publication {
        self.work_until(id, |publication| publication.state == state).await
    }

    /// Runs a worker until a try of the publication is over and it waits for another.
    pub async fn work_to_retry(&self, id: PublicationId) -> Publication {
        self.work_until(id, |p| p.state == State::Scheduled && p.tries > 0).await
    }
}

/// A worker that is running.
pub struct Running {
    pub task: JoinHandle<()>,
    pub shutdown: CancellationToken,
}

impl Running {
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// Ends it as a power cut would: nothing is finished or given back.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

pub fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub fn milliseconds(milliseconds: i64) -> SignedDuration {
    SignedDuration::from_millis(milliseconds)
}
