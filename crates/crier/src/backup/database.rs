//! The database's part: SQLite by itself, PostgreSQL by the programs that come with it.

use super::Kind;
use crate::{Failed, config::Config};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;
use url::Url;

/// Opening a database that is not there would make one.
pub fn must_be_there(config: &Config, kind: Kind) -> Result<(), Failed> {
    let file = sqlite_file(config);
    if kind == Kind::Postgres || file.exists() {
        return Ok(());
    }
    Err(Failed(format!("DATABASE_URL: there is no database at {}; is --data-dir right?", file.display())))
}

/// Copies the database as of one moment, while others write to it.
pub async fn copy(config: &Config, kind: Kind, to: &Path) -> Result<(), Failed> {
    match kind {
        Kind::Sqlite => crier_store::copy_sqlite(config.database_url.expose(), to)
            .await
            .map_err(|error| Failed::to("copying the database", error)),
        Kind::Postgres => {
            let mut command = postgres_program("pg_dump", config)?;
            command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(to);
            run(command, "pg_dump").await
        }
    }
}

/// A restore never writes over anything.
pub async fn must_be_empty(config: &Config, kind: Kind) -> Result<(), Failed> {
    if kind == Kind::Sqlite {
        let file = sqlite_file(config);
        if file.exists() {
            return Err(Failed(format!("DATABASE_URL: {} is there already; move it away first", file.display())));
        }
        return Ok(());
    }
    let store = crate::parts::store(config).await?;
    let empty = store.is_empty().await.map_err(|error| Failed::to("looking at the database", error))?;
    store.close().await.map_err(|error| Failed::to("closing the database", error))?;
    if empty {
        Ok(())
    } else {
        Err(Failed("DATABASE_URL: the database holds tables already; restore into an empty one".to_owned()))
    }
}

pub async fn put_back(config: &Config, kind: Kind, copy: &Path) -> Result<(), Failed> {
    match kind {
        Kind::Sqlite => {
            std::fs::rename(copy, sqlite_file(config)).map_err(|error| Failed::to("putting the database back", error))
        }
        Kind::Postgres => {
            let mut command = postgres_program("pg_restore", config)?;
            command.args(["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]).arg(copy);
            run(command, "pg_restore").await
        }
    }
}

/// The file's path as it stands in the address.
fn sqlite_file(config: &Config) -> PathBuf {
    let address = config.database_url.expose();
    let path = address.trim_start_matches("sqlite:").trim_start_matches("//");
    path.split('?').next().unwrap_or(path).into()
}

/// The password travels in the environment: command lines can be read by everybody on the machine.
fn postgres_program(name: &str, config: &Config) -> Result<Command, Failed> {
    let wrong = || Failed("DATABASE_URL: it is no address of a database".to_owned());
    let mut url = Url::parse(config.database_url.expose()).map_err(|_| wrong())?;
    let mut command = Command::new(name);
    if let Some(password) = url.password() {
        command.env("PGPASSWORD", percent_encoding::percent_decode_str(password).decode_utf8_lossy().as_ref());
        url.set_password(None).map_err(|()| wrong())?;
    }
    command.arg("--dbname").arg(url.as_str()).stdin(Stdio::null());
    Ok(command)
}

async fn run(mut command: Command, name: &str) -> Result<(), Failed> {
    let output = command.output().await.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failed(format!(
            "{name} is not installed; it comes with PostgreSQL's client programs (Debian: postgresql-client)"
        )),
        _ => Failed::to(name, error),
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failed::to(name, String::from_utf8_lossy(&output.stderr).trim()))
}
