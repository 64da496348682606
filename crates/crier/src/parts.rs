//! The parts of the program, made from the configuration.

use crate::{
    Failed,
    config::{Config, MailServer},
    key_file::{self, Watched},
};
use async_trait::async_trait;
use crier_connect::{Doctor, Handshake, House, MailProbe};
use crier_engine::notices::Smtp;
use crier_media::{Addresses, Ffmpeg, HeifConvert, Library, Storage};
use crier_model::SystemClock;
use crier_net::{Allow, Client, ProxyConfig};
use crier_networks::{Registry, registry};
use crier_store::{ClusterClock, Store, StoreConfig, installation};
use std::{fmt, path::Path, sync::Arc};
use url::Url;

/// Opens the database; the data folder and the secret key are made where they are missing. The schema is not touched.
pub async fn store(config: &Config) -> Result<Store, Failed> {
    make_private(&config.data_dir)?;
    // Watched from before it is read: a change in between is noticed.
    let watched = Watched::new(&config.secret_key_file);
    let mut keys = key_file::read_or_make(&config.secret_key_file)?;
    let current = keys.remove(0);
    let settings = StoreConfig {
        max_connections: config.database_connections,
        older_keys: keys,
        key_source: Some(Arc::new(watched)),
        late_window: config.late_window,
        ..StoreConfig::new(config.database_url.expose(), current)
    };
    let opening = |error| Failed::to("opening the database", error);
    let clock = Arc::new(ClusterClock::new(Arc::new(SystemClock)));
    let store = Store::connect(&settings, clock.clone()).await.map_err(opening)?;
    clock.set_by(&store).await.map_err(opening)?;
    if store.is_postgres() {
        let store = store.clone();
        tokio::spawn(async move { clock.keep(&store).await });
    }
    Ok(store)
}

/// Makes a folder that only its owner may look into, where it is missing.
pub fn make_private(folder: &Path) -> Result<(), Failed> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Failed::to(&format!("making the data folder {}", folder.display()), error))
}

/// The way out. The Playground is on this machine and may be called although it is.
pub fn net(config: &Config) -> Result<Client, Failed> {
    net_with(config, None)
}

/// A way out to one service of the operator's own, wherever it is; it is used for nothing else.
pub fn net_to(config: &Config, service: &Url) -> Result<Client, Failed> {
    let host = service.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    net_with(config, host)
}

fn net_with(config: &Config, besides: Option<Allow>) -> Result<Client, Failed> {
    let mut allow = config.egress_allow.clone();
    allow.extend(besides);
    allow.extend(config.playground.map(Allow::Service));
    let settings = crier_net::Config {
        proxy: config.proxy.clone(),
        routes: config.network_proxies.clone(),
        no_proxy: config.no_proxy.clone(),
        name_servers: config.name_servers.clone(),
        allow,
        extra_ca: config.extra_ca.clone(),
        ..crier_net::Config::default()
    };
    Client::new(settings).map_err(|error| Failed::to("setting up outbound requests", error))
}

/// What the doctor is told of the program.
pub fn house(config: &Config) -> Result<House, Failed> {
    let mail = mail(config)?.map(|smtp| Arc::new(Probed(smtp)) as Arc<dyn MailProbe>);
    Ok(House {
        version: env!("CARGO_PKG_VERSION"),
        settings: config.given.len(),
        data_dir: config.data_dir.clone(),
        proxy: in_words(&config.proxy),
        other_ways: config.network_proxies.iter().map(|(network, way)| (network.clone(), in_words(way))).collect(),
        resolver: match config.name_servers.as_slice() {
            [] => "by the system's resolver".to_owned(),
            servers => {
                let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
                format!("by the name servers {}", servers.join(", "))
            }
        },
        mail,
    })
}

fn in_words(way: &ProxyConfig) -> String {
    match way {
        ProxyConfig::Environment => "by HTTPS_PROXY, HTTP_PROXY and NO_PROXY where the environment has them".to_owned(),
        ProxyConfig::None => "directly, without a proxy".to_owned(),
        ProxyConfig::Address(url) => format!("by the proxy {}", crier_net::redact(url)),
    }
}

/// The mail server as the doctor looks at it.
struct Probed(Smtp);

impl fmt::Debug for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probed(…)")
    }
}

#[async_trait]
impl MailProbe for Probed {
    async fn probe(&self) -> Result<(), String> {
        self.0.probe().await
    }
}

pub fn doctor(config: &Config, handshake: Handshake) -> Result<Doctor, Failed> {
    // Our own public address may be called wherever it is.
    Ok(Doctor::new(handshake, net_to(config, &config.public_url)?, house(config)?))
}

/// The mail server, where one is configured.
pub fn mail(config: &Config) -> Result<Option<Smtp>, Failed> {
    let open = |mail: &MailServer| Smtp::new(mail.url.expose(), &mail.from);
    config.mail.as_ref().map(open).transpose().map_err(|what| Failed::to("setting up mail", what))
}

pub fn registry(config: &Config) -> Registry {
    let settings = registry::Settings { playground: config.playground_origin(), bluesky: config.bluesky.clone() };
    Registry::new(&settings).converting_films(ffmpeg(config).is_some())
}

/// The program that converts videos, where there is one and it is wanted.
fn ffmpeg(config: &Config) -> Option<Ffmpeg> {
    config.converts_films.then(|| Ffmpeg::find(config.ffmpeg.as_deref(), config.ffmpeg_limits)).flatten()
}

/// Where the media are kept.
pub fn storage(config: &Config, net: &Client) -> Result<Storage, Failed> {
    let storage = match &config.bucket {
        Some(bucket) => Storage::bucket(bucket, net, &config.data_dir.join("scratch")),
        None => Storage::folder(&config.data_dir.join("media")),
    };
    storage.map_err(|error| Failed::to("opening the media storage", error))
}

pub fn library(config: &Config, store: &Store, net: &Client) -> Result<Library, Failed> {
    let heif = || HeifConvert::find(config.heif_convert.as_deref(), config.ffmpeg_limits);
    let heif = config.reads_heic.then(heif).flatten();
    Ok(Library::new(store.clone(), storage(config, net)?).with_ffmpeg(ffmpeg(config)).with_heif(heif))
}

/// How strangers get files; the database must be up to date.
pub async fn addresses(config: &Config, store: &Store) -> Result<Addresses, Failed> {
    let identity = installation::identity(store).await.map_err(|error| Failed::to("reading the database", error))?;
    Ok(Addresses::new(&config.public_url, identity))
}

pub fn handshake(config: &Config, store: &Store, net: &Client, registry: &Registry, library: &Library) -> Handshake {
    let mut settings = crier_connect::Settings::new(config.public_url.clone());
    settings.apps.clone_from(&config.apps);
    Handshake::new(crier_connect::Deps {
        store: store.clone(),
        net: net.clone(),
        registry: registry.clone(),
        library: library.clone(),
        clock: store.clock(),
        settings,
    })
}
