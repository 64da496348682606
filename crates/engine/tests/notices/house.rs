//! A workspace with a channel, and the workers that tell people.

use async_trait::async_trait;
use crier_engine::{
    Settings, Worker,
    notices::{Announcer, Caller, Letter, Mail, Mailer, Unsent},
    work::Handler,
};
use crier_model::{
    ChannelId, Code, Diagnosis, Secret, WorkspaceId,
    channel::{ChannelState, Identity},
};
use crier_store::{
    Store,
    channels::{self, Connected},
    testing::{self, TestClock, TestStore},
    users::{self, NewUser, Registration},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Takes letters, or refuses as many as it was told to.
#[derive(Default)]
pub struct Box_ {
    pub letters: Mutex<Vec<Letter>>,
    pub refusals: Mutex<Vec<Unsent>>,
}

#[async_trait]
impl Mail for Box_ {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent> {
        if let Some(refusal) = self.refusals.lock().unwrap().pop() {
            return Err(refusal);
        }
        self.letters.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

pub struct House {
    pub store: TestStore,
    pub clock: Arc<TestClock>,
    pub workspace: WorkspaceId,
    pub channel: ChannelId,
}

pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

pub fn person(email: &str) -> NewUser {
    NewUser {
        email: email.to_owned(),
        name: "Ada".to_owned(),
        password_hash: Secret::new("x"),
        time_zone: "Europe/Berlin".to_owned(),
    }
}

pub async fn house() -> House {
    let clock = TestClock::at(Timestamp::now());
    let store = testing::open_at(clock.clone()).await;
    let (_, workspace) = users::sign_up(&store, person("ada@example.org"), "Ada's", Registration::Open).await.unwrap();
    let mut house = House { store, clock, workspace: workspace.id, channel: ChannelId::new() };
    house.channel = house.connect().await;
    house
}

impl House {
    pub async fn connect(&self) -> ChannelId {
        let connected = Connected {
            network: "playground".to_owned(),
            way: "oauth2".to_owned(),
            instance: None,
            identity: Identity {
                remote_id: "1".to_owned(),
                name: "News".to_owned(),
                handle: "news".to_owned(),
                profile_url: None,
                avatar_url: None,
            },
            app: None,
            grant: None,
            scopes: Vec::new(),
            credentials: Secret::new("{}"),
            token_expires_at: None,
            renews: false,
        };
        channels::upsert_connected(&self.store, self.workspace, &connected, |_| Vec::new()).await.unwrap().channel.id
    }

    /// The network stops taking the channel's sign-in.
    pub async fn breaks(&self) {
        let reason = Diagnosis::new(Code::CredentialsWrong).because("The password was changed.");
        channels::set_state(&self.store, self.channel, ChannelState::NeedsReconnect, Some(&reason)).await.unwrap();
    }

    /// A node at work.
    pub async fn work(&self, mail: Arc<dyn Mail>) -> Running {
        // Nodes are processes of their own where there can be several; those of one SQLite file wake each other in one process.
        let store = if self.store.is_postgres() {
            Store::connect(self.store.config(), self.clock.clone()).await.unwrap()
        } else {
            (*self.store).clone()
        };
        let public_url: url::Url = "https://crier.example/".parse().unwrap();
        let allow = vec!["127.0.0.0/8".parse().unwrap()];
        let config = crier_net::Config { proxy: crier_net::ProxyConfig::None, allow, ..crier_net::Config::default() };
        let net = crier_net::Client::new(config).unwrap();
        let clock = self.clock.clone();
        let handlers: Vec<Arc<dyn Handler>> = vec![
            Arc::new(Announcer { store: store.clone(), public_url: public_url.clone(), by_mail: true }),
            Arc::new(Caller { store: store.clone(), net, clock: clock.clone() }),
            Arc::new(Mailer { store: store.clone(), mail, clock: clock.clone(), public_url }),
        ];
        let worker = Worker::new(store, clock, handlers, Settings::default());
        let stop = CancellationToken::new();
        let task = tokio::spawn(worker.run(stop.clone()));
        Running { stop, task }
    }

    /// Time passes, and the workers look.
    pub async fn pass(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
        // Adding work wakes those who sleep until a time that has come by the clock set forward.
        let wake = crier_store::due::NewWork::new(self.workspace, "nothing", "wake", self.clock_now());
        crier_store::due::upsert(&self.store, &[wake]).await.unwrap();
    }

    pub fn clock_now(&self) -> Timestamp {
        self.store.now()
    }
}

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    for _ in 0..400 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it did not come to this: {what}");
}
