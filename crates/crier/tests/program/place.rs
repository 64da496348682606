//! A data folder and a database, and the program that runs on them.

use crier_net::{Client, Config, Url};
use crier_store::testing;
use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crier");

pub struct Place {
    pub folder: tempfile::TempDir,
    pub database: String,
    pub listen: SocketAddr,
    /// What it is set to beside its folder, its database and its address.
    pub settings: Vec<(&'static str, String)>,
}

impl Place {
    /// On SQLite, or on PostgreSQL where `CRIER_TEST_DATABASE_URL` names one.
    pub fn new(name: &str) -> Self {
        match std::env::var("CRIER_TEST_DATABASE_URL") {
            Ok(url) if !url.is_empty() => Self { database: own_database(&url, name), ..Self::on_sqlite() },
            _ => Self::on_sqlite(),
        }
    }

    pub fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}/crier.db", folder.path().display());
        Self { folder, database, listen: free(), settings: Vec::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("CRIER_DATA_DIR", self.folder.path())
            .env("DATABASE_URL", &self.database)
            .env("CRIER_LISTEN", self.listen.to_string())
            .env("CRIER_EGRESS_ALLOW", "127.0.0.1")
            .envs(self.settings.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null());
        command
    }

    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stderr).unwrap()
    }

    /// Somebody's key, and the path of their workspace below `/api/v1/`.
    pub fn person(&self) -> (String, String) {
        let email = "ada@example.org";
        let made = self.ok(&["user", "create", "--email", email, "--password", "correct horse battery"]);
        // “Made … with the workspace “…” (ID).”
        let workspace = made.rsplit_once('(').unwrap().1.trim_end_matches([')', '.']).to_owned();
        (self.ok(&["key", "create", "--user", email]), format!("workspaces/{workspace}"))
    }

    pub async fn serve(&self) -> Server {
        let log = fs::File::create(self.path("log")).unwrap();
        let child = self.command(&["serve"]).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Server { child, address: format!("http://{}", self.listen), client: client() };
        let until = Instant::now() + Duration::from_secs(60);
        while server.client.get(format!("{}/ready", server.address)).send().await.is_err() {
            assert!(Instant::now() < until, "{}", fs::read_to_string(self.path("log")).unwrap());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    /// Runs SQL on its database, beside the server.
    pub async fn sql(&self, sql: &str) {
        if self.database.starts_with("sqlite:") {
            testing::execute(&self.path("crier.db"), sql).await;
        } else {
            psql(&self.database, sql);
        }
    }
}

/// A new database beside the one the tests were given.
fn own_database(url: &str, name: &str) -> String {
    let name = format!("program_{name}_{}", std::process::id());
    psql(url, &format!("DROP DATABASE IF EXISTS {name}"));
    psql(url, &format!("CREATE DATABASE {name}"));
    let mut url: Url = url.parse().unwrap();
    url.set_path(&name);
    url.into()
}

fn psql(url: &str, sql: &str) {
    let done = Command::new("psql").args(["--quiet", "--command", sql, url]).status().unwrap();
    assert!(done.success(), "{sql}");
}

pub fn client() -> Client {
    Client::new(Config { allow: vec!["127.0.0.1".parse().unwrap()], ..Config::default() }).unwrap()
}

/// An address where nobody listens.
pub fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The program at work.
pub struct Server {
    child: Child,
    pub address: String,
    pub client: Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
