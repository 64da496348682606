//! `crier keys`: a new key for what is sealed, while servers run.

use crate::{
    Failed,
    commands::{Keys, Rotation},
    config::Config,
    key_file, parts, say,
};
use crier_store::{KEYS_NOTICED_WITHIN, SecretKey, Store, sealed};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Write as _,
    process::ExitCode,
    time::{Duration, SystemTime},
};

/// Values in one transaction, so that others get their turn.
const BATCH: u64 = 200;
/// A pass may miss what a server was just changing; the next one finds it.
const PASSES: usize = 5;
/// A transaction that was sealed before servers learnt of the new key has ended by then.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

pub async fn run(config: &Config, asked: Keys) -> Result<ExitCode, Failed> {
    match asked {
        Keys::Status => {
            let store = parts::store(config).await?;
            Ok(say(&status(&store).await?))
        }
        Keys::Rotate(rotation) => rotate(config, rotation).await,
        Keys::Forget { id } => forget(config, &id).await,
    }
}

fn failed(error: impl std::fmt::Display) -> Failed {
    Failed::to("the secret keys", error)
}

/// Values by key and place.
async fn counted(store: &Store) -> Result<BTreeMap<String, Vec<sealed::Count>>, Failed> {
    let mut by_key: BTreeMap<String, Vec<sealed::Count>> = BTreeMap::new();
    for count in sealed::count(store).await.map_err(failed)? {
        by_key.entry(count.key.clone()).or_default().push(count);
    }
    Ok(by_key)
}

async fn status(store: &Store) -> Result<String, Failed> {
    let mut by_key = counted(store).await?;
    let mut out = String::new();
    for (place, id) in store.known_keys().into_iter().enumerate() {
        let role = if place == 0 { "seals" } else { "older, opens" };
        describe(&mut out, &id, role, &by_key.remove(&id).unwrap_or_default());
    }
    for (id, counts) in by_key {
        describe(&mut out, &id, "NOT IN THE FILE: can't be opened", &counts);
    }
    Ok(out)
}

fn describe(out: &mut String, id: &str, role: &str, counts: &[sealed::Count]) {
    let total: u64 = counts.iter().map(|count| count.values).sum();
    let places: Vec<_> = counts.iter().map(|count| format!("{} {}", count.place, count.values)).collect();
    let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
    writeln!(out, "{id}  {role}: {total} values{places}").ok();
}

async fn rotate(config: &Config, rotation: Rotation) -> Result<ExitCode, Failed> {
    let path = &config.secret_key_file;
    if rotation != Rotation::Resume {
        let mut keys = key_file::read_or_make(path)?;
        keys.insert(0, SecretKey::generate());
        key_file::replace(path, &keys)?;
        let id = keys[0].id().map_err(failed)?;
        say(&format!("{id} is the key now; {} older ones still open.", keys.len() - 1));
        if rotation == Rotation::FileOnly {
            return Ok(say("Hand the file to every machine, then run `crier keys rotate --resume` on one."));
        }
        // From then on every server that reads this file seals with the new key.
        tokio::time::sleep(KEYS_NOTICED_WITHIN * 2).await;
    }
    let store = parts::store(config).await?;
    let mut unreadable = 0;
    for pass in 1.. {
        let told = |progress: sealed::Progress| {
            write!(std::io::stderr(), "\r{} values sealed again", progress.resealed).ok();
        };
        let done = sealed::reseal(&store, BATCH, told).await.map_err(failed)?;
        writeln!(std::io::stderr()).ok();
        unreadable = done.unreadable;
        if done.resealed + done.left == 0 || pass == PASSES {
            break;
        }
    }
    say(&status(&store).await?);
    store.close().await.map_err(failed)?;
    if unreadable > 0 {
        return Err(Failed(format!(
            "{unreadable} values can't be opened with the keys in {}: put the missing key back and run `crier keys rotate \
             --resume`",
            path.display()
        )));
    }
    Ok(ExitCode::SUCCESS)
}

async fn forget(config: &Config, id: &str) -> Result<ExitCode, Failed> {
    let path = &config.secret_key_file;
    let keys = key_file::read(path)?;
    let ids = keys.iter().map(SecretKey::id).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let Some(place) = ids.iter().position(|known| known == id) else {
        return Err(Failed(format!("there is no key {id} in {}; there are {}", path.display(), ids.join(", "))));
    };
    if place == 0 {
        return Err(Failed(format!("{id} is the key that seals; run `crier keys rotate` first")));
    }
    let changed = std::fs::metadata(path).and_then(|about| about.modified()).map_err(failed)?;
    if SystemTime::now().duration_since(changed).unwrap_or_default() < SETTLED_AFTER {
        return Err(Failed(format!(
            "the keys were changed less than {} seconds ago, and a server may still be sealing with {id}; wait a moment",
            SETTLED_AFTER.as_secs()
        )));
    }
    let store = parts::store(config).await?;
    if let Some(counts) = counted(&store).await?.remove(id) {
        let mut what = String::new();
        describe(&mut what, id, "still needed", &counts);
        return Err(Failed(format!("{}; run `crier keys rotate --resume` first", what.trim_end())));
    }
    let kept: Vec<_> = keys.into_iter().zip(&ids).filter(|(_, known)| *known != id).map(|(key, _)| key).collect();
    key_file::replace(path, &kept)?;
    Ok(say(&format!("{id} is forgotten. Backups made before the last rotation need it: keep a copy with them.")))
}
