//! Three nodes on one PostgreSQL behind a load balancer, replaced one after the other while people write and posts go out.

#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use crier_net::{Client, Config, ProxyConfig};
use crier_store::testing::{self, TestStore};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    task::JoinHandle,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crier");
/// Says which ports are the balancer's and the nodes'.
const BALANCER: &str = "CRIER_PEER_BALANCER";
const NODES: u16 = 3;
const CHANNELS: usize = 6;
const POSTS: usize = 300;
/// The ports are the same for every test here.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A network: it takes posts by webhook, each under an id that is the same for every try.
#[derive(Clone, Default)]
struct Network(Arc<Mutex<HashMap<String, BTreeSet<String>>>>);

impl Network {
    async fn open(&self) -> String {
        async fn take(State(network): State<Network>, headers: HeaderMap, body: String) {
            let id = headers["webhook-id"].to_str().unwrap().to_owned();
            // A connect tries the address first.
            if let Some((_, rest)) = body.split_once("post number ") {
                let number = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().to_owned();
                network.0.lock().unwrap().entry(number).or_default().insert(id);
            }
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/{channel}", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        origin
    }
}

struct Cluster {
    store: TestStore,
    data: TempDir,
    port: u16,
    nodes: Vec<Child>,
    net: Client,
    key: String,
    workspace: String,
}

fn command(data: &Path, store: &TestStore, balancer: u16, node: u16) -> Command {
    let mut command = Command::new(PROGRAM);
    let log = std::fs::File::options().create(true).append(true).open(data.join(format!("node{node}.log"))).unwrap();
    command
        .env_clear()
        .env("CRIER_DATA_DIR", data.join(format!("node{node}")))
        .env("CRIER_SECRET_KEY_FILE", data.join("secret.key"))
        .env("DATABASE_URL", &store.config().url)
        .env("CRIER_LISTEN", format!("127.0.0.1:{}", balancer + node))
        .env("CRIER_PUBLIC_URL", format!("http://127.0.0.1:{balancer}"))
        .env("CRIER_EGRESS_ALLOW", "127.0.0.0/8")
        .env("CRIER_LOG_FORMAT", "json")
        .stdin(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    command
}

impl Cluster {
    async fn open() -> Self {
        let balancer: Value = serde_json::from_str(&std::env::var(BALANCER).expect("peers/balancer runs")).unwrap();
        let port = u16::try_from(balancer["port"].as_u64().unwrap()).unwrap();
        let store = testing::open().await;
        assert!(store.is_postgres(), "{} names a PostgreSQL", testing::DATABASE_VARIABLE);
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("secret.key"), "07".repeat(32)).unwrap();
        let say = async |arguments: &[&str]| {
            let said = command(data.path(), &store, port, 1).args(arguments).output().await.unwrap();
            assert!(said.status.success(), "{arguments:?}");
            String::from_utf8(said.stdout).unwrap().trim().to_owned()
        };
        let email = "ada@example.org";
        let made =
            say(&["user", "create", "--email", email, "--password", "correct horse battery", "--workspace", "Works"])
                .await;
        // “Made … with the workspace “Works” (ID).”
        let workspace = made.rsplit_once('(').unwrap().1.trim_end_matches([')', '.']).to_owned();
        let key = say(&["key", "create", "--user", email]).await;
        let allow = vec!["127.0.0.0/8".parse().unwrap()];
        let net = Client::new(Config { allow, proxy: ProxyConfig::None, ..Config::default() }).unwrap();
        let mut cluster = Self { store, data, port, nodes: Vec::new(), net, key, workspace };
        for node in 1..=NODES {
            cluster.nodes.push(cluster.start(node).await);
        }
        cluster
    }

    async fn start(&self, node: u16) -> Child {
        let mut command = command(self.data.path(), &self.store, self.port, node);
        let child = command.arg("serve").stdout(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while self.net.get(format!("http://127.0.0.1:{}/ready", self.port + node)).send().await.is_err() {
            assert!(Instant::now() < until, "node {node} does not answer; it logged:\n{}", self.log(node));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        child
    }

    fn log(&self, node: u16) -> String {
        std::fs::read_to_string(self.data.path().join(format!("node{node}.log"))).unwrap_or_default()
    }

    /// Ends a node with a signal, waits for its end, and starts it again.
    async fn replace(&mut self, node: u16, signal: &str) -> ExitStatus {
        let old = &mut self.nodes[usize::from(node) - 1];
        let pid = old.id().unwrap().to_string();
        Command::new("kill").args([signal, &pid]).status().await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(40), old.wait()).await.unwrap().unwrap();
        self.nodes[usize::from(node) - 1] = self.start(node).await;
        ended
    }

    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/api/v1/workspaces/{}/{path}", self.port, self.workspace)
    }

    async fn ask(&self, path: &str, body: &Value) -> Value {
        let answer = self.net.post(self.at(path)).bearer(&self.key).json(body).send().await.unwrap();
        assert!(answer.is_success(), "{} {}", answer.status(), answer.text());
        answer.json().unwrap()
    }

    async fn connect(&self, url: &str) -> String {
        let attempt = self.ask("attempts", &json!({ "network": "webhook" })).await;
        let path = format!("attempts/{}/form", attempt["id"].as_str().unwrap());
        let connected = self.ask(&path, &json!({ "values": { "url": url } })).await;
        connected["channel_id"].as_str().unwrap_or_else(|| panic!("{connected}")).to_owned()
    }
}

/// Writes a post, as often as it takes: what a node that is ending has cut off is sent again under the same key.
async fn write(net: &Client, key: &str, url: &str, once: &str, body: &Value) -> String {
    for _ in 0..100 {
        let request = net.post(url).bearer(key).header("idempotency-key", once).json(body);
        if let Ok(answer) = request.send().await
            && answer.is_success()
        {
            let post: Value = answer.json().unwrap();
            return post["publications"][0]["id"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a post could not be written");
}

/// Follows the events as a browser does: when the stream ends, it asks again from the last event on.
async fn follow(port: u16, workspace: String, key: String, published: Arc<Mutex<BTreeSet<String>>>) {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let mut last: Option<String> = None;
    loop {
        let Ok(mut stream) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let from = last.as_ref().map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /api/v1/workspaces/{workspace}/events HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n{from}\r\n"
        );
        if stream.write_all(request.as_bytes()).await.is_err() {
            continue;
        }
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(id) = line.strip_prefix("id:") {
                last = Some(id.trim().to_owned());
            }
            if let Some(data) = line.strip_prefix("data:")
                && let Ok(event) = serde_json::from_str::<Value>(data)
                && event["data"]["state"] == "published"
            {
                published.lock().unwrap().insert(event["subject"].as_str().unwrap().to_owned());
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A cluster with channels, posts that are being written, and somebody who follows what becomes of them.
struct Day {
    cluster: Cluster,
    network: Network,
    published: Arc<Mutex<BTreeSet<String>>>,
    follower: JoinHandle<()>,
    writer: JoinHandle<BTreeSet<String>>,
}

impl Day {
    async fn begin() -> Self {
        let cluster = Cluster::open().await;
        let network = Network::default();
        let origin = network.open().await;
        let mut channels = Vec::new();
        for n in 0..CHANNELS {
            channels.push(cluster.connect(&format!("{origin}/{n}")).await);
        }
        let published = Arc::new(Mutex::new(BTreeSet::new()));
        let follower = follow(cluster.port, cluster.workspace.clone(), cluster.key.clone(), published.clone());
        let (net, key, url) = (cluster.net.clone(), cluster.key.clone(), cluster.at("posts"));
        let writer = tokio::spawn(async move {
            let mut ids = BTreeSet::new();
            for n in 0..POSTS {
                let due_at = Timestamp::now() + SignedDuration::from_millis(200 + 40 * i64::try_from(n % 100).unwrap());
                let text = format!("This is post number {n}.");
                let body = json!({ "state": "scheduled", "due_at": due_at, "channels": [channels[n % CHANNELS]],
                    "parts": [{ "text": text, "media": [] }], "variants": {} });
                ids.insert(write(&net, &key, &url, &text, &body).await);
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            ids
        });
        Self { cluster, network, published, follower: tokio::spawn(follower), writer }
    }

    /// Waits until every post is told to be published, and sees that each is on the network once.
    async fn end(self) -> Cluster {
        let all = self.writer.await.unwrap();
        assert_eq!(all.len(), POSTS);
        let until = Instant::now() + Duration::from_secs(120);
        while *self.published.lock().unwrap() != all {
            let told = self.published.lock().unwrap().len();
            let log = self.cluster.log(1);
            assert!(Instant::now() < until, "{told} of {POSTS} were told to be published; node 1 logged:\n{log}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.follower.abort();
        // Once each: a second try carries the id of the first.
        let there = self.network.0.lock().unwrap().clone();
        assert_eq!(there.len(), POSTS);
        let twice: Vec<_> = there.iter().filter(|(_, ids)| ids.len() != 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
        self.cluster
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL and peers/balancer: script/test postgres runs it"]
async fn nodes_replaced_one_by_one_publish_each_post_once_and_tell_it_everywhere() {
    let _alone = ALONE.lock().await;
    let mut day = Day::begin().await;
    for node in 1..=NODES {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let ended = day.cluster.replace(node, "-TERM").await;
        assert!(ended.success(), "node {node} ended with {ended}; it logged:\n{}", day.cluster.log(node));
    }
    let cluster = day.end().await;
    // More than one of them did the work.
    let workers = (1..=NODES).filter(|node| cluster.log(*node).contains("\"published\"")).count();
    assert!(workers > 1, "{workers} node published everything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL and peers/balancer: script/test postgres runs it"]
async fn nodes_killed_at_random_publish_each_post_once_all_the_same() {
    let _alone = ALONE.lock().await;
    let mut day = Day::begin().await;
    let mut drawn: u64 = 42;
    for death in 0..12 {
        drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(drawn >> 55)).await;
        day.cluster.replace(1 + death % NODES, "-KILL").await;
    }
    day.end().await;
}
