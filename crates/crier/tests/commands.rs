//! Commands that change what is kept, run as the program itself; on SQLite, or PostgreSQL when `CRIER_TEST_DATABASE_URL` names one.
#![allow(clippy::unwrap_used)]

use crier_model::{AttemptId, Secret, UserId, WorkspaceId};
use crier_store::{
    SecretKey, Store, StoreConfig,
    attempts::{self, NewAttempt, Note},
    sealed,
    testing::{self, TestStore},
    users::{self, NewUser, Registration},
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

/// A database, a key file, and the program to run on them.
struct House {
    store: TestStore,
    folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let store = testing::open().await;
        let house = Self { store, folder: TempDir::new().unwrap() };
        std::fs::write(house.key_file(), house.store.config().secret_key.to_hex().expose()).unwrap();
        house
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("secret.key")
    }

    fn keys(&self) -> Vec<SecretKey> {
        let text = std::fs::read_to_string(self.key_file()).unwrap();
        text.lines().map(|line| SecretKey::from_hex(line).unwrap()).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.keys().iter().map(|key| key.id().unwrap()).collect()
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_crier"));
        program
            .args(arguments)
            .current_dir(self.folder.path())
            .env("DATABASE_URL", &self.store.config().url)
            .env("CRIER_DATA_DIR", self.folder.path().join("data"))
            .env("CRIER_SECRET_KEY_FILE", self.key_file())
            .stdin(Stdio::null());
        program
    }

    /// Runs it to its end, looks that it tells no key, and gives what it said.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let Output { status, stdout, stderr } = self.program(arguments).output().unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        for key in self.keys() {
            assert!(!said.contains(key.to_hex().expose()), "{said}");
        }
        (status.success(), said)
    }

    /// As if the key file had been changed a while ago.
    fn time_passes(&self) {
        let file = std::fs::File::options().write(true).open(self.key_file()).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    }

    async fn by_key(&self) -> BTreeMap<String, u64> {
        let counted = sealed::count(&self.store).await.unwrap();
        counted.into_iter().map(|count| (count.key, count.values)).collect()
    }
}

async fn fill(store: &Store, attempts: usize) -> (WorkspaceId, UserId) {
    let new = NewUser {
        email: "ada@example.org".to_owned(),
        name: "Ada".to_owned(),
        password_hash: Secret::new("x"),
        time_zone: "UTC".to_owned(),
    };
    let (user, workspace) = users::sign_up(store, new, "Ada's", Registration::Open).await.unwrap();
    for i in 0..attempts {
        let new = NewAttempt {
            workspace: workspace.id,
            network: "playground".to_owned(),
            way: "oauth2".to_owned(),
            instance: None,
            app: None,
            purpose: "new".to_owned(),
            channel: None,
            started_by: user.id.into(),
            state_hash: format!("state {i}"),
            browser_hash: "browser".to_owned(),
            pkce_verifier: Some(Secret::new(format!("verifier {}", "long ".repeat(200)))),
            redirect_uri: "http://127.0.0.1:4800/integrations/social/playground".to_owned(),
            authorize_url: None,
            expires_at: store.now(),
        };
        attempts::create(store, AttemptId::new(), new, Note::new("Started", "")).await.unwrap();
    }
    (workspace.id, user.id)
}

const MANY: usize = 3_000;

#[tokio::test]
async fn a_rotation_that_is_killed_in_the_middle_is_taken_up_and_the_old_key_forgotten() {
    let house = House::new().await;
    let (workspace, _) = fill(&house.store, MANY).await;
    let old = house.ids().remove(0);
    assert_eq!(house.by_key().await, BTreeMap::from([(old.clone(), MANY as u64)]));

    let mut rotating = house.program(&["keys", "rotate"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while house.by_key().await.len() < 2 {
        assert!(rotating.try_wait().unwrap().is_none(), "it ended before anything was sealed again");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    rotating.kill().unwrap();
    rotating.wait().unwrap();
    let halfway = house.by_key().await;
    let new = house.ids().remove(0);
    assert_eq!(house.ids(), [new.clone(), old.clone()]);
    assert!(halfway[&old] > 0 && halfway[&new] > 0, "{halfway:?}");

    let (well, said) = house.run(&["keys", "forget", &old]);
    assert!(!well && said.contains("less than 60 seconds ago"), "{said}");
    house.time_passes();
    let (well, said) = house.run(&["keys", "forget", &old]);
    assert!(!well && said.contains("still needed"), "{said}");
    for (id, why) in [(new.as_str(), "the key that seals"), ("00000000", "there is no key 00000000")] {
        let (well, said) = house.run(&["keys", "forget", id]);
        assert!(!well && said.contains(why), "{said}");
    }
    let (well, said) = house.run(&["keys", "rotate", "--status"]);
    assert!(well && said.contains(&format!("{old}  older, opens: {} values", halfway[&old])), "{said}");

    let (well, said) = house.run(&["keys", "rotate", "--resume"]);
    assert!(
        well && said.contains(&format!("{new}  seals: {MANY} values (connect_attempt.pkce_verifier {MANY})")),
        "{said}"
    );
    assert_eq!(house.by_key().await, BTreeMap::from([(new.clone(), MANY as u64)]));
    let (well, said) = house.run(&["keys", "forget", &old]);
    assert!(well, "{said}");
    assert_eq!(house.ids(), [new]);

    let config = StoreConfig { secret_key: house.keys().remove(0), ..house.store.config().clone() };
    let store = Store::connect(&config, Arc::new(crier_model::SystemClock)).await.unwrap();
    let all = attempts::list(&store, workspace, false, MANY as u64 + 1).await.unwrap();
    assert_eq!(all.len(), MANY);
    assert!(all.iter().all(|attempt| attempt.pkce_verifier.as_ref().unwrap().expose().starts_with("verifier long")));
}

#[tokio::test]
async fn a_key_may_be_handed_round_before_anything_is_sealed_with_it_and_a_lost_one_is_told() {
    let house = House::new().await;
    fill(&house.store, 3).await;
    let old = house.ids().remove(0);
    let (well, said) = house.run(&["keys", "rotate", "--file-only"]);
    assert!(well && said.contains("--resume"), "{said}");
    assert_eq!((house.ids().len(), house.by_key().await), (2, BTreeMap::from([(old.clone(), 3)])));
    // The old line is lost on the way.
    std::fs::write(house.key_file(), house.keys()[0].to_hex().expose()).unwrap();
    let (well, said) = house.run(&["keys", "rotate", "--resume"]);
    assert!(!well && said.contains("3 values can't be opened"), "{said}");
    let (well, said) = house.run(&["keys", "rotate", "--status"]);
    assert!(well && said.contains(&format!("{old}  NOT IN THE FILE")), "{said}");
    let (well, said) = house.run(&["doctor", "webhook"]);
    assert!(!well && said.contains("FAIL  keys"), "{said}");
}

#[tokio::test]
async fn somebody_runs_the_installation_at_all_times() {
    let house = House::new().await;
    let create = |email: &str, more: &[&str]| {
        house.run(&[&["user", "create", "--email", email, "--password", "correct horse"], more].concat())
    };
    for (email, more) in [("ada@example.org", &[][..]), ("bob@example.org", &[]), ("eve@example.org", &["--admin"])] {
        let (well, said) = create(email, more);
        assert!(well, "{said}");
    }
    let admins = async || {
        let mut admins = Vec::new();
        for name in ["ada", "bob", "eve"] {
            let user = users::by_email(&house.store, &format!("{name}@example.org")).await.unwrap().unwrap();
            admins.extend(user.is_admin.then_some(name));
        }
        admins
    };
    assert_eq!(admins().await, ["ada", "eve"]);
    assert!(house.run(&["user", "admin", "bob@example.org"]).0);
    assert!(house.run(&["user", "admin", "ada@example.org", "--off"]).0);
    assert!(house.run(&["user", "admin", "eve@example.org", "--off"]).0);
    assert_eq!(admins().await, ["bob"]);
    let (well, said) = house.run(&["user", "admin", "bob@example.org", "--off"]);
    assert!(!well && said.contains("nobody else runs this installation"), "{said}");
    let (well, said) = house.run(&["user", "admin", "nobody@example.org"]);
    assert!(!well && said.contains("has no account here"), "{said}");
}
