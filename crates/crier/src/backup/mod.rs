//! Backup and restore: the database as of one moment, the media, and what is needed to know that it is whole again.
//!
//! A backup is one tar file: `backup.json` first (what it is), the database, `media/…`, and last `manifest.json` (every file with its
//! length and SHA-256). It is made while the server runs.

mod archive;
mod database;
mod media;

use crate::{Failed, config::Config, key_file, parts};
use archive::{Reader, Writer};
use crier_model::Timestamp;
use crier_store::SecretKey;
use media::Media;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The form of the archive; a higher one was made by a newer Crier.
const FORMAT: u32 = 1;
const ABOUT: &str = "backup.json";
const KEY: &str = "secret.key";
const DATABASE: &str = "database";
const MEDIA: &str = "media";

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    crier: String,
    made_at: Timestamp,
    database: Kind,
    /// The ids of the secret keys that open the tokens in it.
    keys: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    fn of(config: &Config) -> Self {
        if config.database_url.expose().starts_with("sqlite:") { Self::Sqlite } else { Self::Postgres }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

#[derive(Debug)]
pub struct Wanted {
    /// Where to; a name with the time of day in this folder when left out.
    pub to: Option<PathBuf>,
    pub with_key: bool,
    pub without_media: bool,
}

/// `crier backup`.
pub async fn backup(config: &Config, wanted: Wanted) -> Result<String, Failed> {
    let kind = Kind::of(config);
    database::must_be_there(config, kind)?;
    let now = Timestamp::now();
    let to = wanted.to.unwrap_or_else(|| format!("crier-backup-{}.tar", now.strftime("%Y%m%dT%H%M%SZ")).into());
    if to.exists() {
        return Err(Failed(format!("--to: {} is there already; choose another name", to.display())));
    }
    let keys = key_file::read_or_make(&config.secret_key_file)?;
    let about = About {
        format: FORMAT,
        crier: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        database: kind,
        keys: ids_of(&keys)?,
    };
    let folder = work_folder(&to)?;
    let copy = folder.path().join(DATABASE);
    database::copy(config, kind, &copy).await?;
    // After the database: a file more than that knows does no harm.
    let media = Media::of(config, wanted.without_media)?;
    let keys = wanted.with_key.then_some(keys);
    let partial = folder.path().join("archive");
    let runtime = tokio::runtime::Handle::current();
    let written = on_thread(move || {
        let mut archive = begun(&partial, &about, keys.as_deref(), &copy)?;
        media.write(&mut archive, &runtime)?;
        Ok((partial, archive.finish()?))
    });
    let (partial, (files, bytes)) = written.await.map_err(|error| Failed::to("writing the backup", error))?;
    fs::rename(&partial, &to).map_err(|error| Failed::to(&format!("naming the backup {}", to.display()), error))?;
    let place = config.secret_key_file.display();
    let hint = if wanted.with_key {
        "The secret key is in it: whoever has this file can speak for your channels.".to_owned()
    } else {
        format!(
            "The secret key is not in it: keep {place} in another place. Without it, channels must be connected anew."
        )
    };
    Ok(format!("Made {} ({files} files, {}).\n{hint}", to.display(), size(bytes)))
}

/// An archive with all but the media.
fn begun(to: &Path, about: &About, keys: Option<&[SecretKey]>, database: &Path) -> io::Result<Writer> {
    let mut archive = Writer::create(to)?;
    archive.add_bytes(ABOUT, &serde_json::to_vec_pretty(about)?)?;
    if let Some(keys) = keys {
        archive.add_bytes(KEY, key_file::to_text(keys).expose().as_bytes())?;
    }
    archive.add_file(DATABASE, database)?;
    Ok(archive)
}

/// `crier restore`.
pub async fn restore(config: &Config, from: &Path) -> Result<String, Failed> {
    let wrong = |cause: &dyn std::fmt::Display| Failed::to(&format!("reading {}", from.display()), cause);
    let (about, keys) = {
        let mut archive = Reader::open(from).map_err(|error| wrong(&error))?;
        archive.head(ABOUT, KEY).map_err(|error| wrong(&error))?
    };
    let about: About = serde_json::from_slice(&about).map_err(|_| wrong(&"it is no backup that Crier made"))?;
    if about.format > FORMAT {
        return Err(wrong(&format!("it was made by Crier {}, which is newer than this one", about.crier)));
    }
    let kind = Kind::of(config);
    if about.database != kind {
        let (was, is) = (about.database.name(), kind.name());
        return Err(Failed(format!(
            "DATABASE_URL: the backup is of {was}, and {is} is configured; restore it where {was} is"
        )));
    }
    media::must_be_empty(config).await?;
    let keys = keys.map(|keys| key_file::parse(from, &String::from_utf8_lossy(&keys))).transpose()?;
    let key_is_new = take_keys(config, &about, keys)?;
    put_back(config, from, kind).await.inspect_err(|_| {
        if key_is_new {
            fs::remove_file(&config.secret_key_file).ok();
        }
    })?;

    let store = parts::store(config).await?;
    let failed = |error| Failed::to("bringing the database up to date", error);
    store.migrate().await.map_err(failed)?;
    let held = crier_store::publications::hold_restored(&store).await.map_err(failed)?;
    store.close().await.map_err(failed)?;
    let mut told = format!("Restored the backup of {}.\n", about.made_at);
    let due = match held {
        0 => None,
        1 => Some("1 publication was due since then: it is".to_owned()),
        many => Some(format!("{many} publications were due since then: they are")),
    };
    if let Some(due) = due {
        told += &format!(
            "{due} held, because it may have been sent already. Look on the network, then send or cancel it.\n"
        );
    }
    told += "If the installation it was made from still runs, stop it before you start this one: both would publish.";
    Ok(told)
}

/// Unpacks all of it beside where it goes, and moves it there once it is known to be whole.
async fn put_back(config: &Config, from: &Path, kind: Kind) -> Result<(), Failed> {
    database::must_be_empty(config, kind).await?;
    let folder = work_folder(&config.data_dir.join(DATABASE))?;
    let (source, target) = (from.to_owned(), folder.path().to_owned());
    let unpacked = on_thread(move || Reader::open(&source)?.unpack(&target)).await;
    unpacked.map_err(|error| Failed::to(&format!("reading {}", from.display()), error))?;
    media::put_back(config, &folder.path().join(MEDIA)).await?;
    database::put_back(config, kind, &folder.path().join(DATABASE)).await
}

/// Makes sure that the backup's keys are among those in use; says whether they were written now.
fn take_keys(config: &Config, about: &About, packed: Option<Vec<SecretKey>>) -> Result<bool, Failed> {
    let file = &config.secret_key_file;
    if !file.exists() {
        let Some(keys) = packed else {
            return Err(Failed(format!(
                "--secret-key-file: the backup does not hold the secret key ({}); put it at {} first",
                about.keys.join(", "),
                file.display()
            )));
        };
        parts::make_private(&config.data_dir)?;
        key_file::write(file, &keys)?;
        return Ok(true);
    }
    let known = ids_of(&key_file::read(file)?)?;
    let lacking: Vec<_> = about.keys.iter().filter(|id| !known.contains(id)).map(String::as_str).collect();
    if lacking.is_empty() {
        return Ok(false);
    }
    Err(Failed(format!(
        "--secret-key-file: {} holds other keys ({}) than the backup was made under; it lacks {}",
        file.display(),
        known.join(", "),
        lacking.join(", ")
    )))
}

fn ids_of(keys: &[SecretKey]) -> Result<Vec<String>, Failed> {
    keys.iter().map(|key| key.id().map_err(|error| Failed::to("the secret key", error))).collect()
}

/// A folder beside `path` for what is not whole yet, so that the last move stays on one disk. Only its owner can look in.
fn work_folder(path: &Path) -> Result<tempfile::TempDir, Failed> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(parent)
        .and_then(|()| tempfile::Builder::new().prefix(".crier-").tempdir_in(parent))
        .map_err(|error| Failed::to(&format!("making a folder in {}", parent.display()), error))
}

async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
