//! The program itself, ended by SIGKILL while connects stand in every state, and started again: each goes on.

#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

use crier_net::{Answer, Client, Config, ProxyConfig, Request};
use crier_store::testing::{self, record};
use serde_json::{Value, json};
use std::{
    net::TcpListener as Listener,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::{Child, Command},
};
use url::Url;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crier");
const EMAIL: &str = "ada@example.org";

/// A data folder, and the program that runs on it.
struct House {
    data: TempDir,
    origin: String,
    network: String,
    net: Client,
    key: String,
    workspace: String,
    running: Child,
}

/// A connect on its way.
struct Tab {
    id: String,
    authorize_url: String,
    cookie: String,
}

fn command(data: &Path, ports: (u16, u16)) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("CRIER_DATA_DIR", data)
        .env("CRIER_LISTEN", format!("127.0.0.1:{}", ports.0))
        .env("CRIER_PUBLIC_URL", format!("http://127.0.0.1:{}", ports.0))
        .env("CRIER_PLAYGROUND_LISTEN", format!("127.0.0.1:{}", ports.1))
        .env("CRIER_EGRESS_ALLOW", "127.0.0.0/8")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

fn free_port() -> u16 {
    Listener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl House {
    async fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        let ports = (free_port(), free_port());
        let say = async |arguments: &[&str]| {
            let said = command(data.path(), ports).args(arguments).output().await.unwrap();
            assert!(said.status.success(), "{arguments:?}");
            String::from_utf8(said.stdout).unwrap().trim().to_owned()
        };
        let made =
            say(&["user", "create", "--email", EMAIL, "--password", "correct horse battery", "--workspace", "Works"])
                .await;
        // “Made … with the workspace “Works” (ID).”
        let workspace = made.rsplit_once('(').unwrap().1.trim_end_matches([')', '.']).to_owned();
        let key = say(&["key", "create", "--user", EMAIL]).await;
        let allow = vec!["127.0.0.0/8".parse().unwrap()];
        let net = Client::new(Config { allow, proxy: ProxyConfig::None, ..Config::default() }).unwrap();
        let running = serve(data.path(), ports);
        let house = Self {
            data,
            origin: format!("http://127.0.0.1:{}", ports.0),
            network: format!("http://127.0.0.1:{}", ports.1),
            net,
            key,
            workspace,
            running,
        };
        house.answers().await;
        house
    }

    async fn answers(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.net.get(format!("{}/health", self.origin)).send().await.is_err() {
            assert!(Instant::now() < until, "the program does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the program where it stands, lets two minutes pass without it, and starts it again.
    async fn killed_and_started_again(&mut self, meanwhile: &str) {
        self.running.kill().await.unwrap();
        let past = "UPDATE connect_event SET at = at - 120000;
            UPDATE due_work SET due_at = due_at - 120000, ready_at = ready_at - 120000, lease_until = lease_until - 120000;";
        testing::execute(&self.data.path().join("crier.db"), &format!("{past}{meanwhile}")).await;
        let port = |origin: &str| origin.rsplit(':').next().unwrap().parse().unwrap();
        self.running = serve(self.data.path(), (port(&self.origin), port(&self.network)));
        // What was kept alive led to the one before.
        let allow = vec!["127.0.0.0/8".parse().unwrap()];
        self.net = Client::new(Config { allow, proxy: ProxyConfig::None, ..Config::default() }).unwrap();
        self.answers().await;
    }

    async fn api(&self, request: Request) -> Value {
        let answer = request.bearer(&self.key).send().await.unwrap();
        assert!(answer.is_success(), "{} {}", answer.status(), answer.text());
        answer.json().unwrap()
    }

    fn attempts(&self, rest: &str) -> String {
        format!("{}/api/v1/workspaces/{}/attempts{rest}", self.origin, self.workspace)
    }

    async fn start(&self, network: &str) -> Tab {
        let request = self.net.post(self.attempts("")).bearer(&self.key).json(&json!({ "network": network }));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let attempt: Value = answer.json().unwrap();
        let text = |name: &str| attempt[name].as_str().unwrap_or_default().to_owned();
        Tab { id: text("id"), authorize_url: text("authorize_url"), cookie }
    }

    /// Signs in at the network; the cookie that shows it.
    async fn signed_in(&self) -> String {
        let signed_in = self.fill("/sign-in/demo", None, &[("account", "1"), ("return_to", "/")]).await;
        signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// Says yes at the network to all it asks for; the address it sends people back to.
    async fn allowed(&self, tab: &Tab) -> Url {
        let cookie = self.signed_in().await;
        let page = self.net.get(&*tab.authorize_url).header("cookie", &cookie).send().await.unwrap();
        let page = page.text();
        let ticket = page.split_once("name=\"ticket\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
        let asked = page.split("name=\"scope\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let mut form = vec![("ticket", ticket.as_str()), ("decision", "allow")];
        form.extend(asked.map(|scope| ("scope", scope)));
        let answer = self.fill("/oauth/authorize", Some(&cookie), &form).await;
        answer.header("location").unwrap().parse().unwrap()
    }

    async fn fill(&self, path: &str, cookie: Option<&str>, form: &[(&str, &str)]) -> Answer {
        let request = self.net.post(format!("{}{path}", self.network)).no_redirects().header("origin", &self.network);
        let request = match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        request.form(form).send().await.unwrap()
    }

    fn back(&self, to: &Url, cookie: Option<&str>) -> Request {
        let request = self.net.get(to.as_str()).no_redirects().timeout(Duration::from_secs(60));
        match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// Comes back without waiting for where it leads: the program won't live to say.
    async fn comes_back(&self, tab: &Tab) {
        let to = self.allowed(tab).await;
        let request = self.back(&to, Some(&tab.cookie));
        // It ends with the program.
        tokio::spawn(async move { drop(request.send().await) });
    }

    async fn fault(&self, endpoint: &str, times: u32) {
        let fault = json!({ "id": endpoint, "kind": "delay", "ms": 120_000, "endpoints": [endpoint], "times": times });
        let answer = self.net.post(format!("{}/faults.json", self.network)).json(&fault).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }

    async fn state(&self, tab: &Tab) -> String {
        let attempt = self.api(self.net.get(self.attempts(&format!("/{}", tab.id)))).await;
        match attempt["diagnosis"]["code"].as_str() {
            Some(code) if attempt["state"] == "failed" => format!("failed: {code}"),
            _ => attempt["state"].as_str().unwrap().to_owned(),
        }
    }

    async fn comes_to(&self, tab: &Tab, state: &str) -> String {
        let until = Instant::now() + Duration::from_secs(40);
        loop {
            let now = self.state(tab).await;
            if now == state || Instant::now() > until {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn serve(data: &Path, ports: (u16, u16)) -> Child {
    command(data, ports).args(["serve", "--playground"]).stdout(Stdio::null()).spawn().unwrap()
}

/// A receiver of webhooks that takes everything.
async fn receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 16 * 1024];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn connects_in_every_state_go_on_after_the_program_was_killed() {
    let mut house = House::open().await;
    let row = |name: &str, got: String| record::row_on("SIGKILL", name, "connected", got);

    let (started, away) = (house.start("webhook").await, house.start("playground").await);
    let confirming = house.start("playground").await;
    let to = house.allowed(&confirming).await;
    let landed = house.back(&to, None).send().await.unwrap();
    let nonce = landed.header("location").unwrap().split_once("#nonce=").unwrap().1.to_owned();

    let choosing = house.start("playground_pages").await;
    house.fill("/pages", Some(&house.signed_in().await), &[("name", "The kiosk"), ("handle", "kiosk")]).await;
    let to = house.allowed(&choosing).await;
    house.back(&to, Some(&choosing.cookie)).send().await.unwrap();
    assert_eq!(house.comes_to(&choosing, "choosing").await, "choosing");

    let identified = house.start("playground").await;
    house.fault("me", 1).await;
    house.comes_back(&identified).await;
    assert_eq!(house.comes_to(&identified, "identified").await, "identified");

    let (exchanging, returned) = (house.start("playground").await, house.start("playground").await);
    house.fault("token", 2).await;
    for tab in [&exchanging, &returned] {
        house.comes_back(tab).await;
        assert_eq!(house.comes_to(tab, "exchanging").await, "exchanging");
    }
    // Both requests are at the network, and it has not looked at them.
    tokio::time::sleep(Duration::from_millis(300)).await;

    // One of them as it was a moment before.
    let earlier = format!(
        "UPDATE connect_attempt SET state = 'returned' WHERE lower(hex(id)) = replace('{}', '-', '')",
        returned.id
    );
    house.killed_and_started_again(&earlier).await;

    for (name, tab) in [
        ("killed while exchanging", &exchanging),
        ("killed while returned", &returned),
        ("killed while identified", &identified),
    ] {
        row(name, house.comes_to(tab, "connected").await);
    }
    let confirm =
        house.net.post(house.attempts(&format!("/{}/confirm", confirming.id))).json(&json!({ "nonce": nonce }));
    house.api(confirm).await;
    row("killed while confirming", house.comes_to(&confirming, "connected").await);
    let shown = house.api(house.net.get(house.attempts(&format!("/{}", choosing.id)))).await;
    let choose = house.net.post(house.attempts(&format!("/{}/choose", choosing.id)));
    house.api(choose.json(&json!({ "choices": [shown["choosing"]["choices"][0]["id"]] }))).await;
    row("killed while choosing", house.comes_to(&choosing, "connected").await);
    let to = house.allowed(&away).await;
    house.back(&to, Some(&away.cookie)).send().await.unwrap();
    row("killed while away", house.comes_to(&away, "connected").await);
    let values = json!({ "values": { "url": receiver().await } });
    house.api(house.net.post(house.attempts(&format!("/{}/form", started.id))).json(&values)).await;
    row("killed while started", house.comes_to(&started, "connected").await);
}
