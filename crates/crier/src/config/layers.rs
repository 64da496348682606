//! Where a value comes from: a flag before the environment before the file before the default.

use super::settings::{self, Setting};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Flag(String),
    Environment(&'static str),
    File(PathBuf),
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    pub setting: Setting,
    pub text: String,
    pub source: Source,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?} ({})", self.setting.key, self.shown(), self.source)
    }
}

impl Given {
    /// The value, or a mark in its place when it is secret.
    pub fn shown(&self) -> &str {
        if self.setting.secret && !self.text.is_empty() && self.text != self.setting.default {
            "(hidden)"
        } else {
            &self.text
        }
    }
}

/// Why the start stops: everything wrong with the configuration, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// What may set a value, from the strongest to the weakest.
pub struct Layers<'a> {
    /// By key.
    pub flags: &'a BTreeMap<String, String>,
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Named by a person, so that it must be there.
    pub file: Option<&'a Path>,
    /// Read when it is there and no other is named.
    pub usual_file: &'a Path,
}

impl Layers<'_> {
    /// Every setting, in the order of [`settings::ALL`].
    pub fn read(&self) -> Result<Vec<Given>, ConfigError> {
        let (path, file) = self.file_values()?;
        let given = |setting: Setting| {
            if let Some(text) = self.flags.get(setting.key) {
                return Given { setting, text: text.clone(), source: Source::Flag(setting.flag()) };
            }
            // An empty variable is how compose files spell "not set".
            if let Some(text) = (self.environment)(setting.env).filter(|text| !text.is_empty()) {
                return Given { setting, text, source: Source::Environment(setting.env) };
            }
            match file.get(setting.key) {
                Some(text) => Given { setting, text: text.clone(), source: Source::File(path.clone()) },
                None => Given { setting, text: setting.default.to_owned(), source: Source::Default },
            }
        };
        Ok(settings::ALL.into_iter().map(given).collect())
    }

    fn file_values(&self) -> Result<(PathBuf, BTreeMap<String, String>), ConfigError> {
        let path = self.file.unwrap_or(self.usual_file);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if self.file.is_none() && e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(ConfigError(vec![format!("{}: the file cannot be read: {e}", path.display())])),
        };
        let table: toml::Table = text
            .parse()
            .map_err(|e: toml::de::Error| ConfigError(vec![format!("{}: {}", path.display(), e.to_string().trim())]))?;
        let mut values = BTreeMap::new();
        let mut wrong = Vec::new();
        for (key, value) in table {
            let Some(setting) = settings::ALL.iter().find(|setting| setting.key == key) else {
                wrong.push(format!(
                    "{}: there is no setting `{key}`; `crier config` lists those there are",
                    path.display()
                ));
                continue;
            };
            match as_text(&value) {
                Some(text) => drop(values.insert(key, text)),
                None => wrong.push(format!("{}: `{key}` must be {}", path.display(), setting.accepts)),
            }
        }
        if wrong.is_empty() { Ok((path.to_owned(), values)) } else { Err(ConfigError(wrong)) }
    }
}

/// A list is written as its items with commas between them, and so is a table, as its keys and values.
fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str()).collect::<Option<Vec<_>>>()?;
            Some(items.join(","))
        }
        toml::Value::Table(entries) => {
            let pair = |(key, value): (&String, &toml::Value)| Some(format!("{key}={}", value.as_str()?));
            Some(entries.iter().map(pair).collect::<Option<Vec<_>>>()?.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) => None,
    }
}
