//! The configuration: read from its layers, checked as a whole before anything starts.

mod layers;
pub mod settings;

use crier_api::Registration;
use crier_engine::notices::Smtp;
use crier_media::{Bucket, ProgramLimits};
use crier_net::{Allow, NameServer, NoProxy, ProxyConfig};
use crier_networks::{Registry, bluesky::Directory, connect::Client2, registry};
use jiff::SignedDuration;
use layers::Given;
#[cfg(test)]
use layers::Source;
pub use layers::{ConfigError, Layers};
use settings::Setting;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};
use url::Url;

/// What this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Web,
    Worker,
    All,
}

impl Role {
    pub fn answers(self) -> bool {
        self != Self::Worker
    }

    pub fn works(self) -> bool {
        self != Self::Web
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Where mails go out, and from whom.
#[derive(Debug, Clone)]
pub struct MailServer {
    pub url: crier_model::Secret,
    pub from: String,
}

/// Where traces are sent.
#[derive(Debug, Clone)]
pub struct Tracing {
    /// With the path of the signal.
    pub endpoint: Url,
    /// What this process is called there.
    pub service: String,
    pub headers: Vec<(String, crier_model::Secret)>,
}

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// Without a path, as an origin.
    pub public_url: Url,
    pub data_dir: PathBuf,
    pub database_url: crier_model::Secret,
    pub database_connections: u32,
    pub secret_key_file: PathBuf,
    pub role: Role,
    pub registration: Registration,
    /// Where the Playground listens; none when it is off.
    pub playground: Option<SocketAddr>,
    pub egress_allow: Vec<Allow>,
    pub extra_ca: Vec<PathBuf>,
    pub proxy: ProxyConfig,
    pub no_proxy: Vec<NoProxy>,
    /// The way out of single networks, by their ids.
    pub network_proxies: BTreeMap<String, ProxyConfig>,
    /// Who is asked for the addresses of host names; nobody but the system when empty.
    pub name_servers: Vec<NameServer>,
    pub trusted_proxies: Vec<IpAddr>,
    /// The bucket that keeps the media; none where the data folder does.
    pub bucket: Option<Bucket>,
    pub worker_parallel: usize,
    /// Where heif-convert is; none where it is looked for on the search path.
    pub heif_convert: Option<PathBuf>,
    /// Whether HEIC is to be read, where the program is there.
    pub reads_heic: bool,
    /// Where ffmpeg is; none where it is looked for on the search path.
    pub ffmpeg: Option<PathBuf>,
    /// Whether videos are converted at all.
    pub converts_films: bool,
    pub ffmpeg_limits: ProgramLimits,
    pub channel_daily_cap: u32,
    pub late_window: SignedDuration,
    pub retry_window: SignedDuration,
    /// Client ids, by network, or by network and server (`mastodon@example.social`).
    pub apps: BTreeMap<String, Client2>,
    /// Who sends it may read the metrics on the main address.
    pub metrics_token: Option<crier_model::Secret>,
    /// Where the metrics are told on an address of their own.
    pub metrics_listen: Option<SocketAddr>,
    /// Where Bluesky's accounts are looked up.
    pub bluesky: Directory,
    /// The mail server; none when mails are not sent.
    pub mail: Option<MailServer>,
    pub log: String,
    pub log_format: LogFormat,
    /// The collector of traces; none when none are sent.
    pub tracing: Option<Tracing>,
    /// Every setting as it was given, with its source.
    pub given: Vec<Given>,
}

impl Config {
    /// Reads and checks the layers.
    ///
    /// # Errors
    /// Everything that is wrong at once, each with the setting's name, where its value came from and what is accepted.
    pub fn read(layers: &Layers<'_>) -> Result<Self, ConfigError> {
        let given = layers.read()?;
        let mut reader = Reader { given: &given, wrong: Vec::new() };
        let config = reader.config();
        let wrong = std::mem::take(&mut reader.wrong);
        match config {
            Some(config) if wrong.is_empty() => Ok(Self { given, ..config }),
            _ => Err(ConfigError(wrong)),
        }
    }

    /// Every setting with its value and where that comes from, for people; secrets are hidden.
    pub fn told(&self) -> String {
        let line = |given: &Given| {
            let shown = if given.shown().is_empty() { "(not set)" } else { given.shown() };
            format!(
                "{:<22} {shown}\n{:<22} from {}; accepts {}\n",
                given.setting.key, "", given.source, given.setting.accepts
            )
        };
        self.given.iter().map(line).collect()
    }

    /// The networks for which an app is configured, for all of their servers or for one, and by whatever way.
    pub fn networks_with_apps(&self) -> BTreeSet<String> {
        self.apps.keys().map(|app| app.split(['@', '/']).next().unwrap_or(app).to_owned()).collect()
    }

    /// Where the Playground is reached by browsers; none when it is off.
    pub fn playground_origin(&self) -> Option<Url> {
        self.playground.and_then(|address| origin_of(address).ok())
    }
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Without a name, a password, a query or a fragment.
fn is_bare(url: &Url) -> bool {
    let anonymous = url.username().is_empty() && url.password().is_none();
    anonymous && url.query().is_none() && url.fragment().is_none()
}

struct Reader<'a> {
    given: &'a [Given],
    wrong: Vec<String>,
}

impl Reader<'_> {
    /// None when something is wrong; what, is in `wrong`.
    fn config(&mut self) -> Option<Config> {
        let listen = self.parsed(settings::LISTEN);
        let public_url = self.public_url(listen);
        let data_dir: Option<PathBuf> = self.with(settings::DATA_DIR, |text| (!text.is_empty()).then(|| text.into()));
        let database_url = self.database_url(data_dir.as_deref());
        let database_connections = self.number(settings::DATABASE_CONNECTIONS, 2, 500);
        let secret_key_file = self.with(settings::SECRET_KEY_FILE, |text| Some(PathBuf::from(text)));
        let role = self.with(settings::ROLE, |text| match text {
            "web" => Some(Role::Web),
            "worker" => Some(Role::Worker),
            "all" => Some(Role::All),
            _ => None,
        });
        let registration = self.with(settings::REGISTRATION, |text| match text {
            "open" => Some(Registration::Open),
            "closed" => Some(Registration::Closed),
            "first" => Some(Registration::First),
            _ => None,
        });
        let playground = self.parsed::<bool>(settings::PLAYGROUND);
        let playground_listen = self.parsed(settings::PLAYGROUND_LISTEN);
        let egress_allow = self.list(settings::EGRESS_ALLOW);
        let extra_ca = self.list(settings::EXTRA_CA);
        let proxy = self.parsed(settings::PROXY);
        let no_proxy = self.list(settings::NO_PROXY);
        let network_proxies = self.network_proxies();
        let name_servers = self.list(settings::NAME_SERVERS);
        let trusted_proxies = self.list(settings::TRUSTED_PROXIES);
        let bucket = self.bucket();
        let worker_parallel = self.number(settings::WORKER_PARALLEL, 1, 5000);
        let ffmpeg = self.with(settings::FFMPEG, program);
        let heif = self.with(settings::HEIF_CONVERT, program);
        let ffmpeg_threads = self.number(settings::FFMPEG_THREADS, 1, 64);
        let ffmpeg_memory = self.number(settings::FFMPEG_MEMORY, 512, 65_536);
        let ffmpeg_minutes = self.number(settings::FFMPEG_MINUTES, 1, 25);
        let channel_daily_cap = self.number(settings::CHANNEL_DAILY_CAP, 1, 10_000);
        let late_window = self.number(settings::LATE_WINDOW, 1, 1440);
        let retry_window = self.number(settings::RETRY_WINDOW, 1, 1440);
        let apps = self.apps();
        let metrics_token = self.with(settings::METRICS_TOKEN, |text| match text.len() {
            0 => Some(None),
            1..16 => None,
            _ => Some(Some(text.into())),
        });
        let metrics_listen =
            self.with(
                settings::METRICS_LISTEN,
                |text| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) },
            );
        let plc = self.with(settings::BLUESKY_DIRECTORY, web_address);
        let resolver = self.with(settings::BLUESKY_RESOLVER, web_address);
        let mail = self.mail();
        let log =
            self.with(settings::LOG, |text| tracing_subscriber::EnvFilter::try_new(text).ok().map(|_| text.to_owned()));
        let log_format = self.with(settings::LOG_FORMAT, |text| match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        });
        let tracing = self.tracing();
        let data_dir = data_dir?;
        let secret_key_file =
            secret_key_file.map(|file| if file.as_os_str().is_empty() { data_dir.join("secret.key") } else { file })?;
        Some(Config {
            listen: listen?,
            public_url: public_url?,
            database_url: database_url?,
            database_connections: database_connections?,
            secret_key_file,
            data_dir,
            role: role?,
            registration: registration?,
            playground: if playground? { Some(playground_listen?) } else { None },
            egress_allow: egress_allow?,
            extra_ca: extra_ca?,
            proxy: proxy?,
            no_proxy: no_proxy?,
            network_proxies: network_proxies?,
            name_servers: name_servers?,
            trusted_proxies: trusted_proxies?,
            bucket: bucket?,
            worker_parallel: usize::try_from(worker_parallel?).ok()?,
            ffmpeg: ffmpeg.as_ref()?.0.clone(),
            converts_films: ffmpeg?.1,
            heif_convert: heif.as_ref()?.0.clone(),
            reads_heic: heif?.1,
            ffmpeg_limits: ProgramLimits {
                time: Duration::from_secs(u64::from(ffmpeg_minutes?) * 60),
                threads: ffmpeg_threads?,
                memory: u64::from(ffmpeg_memory?) * 1024 * 1024,
            },
            channel_daily_cap: channel_daily_cap?,
            late_window: SignedDuration::from_mins(late_window?.into()),
            retry_window: SignedDuration::from_mins(retry_window?.into()),
            apps: apps?,
            metrics_token: metrics_token?,
            metrics_listen: metrics_listen?,
            bluesky: Directory { plc: plc?, resolver: resolver? },
            mail: mail?,
            log: log?,
            log_format: log_format?,
            tracing: tracing?,
            given: Vec::new(),
        })
    }

    fn text(&self, setting: Setting) -> &str {
        self.given.iter().find(|given| given.setting == setting).map_or("", |given| given.text.trim())
    }

    fn with<T>(&mut self, setting: Setting, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = read(self.text(setting));
        if value.is_none() {
            self.complain(setting);
        }
        value
    }

    fn complain(&mut self, setting: Setting) {
        let Some(given) = self.given.iter().find(|given| given.setting == setting) else { return };
        self.wrong.push(format!(
            "`{}` is “{}” (from {}); accepted: {}",
            setting.key,
            // An address may hold a password although it must not.
            crier_net::redact(given.shown()),
            given.source,
            setting.accepts
        ));
    }

    fn parsed<T: FromStr>(&mut self, setting: Setting) -> Option<T> {
        self.with(setting, |text| text.parse().ok())
    }

    fn number(&mut self, setting: Setting, least: u32, most: u32) -> Option<u32> {
        self.with(setting, |text| text.parse().ok().filter(|number| (least..=most).contains(number)))
    }

    fn list<T: FromStr>(&mut self, setting: Setting) -> Option<Vec<T>> {
        self.with(setting, |text| {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(|item| item.parse().ok()).collect()
        })
    }

    fn network_proxies(&mut self) -> Option<BTreeMap<String, ProxyConfig>> {
        // Of the Playground only the name counts here.
        let playground = Url::parse("http://127.0.0.1").ok();
        let known = Registry::new(&registry::Settings { playground, ..registry::Settings::default() });
        self.with(settings::NETWORK_PROXIES, |text| {
            let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            let one = |entry: &str| {
                let (network, way) = entry.split_once('=')?;
                let network = known.get(network.trim())?.about().id;
                Some((network.to_owned(), way.parse().ok()?))
            };
            entries.map(one).collect()
        })
    }

    fn apps(&mut self) -> Option<BTreeMap<String, Client2>> {
        let server = self.with(settings::MASTODON_URL, |text| Url::parse(text).ok()?.host_str().map(str::to_owned))?;
        let client_id = self.text(settings::MASTODON_CLIENT_ID).to_owned();
        let secret = self.text(settings::MASTODON_CLIENT_SECRET).to_owned();
        if client_id.is_empty() && !secret.is_empty() {
            self.complain(settings::MASTODON_CLIENT_ID);
            return None;
        }
        let mut apps = BTreeMap::new();
        if !client_id.is_empty() {
            let client_secret = Some(secret).filter(|secret| !secret.is_empty()).map(Into::into);
            apps.insert(format!("mastodon@{server}"), Client2 { client_id, client_secret, bot_token: None });
        }
        for settings in &settings::APPS {
            if let Some(client) = self.app(settings)? {
                apps.extend(settings.networks.iter().map(|network| ((*network).to_owned(), client.clone())));
            }
        }
        Some(apps)
    }

    /// An app, if it is set; all of it has to be.
    fn app(&mut self, of: &settings::AppSettings) -> Option<Option<Client2>> {
        let text = |of: &Self, setting: Setting| Some(of.text(setting).to_owned()).filter(|text| !text.is_empty());
        let secret = text(self, of.secret);
        let bot_token = of.bot.and_then(|setting| text(self, setting));
        let id = match of.id {
            Some(setting) => text(self, setting),
            None => secret.as_deref().and_then(|token| Some(Client2::of_bot(token)?.client_id)),
        };
        if id.is_none() && secret.is_none() && bot_token.is_none() {
            return Some(None);
        }
        let lacking = [(of.id.unwrap_or(of.secret), id.is_none()), (of.secret, secret.is_none())];
        let bot = of.bot.map(|setting| (setting, bot_token.is_none()));
        if let Some((setting, _)) = lacking.into_iter().chain(bot).find(|(_, lacks)| *lacks) {
            self.complain(setting);
            return None;
        }
        let (client_id, client_secret) = (id?, secret.map(Into::into));
        Some(Some(Client2 { client_id, client_secret, bot_token: bot_token.map(Into::into) }))
    }

    /// The bucket, if one is set. Without its name nothing of it is looked at: its keys may be set for other programs.
    fn bucket(&mut self) -> Option<Option<Bucket>> {
        if self.text(settings::S3_BUCKET).is_empty() {
            return Some(None);
        }
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        let name = self.with(settings::S3_BUCKET, |name| text(name).filter(|name| plain(name)));
        let region = self.with(settings::S3_REGION, |region| text(region).filter(|region| plain(region)));
        let endpoint = self.with(settings::S3_ENDPOINT, |text| match text {
            "" => Some(None),
            text => web_address(text).filter(is_bare).map(Some),
        });
        let access_key_id = self.with(settings::S3_ACCESS_KEY_ID, text);
        let secret_access_key = self.with(settings::S3_SECRET_ACCESS_KEY, text);
        let path_style = self.with(settings::S3_PATH_STYLE, |text| match text {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        });
        let prefix = self.with(settings::S3_PREFIX, |text| match text.trim_matches('/') {
            "" => Some(String::new()),
            prefix => prefix.split('/').all(plain).then(|| format!("{prefix}/")),
        });
        let endpoint = endpoint?;
        Some(Some(Bucket {
            path_style: path_style?.unwrap_or(endpoint.is_some()),
            name: name?,
            region: region?,
            endpoint,
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?.into(),
            prefix: prefix?,
        }))
    }

    fn tracing(&mut self) -> Option<Option<Tracing>> {
        let endpoint = self.with(settings::OTLP_ENDPOINT, |text| match text {
            "" => Some(None),
            text => Some(Some(web_address(&format!("{}/v1/traces", text.trim_end_matches('/')))?)),
        });
        let headers = self.with(settings::OTLP_HEADERS, |text| {
            let each = text.split(',').map(str::trim).filter(|each| !each.is_empty());
            let header = |each: &str| {
                let (name, value) = each.split_once('=')?;
                // As OpenTelemetry has it, values are encoded as in addresses.
                let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8().ok()?;
                let plain = !value.chars().any(char::is_control);
                let name: axum::http::HeaderName = name.trim().parse().ok()?;
                plain.then(|| (name.to_string(), value.into_owned().into()))
            };
            each.map(header).collect::<Option<Vec<_>>>()
        });
        let service = self.text(settings::OTLP_SERVICE).to_owned();
        let headers = headers?;
        Some(endpoint?.map(|endpoint| Tracing { endpoint, service, headers }))
    }

    fn mail(&mut self) -> Option<Option<MailServer>> {
        let (url, from) = (self.text(settings::MAIL_URL).to_owned(), self.text(settings::MAIL_FROM).to_owned());
        if url.is_empty() {
            return Some(None);
        }
        if Smtp::new("smtp://localhost", &from).is_err() {
            self.complain(settings::MAIL_FROM);
            return None;
        }
        if Smtp::new(&url, &from).is_err() {
            self.complain(settings::MAIL_URL);
            return None;
        }
        Some(Some(MailServer { url: url.into(), from }))
    }

    fn public_url(&mut self, listen: Option<SocketAddr>) -> Option<Url> {
        if self.text(settings::PUBLIC_URL).is_empty() {
            return origin_of(listen?).ok();
        }
        self.with(settings::PUBLIC_URL, |text| {
            let url = Url::parse(text).ok()?;
            (matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/" && is_bare(&url))
                .then_some(url)
        })
    }

    fn database_url(&mut self, data_dir: Option<&Path>) -> Option<crier_model::Secret> {
        if self.text(settings::DATABASE_URL).is_empty() {
            let path = std::path::absolute(data_dir?.join("crier.db")).ok()?;
            return Some(format!("sqlite://{}", path.display()).into());
        }
        self.with(settings::DATABASE_URL, |text| {
            let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
            known.then(|| text.into())
        })
    }
}

/// How a browser on the same machine reaches an address that is listened on.
fn origin_of(address: SocketAddr) -> Result<Url, url::ParseError> {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
    };
    Url::parse(&format!("http://{}", SocketAddr::new(ip, address.port())))
}

/// A program that is named, looked for, or not wanted: where it is, and whether it is to be used.
fn program(text: &str) -> Option<(Option<PathBuf>, bool)> {
    match text {
        "none" => Some((None, false)),
        "" => Some((None, true)),
        path => Some((Some(PathBuf::from(path)).filter(|path| path.is_file()), true)).filter(|(at, _)| at.is_some()),
    }
}

#[cfg(test)]
mod tests;
