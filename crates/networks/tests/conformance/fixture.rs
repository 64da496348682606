//! Fixtures: what is asked of a network, what goes over the wire for it, and what comes of it.

use serde::Deserialize;
use serde_json::{Map, Value};
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
    /// Where the key of the call that must not be doubled stands: `header:NAME`, `json:/pointer`, or `none` where there is
    /// no key and the call itself must be made once.
    #[serde(default)]
    pub once: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Discover,
    Register,
    Identify,
    SignIn,
    Refresh,
    Publish,
    Find,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// The fields of a form.
    pub values: std::collections::BTreeMap<String, String>,
    pub facts: Map<String, Value>,
    pub credentials: Value,
    pub instance: Option<String>,
    pub account: String,
    pub handle: String,
    /// Of the part: plain words, or HTML.
    pub text: String,
    pub html: Option<String>,
    pub media: Vec<Media>,
    pub settings: Map<String, Value>,
    pub thread: Option<Thread>,
    pub index: usize,
    /// Minutes after the due time.
    pub late: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Media {
    pub name: String,
    pub mime: String,
    #[serde(default)]
    pub alt: String,
    #[serde(default)]
    pub url: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
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

/// What must be in a request. Strings `{{any}}` stand for anything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub method: String,
    /// With its query, exactly, but for the order of the parameters.
    pub path: String,
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    /// Members that the JSON body has, at least.
    #[serde(default)]
    pub json: Option<Value>,
    /// JSON pointers that must lead nowhere in the body.
    #[serde(default)]
    pub without: Vec<String>,
    /// Fields of a form body, all of them.
    #[serde(default)]
    pub form: Option<std::collections::BTreeMap<String, String>>,
    /// Pieces of the body, for multipart and raw bytes.
    #[serde(default)]
    pub contains: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answered {
    pub status: u16,
    pub headers: std::collections::BTreeMap<String, String>,
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

/// The fixtures of a network by their names, in order.
pub fn of(network: &str) -> Vec<(String, Fixture)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(network);
    let entries = std::fs::read_dir(&folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut files: Vec<PathBuf> = entries.unwrap_or_default();
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = format!("{network}/{}", file.file_stem().unwrap().to_string_lossy());
        let fixture = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, fixture)
    };
    files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "json")).map(read).collect()
}

/// Replaces `{{name}}` in every string.
pub fn fill(value: &mut Value, names: &[(&str, &str)]) {
    match value {
        Value::String(text) => *text = filled(text, names),
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, names)),
        Value::Object(members) => members.values_mut().for_each(|value| fill(value, names)),
        _ => {}
    }
}

pub fn filled(text: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

/// What of `wanted` is not in `got`; none when all is.
pub fn missing(wanted: &Value, got: &Value, at: &str) -> Option<String> {
    match (wanted, got) {
        (Value::String(any), _) if any == "{{any}}" => got.is_null().then(|| format!("{at}: nothing is there")),
        (Value::Object(wanted), Value::Object(got)) => wanted.iter().find_map(|(name, value)| {
            missing(value, got.get(name).unwrap_or(&Value::Null), &format!("{at}/{name}"))
        }),
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
            wanted.iter().zip(got).enumerate().find_map(|(i, (wanted, got))| missing(wanted, got, &format!("{at}/{i}")))
        }
        _ => (wanted != got).then(|| format!("{at}: wanted {wanted}, got {got}")),
    }
}
