//! What tests tell `script/test` beyond passed and failed: rows of the fault matrix, and diagnosis codes that were raised.
//!
//! One JSON object a line is appended to the file that [`RECORD_VARIABLE`] names; without it, nothing is written. Rows and codes
//! are checked against `script/fault-matrix.toml` and the table of codes at the end of the run.

use super::DATABASE_VARIABLE;
use crier_model::Code;
use serde_json::{Value, json};
use std::{fmt::Display, io::Write};

/// Names the file.
pub const RECORD_VARIABLE: &str = "CRIER_TEST_RECORD";

/// A row of the fault matrix, as `script/fault-matrix.toml` names it: told first, then asserted.
#[track_caller]
pub fn row(name: &str, expected: impl Display, got: impl Display) {
    row_on(database(), name, expected, got);
}

/// A row that is shown on something else than a database.
#[track_caller]
pub fn row_on(what: &str, name: &str, expected: impl Display, got: impl Display) {
    let (expected, got) = (expected.to_string(), got.to_string());
    append(&json!({ "row": name, "on": what, "expected": expected, "got": got }));
    assert_eq!(got, expected, "{name}");
}

/// A diagnosis that a test has brought about.
pub fn raised(code: Code) {
    append(&json!({ "code": code, "on": database() }));
}

fn database() -> &'static str {
    match std::env::var(DATABASE_VARIABLE) {
        Ok(url) if !url.is_empty() => "PostgreSQL",
        _ => "SQLite",
    }
}

fn append(line: &Value) {
    let Ok(path) = std::env::var(RECORD_VARIABLE) else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    // One write, so that lines of tests that run at once don't mix.
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}
