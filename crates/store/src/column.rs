//! How values look in columns: times as milliseconds, words and JSON as text.

use crate::error::{Result, StoreError};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use std::str::FromStr;

pub(crate) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub(crate) fn time(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Damaged { what: "time" })
}

/// As it comes back from the database: to the millisecond.
pub(crate) fn at_rest(at: Timestamp) -> Result<Timestamp> {
    time(ms(at))
}

pub(crate) fn maybe_time(ms: Option<i64>) -> Result<Option<Timestamp>> {
    ms.map(time).transpose()
}

pub(crate) fn json<T: Serialize + ?Sized>(value: &T, what: &'static str) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Damaged { what })
}

pub(crate) fn maybe_json<T: Serialize>(value: Option<&T>, what: &'static str) -> Result<Option<String>> {
    value.map(|v| json(v, what)).transpose()
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| StoreError::Damaged { what })
}

pub(crate) fn maybe_from_json<T: DeserializeOwned>(text: Option<&str>, what: &'static str) -> Result<Option<T>> {
    text.map(|t| from_json(t, what)).transpose()
}

pub(crate) fn word<T>(text: &str) -> Result<T>
where
    T: FromStr,
    StoreError: From<T::Err>,
{
    Ok(text.parse()?)
}
