//! The parts of the program, made from the configuration.

use crate::{Failed, config::Config, key_file};
use crier_connect::Handshake;
use crier_media::{Library, Storage};
use crier_model::SystemClock;
use crier_net::{Allow, Client};
use crier_networks::{Registry, registry};
use crier_store::{Store, StoreConfig};
use std::{path::Path, sync::Arc};

/// Opens the database; the data folder and the secret key are made where they are missing. The schema is not touched.
pub async fn store(config: &Config) -> Result<Store, Failed> {
    make_private(&config.data_dir)?;
    let key = key_file::read_or_make(&config.secret_key_file)?;
    let settings = StoreConfig {
        max_connections: config.database_connections,
        ..StoreConfig::new(config.database_url.expose(), key)
    };
    Store::connect(&settings, Arc::new(SystemClock)).await.map_err(|error| Failed::to("opening the database", error))
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
    let mut allow = config.egress_allow.clone();
    allow.extend(config.playground.map(Allow::Service));
    let settings = crier_net::Config {
        proxy: config.proxy.clone(),
        allow,
        extra_ca: config.extra_ca.clone(),
        ..crier_net::Config::default()
    };
    Client::new(settings).map_err(|error| Failed::to("setting up outbound requests", error))
}

pub fn registry(config: &Config) -> Registry {
    Registry::new(&registry::Settings { playground: config.playground_origin() })
}

pub fn library(config: &Config, store: &Store) -> Result<Library, Failed> {
    let storage = Storage::folder(&config.data_dir.join("media")).map_err(|error| Failed(error.to_string()))?;
    Ok(Library::new(store.clone(), storage))
}

pub fn handshake(config: &Config, store: &Store, net: &Client, registry: &Registry, library: &Library) -> Handshake {
    let mut settings = crier_connect::Settings::new(config.public_url.clone());
    settings.apps.clone_from(&config.apps);
    Handshake::new(crier_connect::Deps {
        store: store.clone(),
        net: net.clone(),
        registry: registry.clone(),
        library: library.clone(),
        clock: Arc::new(SystemClock),
        settings,
    })
}
