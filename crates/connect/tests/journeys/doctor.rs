//! The doctor: what it finds, and that its report gives nothing away.

use crate::world::{World, client};
use async_trait::async_trait;
use axum::{Json, Router, routing::get};
use crier_connect::{AppPlace, Doctor, House, MailProbe, Progress, Report};
use crier_model::Secret;
use crier_networks::connect::Client2;
use crier_store::{
    SecretKey, Store, StoreConfig,
    apps::Entered,
    attempts::{self, NewAttempt, Note},
    channels::{self, Connected},
    installation,
};
use serde_json::json;
use std::{collections::HashMap, path::PathBuf, sync::Arc};
use url::Url;

fn house(data_dir: PathBuf) -> House {
    House {
        version: "1.2.3",
        settings: 20,
        data_dir,
        proxy: "directly, without a proxy".to_owned(),
        other_ways: Vec::new(),
        resolver: "by the system's resolver".to_owned(),
        mail: None,
    }
}

/// A mail server that says this.
#[derive(Debug)]
struct Postman(Result<(), String>);

#[async_trait]
impl MailProbe for Postman {
    async fn probe(&self) -> Result<(), String> {
        self.0.clone()
    }
}

impl World {
    fn doctor(&self) -> Doctor {
        Doctor::new(self.handshake.clone(), client(), house(self.folder.path().to_owned()))
    }

    async fn examined(&self) -> Report {
        self.doctor().report(vec!["playground".to_owned()]).await
    }
}

fn wrong(report: &Report) -> Vec<(&str, &str)> {
    let all = report.checks.iter().filter_map(|row| Some((row.area.as_str(), row.wrong.as_ref()?.code.as_str())));
    all.collect()
}

/// Serves what stands at the public address, on a port of its own.
async fn standing(router: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A health page that proves itself with this identity.
fn health(identity: String) -> Router {
    let answer = move |axum::extract::Query(query): axum::extract::Query<HashMap<String, String>>| {
        let proof = installation::proof(&identity, &query["nonce"]);
        async move { Json(json!({ "status": "ok", "proof": proof })) }
    };
    Router::new().route("/health", get(answer))
}

#[tokio::test]
async fn what_is_well_is_told_area_by_area_as_it_is_looked_at() {
    let (tell, told) = tokio::sync::oneshot::channel::<String>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let public: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let at = public.clone();
    let world = World::with(move |settings| settings.public_url = at).await;
    tokio::spawn(async move { axum::serve(listener, health(told.await.unwrap())).await });
    tell.send(installation::identity(&world.store).await.unwrap()).unwrap();
    let channel = world.leave().await;
    assert_eq!(channel.attempt.network, "playground");

    let mut heard = world.doctor().examine(vec!["playground".to_owned()]);
    let Some(Progress::Planned { areas }) = heard.recv().await else { panic!("no plan") };
    let mut looked_at = Vec::new();
    let report = loop {
        match heard.recv().await.unwrap() {
            Progress::Checked { area, rows } => {
                assert!(!rows.is_empty() && rows.iter().all(|row| row.area == area), "{rows:?}");
                looked_at.push(area);
            }
            Progress::Done(report) => break report,
            Progress::Planned { .. } => panic!("planned twice"),
        }
    };
    looked_at.sort();
    let mut planned = areas.clone();
    planned.sort();
    assert_eq!(looked_at, planned);
    assert_eq!(areas.last().map(String::as_str), Some("playground"));
    assert!(report.ok, "{}", report.text);
    assert!(report.text.starts_with("Crier 1.2.3 on "), "{}", report.text);
    assert!(report.text.ends_with(&format!("{} checks, 0 failed", report.checks.len())), "{}", report.text);
    let titles: Vec<_> = report.checks.iter().map(|row| row.title.as_str()).collect();
    assert!(titles.contains(&"The clock is right") && titles.contains(&"SQLite answers") || world.store.is_postgres());
}

#[tokio::test]
async fn a_full_disk_of_the_database_is_told_with_what_becomes_of_posts() {
    let world = World::with(|_| {}).await;
    if world.store.is_postgres() {
        return;
    }
    world.store.limit_growth(Some(0)).await.unwrap();
    let report = world.examined().await;
    let row = report.checks.iter().find(|row| row.area == "database").unwrap();
    let told = row.wrong.as_ref().unwrap();
    assert!(told.cause.contains("the database's disk is full"), "{told:?}");
    assert!(told.fix[0].contains("none is lost"), "{told:?}");
    world.store.limit_growth(None).await.unwrap();
    let report = world.examined().await;
    assert!(report.checks.iter().all(|row| row.area != "database" || row.wrong.is_none()), "{}", report.text);
}

#[tokio::test]
async fn another_answer_under_the_public_address_is_told() {
    let page = Router::new().fallback(get(|| async { axum::response::Html("<h1>It works!</h1>") }));
    for (router, said) in [
        (page, "Something other than this installation answers under the public address."),
        (health("another".to_owned()), "Another installation of Crier, with another database, answers"),
    ] {
        let url = standing(router).await;
        let world = World::with(move |settings| settings.public_url = url).await;
        let report = world.examined().await;
        assert_eq!(wrong(&report), [("public_url", "http.not_the_api")], "{}", report.text);
        assert!(report.text.contains(said), "{}", report.text);
    }
}

#[tokio::test]
async fn a_network_that_is_named_wrong_is_not_looked_for() {
    let world = World::start().await;
    let named = ["playground".to_owned(), "orkut".to_owned()];
    assert_eq!(world.doctor().unknown(&named), Some("orkut"));
    assert_eq!(world.doctor().unknown(&named[..1]), None);
}

#[tokio::test]
async fn ways_out_and_the_mail_server_are_told() {
    let world = World::start().await;
    let told = async |mail: Option<Arc<dyn MailProbe>>| {
        let other_ways = vec![("mastodon".to_owned(), "by the proxy http://proxy.lan:3128".to_owned())];
        let house = House { other_ways, mail, ..house(world.folder.path().to_owned()) };
        let report = Doctor::new(world.handshake.clone(), client(), house).report(vec!["playground".to_owned()]).await;
        let rows = report.checks.into_iter().filter(|row| row.area == "mail" || row.area == "outbound");
        rows.map(|row| (row.title, row.note.or(row.wrong.map(|wrong| wrong.cause)))).collect::<Vec<_>>()
    };
    let rows = told(None).await;
    let titles: Vec<_> = rows.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(titles, ["Mail server", "The way out", "The way out to Mastodon", "Names are looked up"]);
    assert_eq!(rows[2].1.as_deref(), Some("by the proxy http://proxy.lan:3128"));
    let well = told(Some(Arc::new(Postman(Ok(()))))).await;
    assert_eq!(well[0], ("The mail server takes the sign-in".to_owned(), None));
    let ill = told(Some(Arc::new(Postman(Err("535 5.7.8 wrong password".to_owned()))))).await;
    assert_eq!(ill[0].1.as_deref(), Some("535 5.7.8 wrong password"));
}

const SECRETS: [&str; 12] = [
    "Configured-Secret-1",
    "Installation-Secret-2",
    "Workspace-Secret-3",
    "Access-Token-4",
    "Refresh-Token-5",
    "Pkce-Verifier-6",
    "Database-Password-7",
    "Proxy-Password-8",
    "Password-Hash-9",
    "State-Hash-10",
    "Browser-Hash-11",
    "Private-Key-12",
];

/// Seals with a key that the doctor does not have.
async fn under_a_lost_key(world: &World) -> Store {
    let config = StoreConfig { secret_key: SecretKey::new([9; 32]), ..world.store.config().clone() };
    Store::connect(&config, world.clock.clone()).await.unwrap()
}

async fn fill_with_secrets(world: &World) {
    let place = AppPlace { workspace: None, network: "playground", instance: None };
    world.handshake.set_app(place, Entered::new("nobody", Some(&Secret::from(SECRETS[1])))).await.unwrap();
    let own = AppPlace { workspace: Some(world.workspace), ..place };
    world.handshake.set_app(own, Entered::new("nobody", Some(&Secret::from(SECRETS[2])))).await.unwrap();
    let store = under_a_lost_key(world).await;
    let credentials = json!({
        "credentials": { "access_token": SECRETS[3], "refresh_token": SECRETS[4], "extra": { "key": SECRETS[11] } },
        "obtained_at": "2027-01-01T00:00:00Z",
    });
    let connected = Connected {
        network: "playground".into(),
        way: "oauth2".into(),
        instance: None,
        identity: crier_model::channel::Identity {
            remote_id: "1".into(),
            name: "Ada".into(),
            handle: "ada".into(),
            profile_url: None,
            avatar_url: None,
        },
        app: None,
        grant: None,
        scopes: Vec::new(),
        credentials: Secret::new(credentials.to_string()),
        token_expires_at: None,
        renews: true,
    };
    channels::upsert_connected(&store, world.workspace, &connected, |_| Vec::new()).await.unwrap();
    let attempt = NewAttempt {
        workspace: world.workspace,
        network: "playground".into(),
        way: "oauth2".into(),
        instance: None,
        app: None,
        purpose: "new".into(),
        channel: None,
        started_by: world.user.into(),
        state_hash: SECRETS[9].into(),
        browser_hash: SECRETS[10].into(),
        pkce_verifier: Some(SECRETS[5].into()),
        redirect_uri: "http://127.0.0.1:9/cb".into(),
        authorize_url: None,
        expires_at: jiff::Timestamp::now(),
    };
    attempts::create(&store, crier_model::AttemptId::new(), attempt, Note::new("Started", "")).await.unwrap();
    let user = crier_store::users::UserChange { password_hash: Some(SECRETS[8].into()), ..Default::default() };
    crier_store::users::update(&world.store, world.user, user).await.unwrap();
}

#[tokio::test]
async fn a_report_of_a_house_full_of_secrets_in_which_all_is_wrong_gives_none_away() {
    let secret =
        Client2 { client_id: "configured".to_owned(), client_secret: Some(SECRETS[0].into()), bot_token: None };
    let mut world = World::with(|settings| {
        // Nothing answers there, and it is not https.
        settings.public_url = "http://crier.invalid/".parse().unwrap();
        settings.apps.insert("playground".to_owned(), secret);
    })
    .await;
    fill_with_secrets(&world).await;
    world.stop().await;
    let proxied = crier_net::Config {
        proxy: format!("http://user:{}@127.0.0.1:9", SECRETS[7]).parse().unwrap(),
        ..crier_net::Config::default()
    };
    let net = crier_net::Client::new(proxied).unwrap();
    let house = House {
        proxy: crier_net::redact(&format!("by the proxy http://user:{}@127.0.0.1:9", SECRETS[7])),
        mail: Some(Arc::new(Postman(Err(format!("535 no smtp://ada:{}@mail.invalid", SECRETS[7]))))),
        ..house(PathBuf::from("/nonexistent/data"))
    };
    // One with the configured app and the public address that leads nowhere, one whose only way out is shut.
    let as_set = Doctor::new(world.handshake.clone(), net.clone(), house.clone()).report(Vec::new()).await;
    let shut = Doctor::new(world.going_out_by(net.clone()), net, house.clone()).report(Vec::new()).await;
    let address = format!("postgres://crier:{}@127.0.0.1:9/crier", SECRETS[6]);
    let config = StoreConfig::new(address, SecretKey::new([9; 32]));
    let cause = Store::connect(&config, world.clock.clone()).await.unwrap_err().to_string();
    let closed = Report::without_database(&house, &"http://crier.invalid/".parse().unwrap(), &cause);
    for area in ["keys", "data_folder", "mail", "public_url", "playground", "mastodon", "bluesky"] {
        let ill = [&as_set, &shut].into_iter().any(|report| wrong(report).iter().any(|(at, _)| *at == area));
        assert!(ill, "{area} is well in\n{}\n{}", as_set.text, shut.text);
    }
    for told in [&as_set, &shut, &closed] {
        let json = serde_json::to_string(told).unwrap();
        for secret in SECRETS {
            assert!(!told.text.contains(secret), "{secret} is in\n{}", told.text);
            assert!(!json.contains(secret), "{secret} is in\n{json}");
        }
    }
    let identity = installation::identity(&world.store).await.unwrap();
    assert!(!as_set.text.contains(&identity) && !shut.text.contains(&identity));
}
