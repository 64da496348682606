//! `crier doctor`: whether everything that publishing needs is there. Its report holds no secret, so that it can be pasted
//! into a ticket.

use crate::{Failed, config::Config, parts};
use crier_connect::{Check, ConnectError};
use crier_model::Diagnosis;
use serde_json::{Value, json};
use std::{fmt::Write, time::Instant};

pub struct Report {
    checks: Vec<Row>,
}

struct Row {
    area: String,
    title: String,
    /// What is wrong, and what to do; none when it is well.
    wrong: Option<Wrong>,
    elapsed_ms: u64,
}

struct Wrong {
    code: String,
    cause: String,
    fix: Vec<String>,
    evidence: Vec<(String, String)>,
}

impl From<&Diagnosis> for Wrong {
    fn from(diagnosis: &Diagnosis) -> Self {
        Self {
            code: diagnosis.code.as_str().to_owned(),
            cause: diagnosis.cause.clone(),
            fix: diagnosis.fix.clone(),
            evidence: diagnosis.evidence.iter().map(|seen| (seen.label.clone(), seen.value.clone())).collect(),
        }
    }
}

impl Row {
    fn here(area: &str, title: impl Into<String>, since: Instant, outcome: Result<(), (String, &str)>) -> Self {
        let wrong = outcome.err().map(|(cause, fix)| Wrong {
            code: area.to_owned(),
            cause,
            fix: vec![fix.to_owned()],
            evidence: Vec::new(),
        });
        let elapsed_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self { area: area.to_owned(), title: title.into(), wrong, elapsed_ms }
    }

    fn of_network(network: &str, check: Check) -> Self {
        Self {
            area: network.to_owned(),
            title: check.title,
            wrong: if check.ok { None } else { check.diagnosis.as_ref().map(Wrong::from) },
            elapsed_ms: check.elapsed_ms,
        }
    }
}

/// Makes every check; those of networks side by side.
pub async fn examine(config: &Config, only: &[String]) -> Result<Report, Failed> {
    let registry = parts::registry(config);
    if let Some(unknown) = only.iter().find(|id| registry.get(id).is_none()) {
        let known: Vec<_> = registry.all().map(|network| network.about().id).collect();
        return Err(Failed(format!("there is no network “{unknown}”; there are {}", known.join(", "))));
    }
    let mut checks =
        vec![Row::here("config", format!("{} settings read and accepted", config.given.len()), Instant::now(), Ok(()))];
    checks.push(public_url(config));

    let since = Instant::now();
    let store = match parts::store(config).await {
        Ok(store) => store,
        Err(error) => {
            let fix = "Check `database_url`, `data_dir` and `secret_key_file`.";
            checks.push(Row::here("database", "The database opens", since, Err((error.to_string(), fix))));
            return Ok(Report { checks });
        }
    };
    let kind = if store.is_postgres() { "PostgreSQL" } else { "SQLite" };
    let pinged =
        store.ping().await.map_err(|error| (error.to_string(), "Check `database_url` and that the server runs."));
    checks.push(Row::here("database", format!("{kind} answers"), since, pinged));

    let since = Instant::now();
    let library = parts::library(config, &store)?;
    let stored = library.storage().check().await;
    let stored =
        stored.map_err(|error| (error.to_string(), "Check the data folder's permissions and the room on its disk."));
    checks.push(Row::here("storage", "The data folder takes and gives files", since, stored));

    let net = parts::net(config)?;
    let handshake = parts::handshake(config, &store, &net, &registry, &library);
    let wanted =
        registry.all().map(|network| network.about().id).filter(|id| only.is_empty() || only.iter().any(|o| o == id));
    let mut asked = tokio::task::JoinSet::new();
    for id in wanted {
        let handshake = handshake.clone();
        asked.spawn(async move { (id, handshake.preflight(id, None, None).await) });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(id, _)| *id);
    for (id, answer) in answers {
        checks.extend(of_network(id, answer));
    }
    store.close().await.map_err(|error| Failed::to("closing the database", error))?;
    Ok(Report { checks })
}

fn of_network(id: &str, answer: Result<Vec<Check>, ConnectError>) -> Vec<Row> {
    match answer {
        Ok(checks) => checks.into_iter().map(|check| Row::of_network(id, check)).collect(),
        Err(error) => {
            let wrong = Some(Wrong::from(&error.diagnosis()));
            vec![Row { area: id.to_owned(), title: "Checks before leaving".to_owned(), wrong, elapsed_ms: 0 }]
        }
    }
}

fn public_url(config: &Config) -> Row {
    let url = &config.public_url;
    let outside = url.scheme() == "http" && !is_loopback(url);
    let outcome = if outside {
        Err((
            format!("{url} is plain http"),
            "Put a TLS proxy before Crier and set `public_url` to its https address; many networks demand it.",
        ))
    } else {
        Ok(())
    };
    Row::here("public_url", format!("The public address is {url}"), Instant::now(), outcome)
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl Report {
    pub fn is_well(&self) -> bool {
        self.checks.iter().all(|row| row.wrong.is_none())
    }

    pub fn text(&self) -> String {
        let mut out = String::new();
        for row in &self.checks {
            let mark = if row.wrong.is_none() { "ok  " } else { "FAIL" };
            let _ = writeln!(out, "{mark}  {:<12} {} ({} ms)", row.area, row.title, row.elapsed_ms);
            let Some(wrong) = &row.wrong else { continue };
            let _ = writeln!(out, "      {}: {}", wrong.code, wrong.cause);
            for (label, value) in &wrong.evidence {
                let _ = writeln!(out, "      {label}: {value}");
            }
            for fix in &wrong.fix {
                let _ = writeln!(out, "      → {fix}");
            }
        }
        let failed = self.checks.iter().filter(|row| row.wrong.is_some()).count();
        let _ = write!(out, "{} checks, {failed} failed", self.checks.len());
        out
    }

    pub fn json(&self) -> String {
        let row = |row: &Row| {
            let wrong = row.wrong.as_ref().map(|wrong| {
                let evidence: Vec<Value> =
                    wrong.evidence.iter().map(|(label, value)| json!({ "label": label, "value": value })).collect();
                json!({ "code": wrong.code, "cause": wrong.cause, "fix": wrong.fix, "evidence": evidence })
            });
            json!({ "area": row.area, "title": row.title, "ok": row.wrong.is_none(), "wrong": wrong, "elapsed_ms": row.elapsed_ms })
        };
        let checks: Vec<Value> = self.checks.iter().map(row).collect();
        format!("{:#}", json!({ "ok": self.is_well(), "checks": checks }))
    }
}
