//! Fixtures: what is asked of a network, what goes over the wire for it, and what comes of it.
//!
//! In every string `{{server}}` is the address of the scripted server, `{{relay0}}` that of the first scripted relay,
//! `{{key}}` the part's key; `{{any}}` stands for anything that is there.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One file of `fixtures/NETWORK/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// What it shows, by the names in [`crate::needed`].
    pub shows: Vec<String>,
    /// The network's document that the exchange is written after.
    pub source: String,
    #[serde(rename = "do")]
    pub action: Action,
    #[serde(default)]
    pub given: Given,
    /// HTTP exchanges, in order.
    #[serde(default)]
    pub exchanges: Vec<Exchange>,
    /// WebSocket servers and what each hears and says.
    #[serde(default)]
    pub relays: Vec<Vec<Line>>,
    pub expect: Expect,
    /// Where the key of the call that must not be doubled stands, in the last exchange: `header:NAME`, `json:/POINTER`,
    /// `form:NAME`, `relay:/POINTER` in what the relays hear, `path` where it is the address, or `none` where there is no key and the call itself must
    /// be made once.
    #[serde(default)]
    pub once: Option<String>,
}

impl Fixture {
    /// What must not be told of it.
    pub fn secrets(&self) -> Vec<String> {
        let given = &self.given;
        let mut secrets = given.secrets.clone();
        let tokens = ["/access_token", "/refresh_token", "/app/client_secret", "/app/bot_token"];
        let tokens = tokens.map(|at| given.credentials.pointer(at).and_then(Value::as_str));
        secrets.extend(tokens.into_iter().flatten().map(str::to_owned));
        secrets.extend(["password", "key", "secret"].into_iter().filter_map(|name| given.values.get(name).cloned()));
        // Short words that a person mistyped are no secrets and occur by themselves.
        secrets.retain(|secret| secret.len() >= 8);
        secrets
    }
}

impl Action {
    /// Whether it must not be done twice, whatever becomes of who does it.
    pub fn is_done_once(self) -> bool {
        matches!(self, Self::Publish | Self::Repost | Self::Comment)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Discover,
    Register,
    Identify,
    SignIn,
    Refresh,
    /// What the sign-in may be connected as.
    Choices,
    /// The harmless call for the choice `account`, with its credentials.
    Probe,
    /// Credentials of the choice `account` out of the sign-in's.
    Derive,
    Publish,
    Find,
    /// What settings are chosen from.
    Lookup,
    /// Calls the account `text` where it posts.
    Nickname,
    /// The numbers of the posts `sent`.
    PostMetrics,
    /// The numbers of the account for the thirty days up to the due time's.
    ChannelMetrics,
    /// Takes back the first of `sent`.
    Delete,
    /// Gives the part's words to the first of `sent`.
    Edit,
    /// Shows the first of `sent` again.
    Repost,
    /// Answers, by itself, what `thread` names.
    Comment,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// The way to connect, where it is not the first that signs in.
    pub way: Option<String>,
    /// The fields of a form.
    pub values: BTreeMap<String, String>,
    pub facts: Map<String, Value>,
    pub credentials: Value,
    /// What must never be told, besides the tokens in `credentials`.
    pub secrets: Vec<String>,
    pub instance: Option<String>,
    pub account: String,
    pub handle: String,
    pub redirect_uri: String,
    /// Of the part: plain words, or HTML.
    pub text: String,
    pub html: Option<String>,
    pub media: Vec<Media>,
    pub settings: Map<String, Value>,
    pub thread: Option<Thread>,
    pub index: usize,
    pub lookup: Wanted,
    /// What was sent before.
    pub sent: Vec<crier_networks::Sent>,
    /// Minutes after the due time.
    pub late: i64,
}

/// What is looked up.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    pub name: String,
    pub query: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    pub name: String,
    pub mime: String,
    #[serde(default)]
    pub alt: String,
    #[serde(default)]
    pub url: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thread {
    pub root: crier_networks::Sent,
    pub parent: crier_networks::Sent,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub request: Asked,
    pub response: Answered,
}

/// What a request must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// For networks at fixed places: the host, exactly, spoken to by https; none for the scripted server.
    #[serde(default)]
    pub host: Option<String>,
    pub method: String,
    /// With its query, exactly, but for the order of the parameters and those that are `{{any}}`.
    pub path: String,
    /// Those named, exactly.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The JSON body, with nothing besides.
    #[serde(default)]
    pub json: Option<Value>,
    /// Fields of a form body, all of them.
    #[serde(default)]
    pub form: Option<BTreeMap<String, String>>,
    /// Pieces of the body, for multipart and raw bytes.
    #[serde(default)]
    pub contains: Vec<String>,
    /// What must not be in the body.
    #[serde(default)]
    pub lacks: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answered {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub json: Option<Value>,
    pub text: String,
    /// Hang up instead of answering.
    pub drop: bool,
}

/// A turn in a conversation with a relay.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    Hear(Value),
    /// `{{heard:/POINTER}}` is taken from what was heard last.
    Say(Value),
    HangUp,
}

/// What comes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expect {
    /// Members that the outcome has, at least.
    Ok(Value),
    Refused(Refused),
}

impl Expect {
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::Ok(_) => None,
        }
    }

    pub fn ok(&self) -> Option<&Value> {
        match self {
            Self::Ok(value) => Some(value),
            Self::Refused(_) => None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// `auth`, `content`, `rate_limit`, `temporary` or `unknown`; none for a field that is wrong by itself.
    #[serde(default)]
    pub class: Option<String>,
    #[serde(default)]
    pub diagnosis: Option<String>,
    #[serde(default)]
    pub pointer: Option<String>,
    /// The field of the form that is to blame.
    #[serde(default)]
    pub field: Option<String>,
    /// Whether the moment to try again is known.
    #[serde(default)]
    pub until: bool,
    /// A piece of what is said.
    #[serde(default)]
    pub says: Option<String>,
}

/// A fixture as it lies in its file.
#[derive(Debug)]
pub struct Raw {
    pub name: String,
    value: Value,
}

impl Raw {
    /// Replaces the placeholders by `names`.
    pub fn with(&self, names: &[(&str, &str)]) -> Fixture {
        let mut value = self.value.clone();
        fill(&mut value, names);
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    pub fn plain(&self) -> Fixture {
        self.with(&[])
    }
}

/// The fixtures of a network by their names, in order.
pub fn of(network: &str) -> Vec<Raw> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(network);
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = format!("{network}/{}", file.file_stem().unwrap().to_string_lossy());
        let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Raw { name, value }
    };
    files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "json")).map(read).collect()
}

/// Replaces `{{name}}` in every string.
pub fn fill(value: &mut Value, names: &[(&str, &str)]) {
    match value {
        Value::String(text) => {
            for (name, value) in names {
                *text = text.replace(&format!("{{{{{name}}}}}"), value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, names)),
        Value::Object(members) => members.values_mut().for_each(|value| fill(value, names)),
        _ => {}
    }
}

/// What of `wanted` is not in `got`; none when all is.
pub fn missing(wanted: &Value, got: &Value, at: &str) -> Option<String> {
    match (wanted, got) {
        (Value::String(any), _) if any == "{{any}}" => got.is_null().then(|| format!("{at}: nothing is there")),
        (Value::Object(wanted), Value::Object(got)) => wanted
            .iter()
            .find_map(|(name, value)| missing(value, got.get(name).unwrap_or(&Value::Null), &format!("{at}/{name}"))),
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
            wanted.iter().zip(got).enumerate().find_map(|(i, (wanted, got))| missing(wanted, got, &format!("{at}/{i}")))
        }
        _ => (wanted != got).then(|| format!("{at}: wanted {wanted}, got {got}")),
    }
}

/// How `got` differs from `wanted`, in either direction.
pub fn different(wanted: &Value, got: &Value) -> Option<String> {
    fn more(wanted: &Value, got: &Value, at: &str) -> Option<String> {
        match (wanted, got) {
            (Value::Object(wanted), Value::Object(got)) => got.iter().find_map(|(name, value)| {
                let at = format!("{at}/{name}");
                wanted.get(name).map_or_else(|| Some(format!("{at}: not wanted")), |wanted| more(wanted, value, &at))
            }),
            (Value::Array(wanted), Value::Array(got)) => wanted
                .iter()
                .zip(got)
                .enumerate()
                .find_map(|(i, (wanted, got))| more(wanted, got, &format!("{at}/{i}"))),
            _ => None,
        }
    }
    missing(wanted, got, "").or_else(|| more(wanted, got, ""))
}
