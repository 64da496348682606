//! A backup of a running server, restored elsewhere: the copy publishes, and does not send again what may have been sent.

use crate::place::{Place, Server};
use crier_model::Timestamp;
use crier_net::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

impl Server {
    async fn ask(&self, method: Method, path: &str, key: &str, body: Option<Value>) -> Value {
        let mut request = self.client.request(method, format!("{}/api/v1/{path}", self.address)).bearer(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap().json().unwrap()
    }

    async fn get(&self, path: &str, key: &str) -> Value {
        self.ask(Method::GET, path, key, None).await
    }

    async fn post(&self, path: &str, key: &str, body: Value) -> Value {
        self.ask(Method::POST, path, key, Some(body)).await
    }
}

/// A receiver of webhooks; what it was sent, as text.
async fn receiver() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = got.clone();
    let take = move |body: String| {
        kept.lock().unwrap().push(body);
        async {}
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(take)).await });
    (address, got)
}

fn post(channel: &Value, text: &str, due_in: SignedDuration) -> Value {
    json!({
        "state": "scheduled", "due_at": Timestamp::now() + due_in, "channels": [channel],
        "parts": [{ "text": text, "media": [] }], "variants": {},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_publishes_and_asks_about_what_was_due() {
    crier_net::install_crypto_provider();
    let (hook, got) = receiver().await;
    let old = Place::new("old");
    let (key, workspace) = old.person();
    let within = |path: &str| format!("{workspace}/{path}");
    let archive = old.path("backup.tar");
    let to = archive.to_str().unwrap();
    let due = {
        let server = old.serve().await;
        let attempt = server.post(&within("attempts"), &key, json!({ "network": "webhook" })).await;
        let form = within(&format!("attempts/{}/form", attempt["id"].as_str().unwrap()));
        let connected = server.post(&form, &key, json!({ "values": { "url": format!("http://{hook}/") } })).await;
        let channel = connected["channel_id"].clone();
        assert!(channel.is_string(), "{connected}");
        // The connect itself calls the address, to see that it takes what it is sent.
        got.lock().unwrap().clear();
        let later =
            server.post(&within("posts"), &key, post(&channel, "For later", SignedDuration::from_hours(5))).await;
        let soon = server.post(&within("posts"), &key, post(&channel, "Soon", SignedDuration::from_secs(8))).await;
        fs::create_dir_all(old.path("media/w")).unwrap();
        fs::write(old.path("media/w/a.png"), b"picture").unwrap();
        old.ok(&["backup", "--to", to, "--with-key"]);
        assert!(old.refused(&["backup", "--to", to]).contains("--to"));
        // The old server sends it; the backup does not know.
        wait_for(&got, 1).await;
        [soon, later].map(|post| post["publications"][0]["id"].as_str().unwrap().to_owned())
    };

    let new = Place::new("new");
    let said = new.ok(&["restore", to]);
    assert!(said.contains("1 publication was due since then"), "{said}");
    assert_eq!(fs::read(new.path("media/w/a.png")).unwrap(), b"picture");
    let server = new.serve().await;
    let posts = server.get(&within("posts"), &key).await;
    let state = |text: &str| {
        let items = posts["items"].as_array().unwrap();
        items.iter().find(|post| post["excerpt"] == text).unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!((state("Soon").as_str(), state("For later").as_str()), ("held", "scheduled"));
    let channel = posts["items"][0]["publications"][0]["channel_id"].clone();
    server.post(&within("posts"), &key, post(&channel, "From the copy", SignedDuration::from_secs(1))).await;
    wait_for(&got, 2).await;
    let sent = got.lock().unwrap().clone();
    assert!(sent[0].contains("Soon") && sent[1].contains("From the copy"), "{sent:?}");
    // A person decides about the one that is held.
    let held = server.post(&within(&format!("publications/{}/retry", due[0])), &key, json!({})).await;
    assert_eq!(held["state"], "scheduled");
}

async fn wait_for(got: &Mutex<Vec<String>>, count: usize) {
    let until = Instant::now() + Duration::from_secs(60);
    while got.lock().unwrap().len() < count {
        assert!(Instant::now() < until, "nothing came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn a_restore_writes_over_nothing_and_wants_the_right_key() {
    let old = Place::new("first");
    old.ok(&["user", "create", "--email", "a@example.org", "--password", "correct horse"]);
    let archive = old.path("backup.tar");
    let to = archive.to_str().unwrap();
    old.ok(&["backup", "--to", to]);
    assert!(old.refused(&["restore", to]).contains("DATABASE_URL"));

    let new = Place::new("second");
    assert!(new.refused(&["restore", to]).contains("does not hold the secret key"));
    fs::write(new.path("secret.key"), "00".repeat(32)).unwrap();
    assert!(new.refused(&["restore", to]).contains("holds other keys"));
    fs::copy(old.path("secret.key"), new.path("secret.key")).unwrap();
    let cut = new.path("cut.tar");
    let whole = fs::read(&archive).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert!(new.refused(&["restore", cut.to_str().unwrap()]).contains("cut.tar"));
    assert!(!Path::new(&new.path("crier.db")).exists());
    assert!(new.refused(&["restore", old.path("secret.key").to_str().unwrap()]).contains("no backup that Crier made"));
    new.ok(&["restore", to]);
    assert!(
        new.refused(&["user", "create", "--email", "a@example.org", "--password", "correct horse"]).contains("already")
    );
}

#[test]
fn a_backup_of_nothing_is_refused() {
    let place = Place::new("none");
    if place.database.starts_with("sqlite:") {
        assert!(place.refused(&["backup"]).contains("--data-dir"));
        assert!(!place.path("crier.db").exists());
    }
}
