//! The program: commands, configuration, and the wiring of the crates. Nothing else.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accounts;
mod backup;
mod commands;
mod config;
mod doctor;
mod key_file;
mod keys;
mod log;
mod metrics;
mod networks;
mod parts;
mod serve;
mod traces;
mod work;

use commands::{Command, Given};
use config::Config;
use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    crier_net::install_crypto_provider();
    let Given { command, layers } = commands::read();
    if matches!(command, Command::Version) {
        return say(&format!("crier {}", env!("CARGO_PKG_VERSION")));
    }
    let config = match layers.config() {
        Ok(config) => config,
        Err(error) => return complain(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error),
    };
    match runtime.block_on(run(command, config)) {
        Ok(code) => code,
        Err(error) => complain(&error),
    }
}

/// Why a command did not do what was asked; the text is for a person.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(pub String);

impl Failed {
    /// What was tried, and what came of it.
    pub fn to(what: &str, cause: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

async fn run(command: Command, config: Config) -> Result<ExitCode, Failed> {
    match command {
        Command::Serve => serve::run(config).await.map(|()| ExitCode::SUCCESS),
        Command::CreateUser(user) => Ok(say(&accounts::create_user(&config, user).await?)),
        Command::SetAdmin { email, is_admin } => Ok(say(&accounts::set_admin(&config, &email, is_admin).await?)),
        Command::CreateKey(key) => Ok(say(&accounts::create_key(&config, &key).await?)),
        Command::Keys(keys) => keys::run(&config, keys).await,
        Command::Networks { json } => Ok(say(&networks::told(&config, json)?)),
        Command::Doctor { networks, json } => {
            let report = doctor::examine(&config, &networks).await?;
            say(&if json { doctor::json(&report)? } else { report.text });
            Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Migrate => {
            parts::store(&config)
                .await?
                .migrate()
                .await
                .map_err(|error| Failed::to("migrating the database", error))?;
            Ok(say("The database is up to date."))
        }
        Command::Backup(wanted) => Ok(say(&backup::backup(&config, wanted).await?)),
        Command::Restore { from } => Ok(say(&backup::restore(&config, &from).await?)),
        Command::Config => Ok(say(&config.told())),
        Command::Version => Ok(ExitCode::SUCCESS),
    }
}

/// Prints an answer; a reader that has gone away is no failure.
fn say(text: &str) -> ExitCode {
    writeln!(std::io::stdout(), "{}", text.trim_end()).ok();
    ExitCode::SUCCESS
}

fn complain(error: &dyn std::fmt::Display) -> ExitCode {
    writeln!(std::io::stderr(), "crier: {error}").ok();
    ExitCode::FAILURE
}
