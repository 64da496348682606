//! The doctor: whether everything that connecting and publishing needs is there. Its report holds no secret, so that it can be
//! pasted into a ticket.

use crate::{Check, Handshake, explain::failed, handshake::Broken};
use async_trait::async_trait;
use crier_media::StorageError;
use crier_model::{Code, Diagnosis, Evidence};
use crier_net::{Client, redact};
use crier_networks::Network;
use crier_store::{DatabaseError, DatabaseErrorKind, StoreError, apps, installation, sealed};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use url::Url;
use uuid::Uuid;

/// For all checks of one network.
const PER_NETWORK: Duration = Duration::from_secs(10);
/// Servers of networks made of many that are looked at; those with the most channels.
const SERVERS: u64 = 10;
/// For the answer under our own public address.
const OUTSIDE: Duration = Duration::from_secs(10);
/// For the mail server.
const MAIL: Duration = Duration::from_secs(10);
/// For a small file to be put into the media storage, read and deleted.
const STORAGE: Duration = Duration::from_secs(60);
/// Less room than this on the disk is a failure: a database that can't grow stops everything.
const ROOM: u64 = 100 * 1024 * 1024;

/// The mail server, as far as the doctor needs one.
#[async_trait]
pub trait MailProbe: Send + Sync + fmt::Debug {
    /// Connects and signs in, without sending.
    ///
    /// # Errors
    /// What the server, or the way to it, has against it, without secrets.
    async fn probe(&self) -> Result<(), String>;
}

/// What only the program knows of itself.
#[derive(Debug, Clone)]
pub struct House {
    pub version: &'static str,
    /// Settings that were read and accepted.
    pub settings: usize,
    pub data_dir: PathBuf,
    /// The way out, in words and without its password.
    pub proxy: String,
    /// Networks whose way out is another: their ids, and the way in words.
    pub other_ways: Vec<(String, String)>,
    /// How names are looked up, in words.
    pub resolver: String,
    /// None where mails are not sent.
    pub mail: Option<Arc<dyn MailProbe>>,
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DoctorRow)]
pub struct Row {
    /// A network's id, or one of `config`, `database`, `keys`, `data_folder`, `storage`, `video`, `mail`, `outbound`, `public_url`.
    pub area: String,
    pub title: String,
    pub ok: bool,
    /// What was seen, where that is of use even when it is well.
    pub note: Option<String>,
    pub wrong: Option<Wrong>,
    pub elapsed_ms: u64,
}

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DoctorWrong)]
pub struct Wrong {
    /// Of a diagnosis, or the area.
    pub code: String,
    pub cause: String,
    pub evidence: Vec<Evidence>,
    pub fix: Vec<String>,
    /// Path of its page in the manual.
    pub docs: String,
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = DoctorProgress)]
pub enum Progress {
    /// What is going to be looked at.
    Planned {
        areas: Vec<String>,
    },
    /// One area is done.
    Checked {
        area: String,
        rows: Vec<Row>,
    },
    Done(Report),
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DoctorReport)]
pub struct Report {
    pub ok: bool,
    pub checks: Vec<Row>,
    /// The same for people, to be pasted into a ticket.
    pub text: String,
}

/// Makes the checks.
#[derive(Debug, Clone)]
pub struct Doctor {
    handshake: Handshake,
    /// A way out on which the public address may be private: it is the operator's own.
    outside: Client,
    house: Arc<House>,
}

/// The answer of `/health` to a nonce.
#[derive(Deserialize)]
struct Health {
    proof: Option<String>,
}

impl Doctor {
    #[must_use]
    pub fn new(handshake: Handshake, outside: Client, house: House) -> Self {
        Self { handshake, outside, house: Arc::new(house) }
    }

    /// The first of these that is no network here.
    #[must_use]
    pub fn unknown<'a>(&self, networks: &'a [String]) -> Option<&'a str> {
        networks.iter().map(String::as_str).find(|id| self.handshake.network(id).is_none())
    }

    /// Makes every check, areas side by side; of networks only those named, or all. It goes on when nobody listens.
    #[must_use]
    pub fn examine(&self, only: Vec<String>) -> mpsc::UnboundedReceiver<Progress> {
        let (tell, told) = mpsc::unbounded_channel();
        let doctor = self.clone();
        tokio::spawn(async move {
            let networks: Vec<_> = doctor.handshake.deps.registry.all().map(|network| network.about().id).collect();
            let networks = networks.into_iter().filter(|id| only.is_empty() || only.iter().any(|o| o == id));
            let here =
                ["config", "database", "keys", "data_folder", "storage", "video", "mail", "outbound", "public_url"];
            let areas: Vec<_> = here.into_iter().chain(networks).map(str::to_owned).collect();
            tell.send(Progress::Planned { areas: areas.clone() }).ok();
            let mut looking = JoinSet::new();
            for area in areas.clone() {
                let doctor = doctor.clone();
                looking.spawn(async move {
                    let rows = doctor.look_at(&area).await.into_iter().map(Row::redacted).collect::<Vec<_>>();
                    (area, rows)
                });
            }
            let mut done: BTreeMap<String, Vec<Row>> = BTreeMap::new();
            while let Some(looked) = looking.join_next().await {
                let Ok((area, rows)) = looked else { continue };
                tell.send(Progress::Checked { area: area.clone(), rows: rows.clone() }).ok();
                done.insert(area, rows);
            }
            let rows = areas.iter().filter_map(|area| done.remove(area)).flatten().collect();
            let report = Report::new(rows, &doctor.house, &doctor.handshake.settings().public_url);
            tell.send(Progress::Done(report)).ok();
        });
        told
    }

    /// Makes every check and waits for all of them.
    pub async fn report(&self, only: Vec<String>) -> Report {
        let mut told = self.examine(only);
        let mut report = Report::new(Vec::new(), &self.house, &self.handshake.settings().public_url);
        while let Some(progress) = told.recv().await {
            if let Progress::Done(done) = progress {
                report = done;
            }
        }
        report
    }

    async fn look_at(&self, area: &str) -> Vec<Row> {
        match area {
            "config" => vec![self.config()],
            "database" => vec![self.database().await],
            "keys" => vec![self.keys().await],
            "data_folder" => vec![self.data_folder()],
            "storage" => vec![self.storage().await],
            "video" => vec![self.video().await, self.heic().await],
            "mail" => vec![self.mail().await],
            "outbound" => self.outbound(),
            "public_url" => self.public_url().await,
            network => self.network(network).await,
        }
    }

    fn config(&self) -> Row {
        let title = format!("{} settings were read and accepted", self.house.settings);
        Row::local("config", title, Instant::now(), Ok(None))
    }

    async fn database(&self) -> Row {
        let since = Instant::now();
        let store = self.handshake.store();
        let kind = if store.is_postgres() { "PostgreSQL" } else { "SQLite" };
        let fix = "Check `database_url` and that the database runs.";
        let outcome = match store.ping().await {
            Ok(()) => store.try_writing().await,
            failed => failed,
        };
        let outcome = outcome.map(|()| None).map_err(|error| match &error {
            StoreError::Database(DatabaseError { kind: DatabaseErrorKind::Full, .. }) => {
                let fix = "Make room on the disk of the database. Posts wait meanwhile and go out then; none is lost.";
                (error.to_string(), fix)
            }
            _ => (error.to_string(), fix),
        });
        Row::local("database", format!("{kind} answers"), since, outcome)
    }

    /// Whether everything sealed can be opened.
    async fn keys(&self) -> Row {
        let since = Instant::now();
        let store = self.handshake.store();
        let title = "The secret keys open what is sealed";
        let counted = match sealed::count(store).await {
            Ok(counted) => counted,
            Err(error) => {
                return Row::local("keys", title, since, Err((error.to_string(), "Check the database.")));
            }
        };
        let known = store.known_keys();
        let total: u64 = counted.iter().map(|count| count.values).sum();
        let lost: u64 = counted.iter().filter(|count| !known.contains(&count.key)).map(|count| count.values).sum();
        let outcome = if lost == 0 {
            Ok(Some(format!("{total} sealed values, {} keys", known.len())))
        } else {
            let fix =
                "Put the old key back into the secret key file, each key on a line of its own; the first one seals.";
            Err((format!("{lost} of {total} sealed values are under keys that are not in the secret key file."), fix))
        };
        Row::local("keys", title, since, outcome)
    }

    fn data_folder(&self) -> Row {
        let since = Instant::now();
        let folder = &self.house.data_dir;
        let title = format!("The data folder {} can be written to", folder.display());
        let outcome = match (try_write(folder), room(folder)) {
            (Err(error), _) => Err((error.to_string(), "Give the folder to the user that Crier runs as.")),
            (Ok(()), Ok(room)) if room < ROOM => {
                Err((format!("Only {} MB are free.", room / 1024 / 1024), "Make room on the disk."))
            }
            (Ok(()), Ok(room)) => Ok(Some(format!("{} MB free", room / 1024 / 1024))),
            (Ok(()), Err(error)) => Ok(Some(format!("how much is free can't be told: {error}"))),
        };
        Row::local("data_folder", title, since, outcome)
    }

    async fn storage(&self) -> Row {
        let since = Instant::now();
        let storage = self.handshake.deps.library.storage();
        let checked = timeout(STORAGE, storage.check()).await;
        let checked = checked
            .unwrap_or_else(|_| Err(StorageError::Failed(format!("It took longer than {} s.", STORAGE.as_secs()))));
        let stored = checked.map(|()| None).map_err(|error| (error.to_string(), error.fix()));
        let place = storage.bucket_told().map(|bucket| format!(": {bucket}")).unwrap_or_default();
        Row::local("storage", format!("The media storage takes and gives files{place}"), since, stored)
    }

    /// Videos that fit go out without ffmpeg too, so its absence is nothing wrong.
    async fn video(&self) -> Row {
        let since = Instant::now();
        let Some(ffmpeg) = self.handshake.deps.library.ffmpeg() else {
            let note = "no ffmpeg was found: videos that do not fit a network are refused, and have no small pictures";
            return Row::local("video", "Videos are taken as they are", since, Ok(Some(note.to_owned())));
        };
        let title = format!("Videos are converted by {}", ffmpeg.path().display());
        let fix = "Reinstall ffmpeg, or name another one in the setting `ffmpeg`.";
        let version = ffmpeg.version().await.map(|version| Some(format!("version {version}")));
        Row::local("video", title, since, version.map_err(|error| (error, fix)))
    }

    /// Phones that choose a photo in a browser hand it over as JPEG, so the absence of the program is nothing wrong.
    async fn heic(&self) -> Row {
        let since = Instant::now();
        let Some(heif) = self.handshake.deps.library.heif() else {
            let note = "no heif-convert was found: HEIC photos are refused, with the advice to export them as JPEG";
            return Row::local("video", "HEIC photos are not taken", since, Ok(Some(note.to_owned())));
        };
        let title = format!("HEIC photos are read by {}", heif.path().display());
        let fix = "Reinstall heif-convert (libheif-examples), or name another one in the setting `heif_convert`.";
        let version = heif.version().await.map(|version| Some(format!("version {version}")));
        Row::local("video", title, since, version.map_err(|error| (error, fix)))
    }

    async fn mail(&self) -> Row {
        let since = Instant::now();
        let Some(server) = &self.house.mail else {
            let note = "none is set, so people are told in the app and by webhook only".to_owned();
            return Row::local("mail", "Mail server", since, Ok(Some(note)));
        };
        let fix = "Check `mail_url`: the host, its port, whether it is smtps or smtp with tls, and the name and password in it.";
        let probed = timeout(MAIL, server.probe()).await;
        let probed = probed.unwrap_or_else(|_| Err(format!("It did not answer within {} s.", MAIL.as_secs())));
        Row::local(
            "mail",
            "The mail server takes the sign-in",
            since,
            probed.map(|()| None).map_err(|said| (said, fix)),
        )
    }

    fn outbound(&self) -> Vec<Row> {
        let row = |title: String, note: &str| Row::local("outbound", title, Instant::now(), Ok(Some(note.to_owned())));
        let mut rows = vec![row("The way out".to_owned(), &self.house.proxy)];
        rows.extend(
            self.house
                .other_ways
                .iter()
                .map(|(id, way)| row(format!("The way out to {}", self.handshake.name(id)), way)),
        );
        rows.push(row("Names are looked up".to_owned(), &self.house.resolver));
        rows
    }

    async fn public_url(&self) -> Vec<Row> {
        let url = &self.handshake.settings().public_url;
        let acceptable = self.handshake.public_url_is_acceptable(None);
        let since = Instant::now();
        let seen = match self.seen_from_outside().await {
            Ok(diagnosis) => diagnosis,
            Err(broken) => Some(broken.diagnosis()),
        };
        vec![
            Row::of_check("public_url", None, acceptable),
            Row {
                wrong: seen.as_ref().map(Wrong::from),
                ok: seen.is_none(),
                ..Row::local("public_url", format!("This installation answers under {url}"), since, Ok(None))
            },
        ]
    }

    /// Fetches our own health page by the public address. A nonce shows whose answer it is.
    async fn seen_from_outside(&self) -> Result<Option<Diagnosis>, Broken> {
        let url = &self.handshake.settings().public_url;
        let identity = installation::identity(self.handshake.store()).await?;
        let nonce = Uuid::new_v4().simple().to_string();
        let address = format!("{}/health?nonce={nonce}", url.as_str().trim_end_matches('/'));
        let answer = match self.outside.get(&address).timeout(OUTSIDE).max_body(64 * 1024).send().await {
            Ok(answer) => answer,
            Err(failure) => return Ok(Some(failed(&failure))),
        };
        let proof = serde_json::from_slice::<Health>(answer.body()).ok().and_then(|health| health.proof);
        let kind = answer.header("content-type").unwrap_or_default().to_owned();
        Ok(match proof {
            Some(proof) if proof == installation::proof(&identity, &nonce) => None,
            Some(_) => Some(
                Diagnosis::new(Code::NotTheApi)
                    .because("Another installation of Crier, with another database, answers under the public address.")
                    .saw("Public address", url.as_str()),
            ),
            None => Some(
                Diagnosis::new(Code::NotTheApi)
                    .because("Something other than this installation answers under the public address.")
                    .saw("Public address", url.as_str())
                    .saw("HTTP status", answer.status().to_string())
                    .saw("Content type", kind),
            ),
        })
    }

    async fn network(&self, id: &str) -> Vec<Row> {
        let mut servers = vec![None];
        match apps::servers_in_use(self.handshake.store(), SERVERS).await {
            Ok(in_use) => {
                servers.extend(in_use.into_iter().filter(|(network, _)| network == id).map(|(_, at)| Some(at)));
            }
            Err(error) => {
                return vec![Row::local(
                    id,
                    "Servers in use",
                    Instant::now(),
                    Err((error.to_string(), "Check the database.")),
                )];
            }
        }
        let mut rows: Vec<Row> = Vec::new();
        let ways: Vec<_> = self.handshake.network(id).into_iter().flat_map(Network::ways).map(|way| way.id).collect();
        let mut looked_at = Vec::new();
        for server in &servers {
            looked_at.extend(ways.iter().map(|way| (server.as_deref(), *way)));
        }
        for (server, way) in looked_at {
            let since = Instant::now();
            match self.handshake.check(None, id, Some(way), server, PER_NETWORK).await {
                Ok(checks) => {
                    // Said once for the installation.
                    let checks = checks.into_iter().filter(|check| check.name != "public_url" || !check.ok);
                    rows.extend(checks.map(|check| Row::of_check(id, server, check)));
                }
                Err(error) => rows.push(Row {
                    ok: false,
                    wrong: Some(Wrong::from(&error.diagnosis())),
                    ..Row::local(id, "Checks before leaving", since, Ok(None))
                }),
            }
        }
        // A server may be the network's usual one as well, and ways share what they need.
        let mut seen = Vec::new();
        rows.retain(|row| {
            let this = (row.title.clone(), row.ok);
            let fresh = !seen.contains(&this);
            seen.push(this);
            fresh
        });
        rows
    }
}

/// Makes a file and takes it away.
fn try_write(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(format!(".doctor-{}", Uuid::new_v4().simple()));
    std::fs::write(&file, b"Crier's doctor was here.\n")?;
    std::fs::remove_file(file)
}

/// Bytes that may still be written.
fn room(folder: &Path) -> std::io::Result<u64> {
    let about = rustix::fs::statvfs(folder)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

impl Row {
    fn local(
        area: &str,
        title: impl Into<String>,
        since: Instant,
        outcome: Result<Option<String>, (String, &str)>,
    ) -> Self {
        let ok = outcome.is_ok();
        let (note, wrong) = match outcome {
            Ok(note) => (note, None),
            Err((cause, fix)) => {
                let (code, docs) = (area.to_owned(), format!("/docs/doctor#{}", area.replace('_', "-")));
                (None, Some(Wrong { code, cause, evidence: Vec::new(), fix: vec![fix.to_owned()], docs }))
            }
        };
        let elapsed_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self { area: area.to_owned(), title: title.into(), ok, note, wrong, elapsed_ms }
    }

    fn of_check(area: &str, server: Option<&str>, check: Check) -> Self {
        let server = server.and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        let title = match server.filter(|host| !check.title.contains(host)) {
            Some(host) => format!("{host}: {}", check.title),
            None => check.title,
        };
        let wrong = if check.ok { None } else { check.diagnosis.as_ref().map(Wrong::from) };
        Self { area: area.to_owned(), title, ok: check.ok, note: check.note, wrong, elapsed_ms: check.elapsed_ms }
    }

    /// What others said may repeat anything: addresses lose their passwords and tokens once more on the way out.
    fn redacted(mut self) -> Self {
        self.title = redact(&self.title);
        self.note = self.note.map(|note| redact(&note));
        if let Some(wrong) = &mut self.wrong {
            wrong.cause = redact(&wrong.cause);
            for seen in &mut wrong.evidence {
                seen.value = redact(&seen.value);
            }
        }
        self
    }
}

impl From<&Diagnosis> for Wrong {
    fn from(diagnosis: &Diagnosis) -> Self {
        Self {
            code: diagnosis.code.as_str().to_owned(),
            cause: diagnosis.cause.clone(),
            evidence: diagnosis.evidence.clone(),
            fix: diagnosis.fix.clone(),
            docs: diagnosis.docs.clone(),
        }
    }
}

impl Report {
    fn new(checks: Vec<Row>, house: &House, public_url: &Url) -> Self {
        Self { ok: checks.iter().all(|row| row.ok), text: Self::told(&checks, house, public_url), checks }
    }

    /// When the database can't be opened, nothing else can be looked at.
    #[must_use]
    pub fn without_database(house: &House, public_url: &Url, cause: &str) -> Self {
        let fix = "Check `database_url`, `data_dir` and `secret_key_file`.";
        let row = Row::local("database", "The database opens", Instant::now(), Err((cause.to_owned(), fix)));
        Self::new(vec![row.redacted()], house, public_url)
    }

    fn told(checks: &[Row], house: &House, public_url: &Url) -> String {
        let (version, os, machine) = (house.version, std::env::consts::OS, std::env::consts::ARCH);
        let mut out = format!("Crier {version} on {os} {machine}, {public_url}\n\n");
        for row in checks {
            let mark = if row.ok { "ok  " } else { "FAIL" };
            let note = row.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            writeln!(out, "{mark}  {:<12} {}{note} ({} ms)", row.area, row.title, row.elapsed_ms).ok();
            let Some(wrong) = &row.wrong else { continue };
            writeln!(out, "      {}: {}", wrong.code, wrong.cause).ok();
            for seen in &wrong.evidence {
                writeln!(out, "      {}: {}", seen.label, seen.value).ok();
            }
            for fix in &wrong.fix {
                writeln!(out, "      → {fix}").ok();
            }
        }
        let failed = checks.iter().filter(|row| !row.ok).count();
        write!(out, "{} checks, {failed} failed", checks.len()).ok();
        out
    }
}
