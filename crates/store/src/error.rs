//! What can go wrong here. No variant carries a stored value.

use sea_orm::{DbErr, RuntimeErr, TransactionError, sqlx};
use std::fmt;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such row, or not in this workspace.
    #[error("no such {what}")]
    NotFound { what: &'static str },
    /// A rule forbids it now. `what` is a stable code, for example `post.sending`, `media.in_use`, `user.email`.
    #[error("refused: {what}")]
    Conflict { what: &'static str },
    /// The row was changed since the caller read it, or its lease is held by somebody else now.
    #[error("{what} was changed meanwhile")]
    Stale { what: &'static str },
    /// A sealed value could not be sealed or opened.
    #[error(transparent)]
    Sealed(#[from] crate::SealError),
    /// A stored value does not read as what it should be: damaged, or written by a newer version.
    #[error("a stored {what} cannot be read; was the database written by a newer version?")]
    Damaged { what: &'static str },
    #[error("database configuration: {0}")]
    Configuration(String),
    #[error("{0}")]
    Database(#[from] DatabaseError),
}

impl StoreError {
    /// The process is on its way out, and with it whatever this was to be part of.
    pub(crate) fn stopping() -> Self {
        Self::Database(DatabaseError { kind: DatabaseErrorKind::Unavailable, detail: "stopping".to_owned() })
    }

    /// Whether the same call may succeed a little later without any change.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_temporary())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseErrorKind {
    /// The server or the file cannot be reached.
    Unavailable,
    /// Locked or out of connections.
    Busy,
    /// Undone because it stood in another's way: the same may go well at once.
    Deadlock,
    /// No room on the disk.
    Full,
    Unique,
    ForeignKey,
    Other,
}

/// A database error without the values that were bound or stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseError {
    pub kind: DatabaseErrorKind,
    /// SQLSTATE or SQLite's extended code, and the constraint where one was violated.
    pub detail: String,
}

impl DatabaseError {
    /// Whether the same call may succeed a little later without any change.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        use DatabaseErrorKind as Kind;
        matches!(self.kind, Kind::Unavailable | Kind::Busy | Kind::Deadlock | Kind::Full)
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.kind {
            DatabaseErrorKind::Unavailable => "the database cannot be reached",
            DatabaseErrorKind::Busy | DatabaseErrorKind::Deadlock => "the database is busy",
            DatabaseErrorKind::Full => "the database's disk is full",
            DatabaseErrorKind::Unique => "a row like it exists already",
            DatabaseErrorKind::ForeignKey => "a row it refers to does not exist",
            DatabaseErrorKind::Other => "the database refused",
        };
        write!(f, "{words} ({})", self.detail)
    }
}

impl std::error::Error for DatabaseError {}

impl From<&sqlx::Error> for DatabaseError {
    fn from(error: &sqlx::Error) -> Self {
        use DatabaseErrorKind as Kind;
        let (kind, detail) = match error {
            sqlx::Error::Database(e) => {
                let code = e.code().unwrap_or_default().into_owned();
                let kind = match code.as_str() {
                    "23505" | "1555" | "2067" => Kind::Unique,
                    "23503" | "787" => Kind::ForeignKey,
                    "53300" | "55P03" | "5" | "6" | "261" | "517" | "773" => Kind::Busy,
                    "40001" | "40P01" => Kind::Deadlock,
                    "53100" | "13" => Kind::Full,
                    "57P01" | "57P02" | "57P03" | "14" => Kind::Unavailable,
                    other if other.starts_with("08") => Kind::Unavailable,
                    _ => Kind::Other,
                };
                // PostgreSQL's messages may quote values; SQLite's name columns and files only.
                let message = match e.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
                    Some(_) => e.message().to_owned(),
                    None => e.constraint().or_else(|| e.table()).unwrap_or_default().to_owned(),
                };
                (kind, format!("code {code} {message}").trim_end().to_owned())
            }
            sqlx::Error::Io(e) => (Kind::Unavailable, e.to_string()),
            sqlx::Error::PoolTimedOut => (Kind::Busy, "no free connection".to_owned()),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => (Kind::Unavailable, "closed".to_owned()),
            sqlx::Error::Tls(_) => (Kind::Unavailable, "TLS failed".to_owned()),
            sqlx::Error::RowNotFound => (Kind::Other, "no row".to_owned()),
            sqlx::Error::ColumnNotFound(column) => (Kind::Other, format!("no column {column}")),
            sqlx::Error::ColumnDecode { index, .. } => (Kind::Other, format!("column {index} does not decode")),
            _ => (Kind::Other, "unexpected".to_owned()),
        };
        Self { kind, detail }
    }
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Conn(RuntimeErr::SqlxError(e))
            | DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e)) => Self::from(e.as_ref()),
            DbErr::ConnectionAcquire(_) => {
                Self { kind: DatabaseErrorKind::Busy, detail: "no free connection".to_owned() }
            }
            DbErr::RecordNotFound(_) | DbErr::RecordNotInserted | DbErr::RecordNotUpdated => {
                Self { kind: DatabaseErrorKind::Other, detail: "no row".to_owned() }
            }
            DbErr::Migration(_) => {
                Self { kind: DatabaseErrorKind::Other, detail: "the schema is not the one expected".to_owned() }
            }
            _ => Self { kind: DatabaseErrorKind::Other, detail: "unexpected".to_owned() },
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(DatabaseError::from(&error))
    }
}

impl From<TransactionError<StoreError>> for StoreError {
    fn from(error: TransactionError<StoreError>) -> Self {
        match error {
            TransactionError::Connection(e) => e.into(),
            TransactionError::Transaction(e) => e,
        }
    }
}

impl From<crier_model::permission::UnknownWord> for StoreError {
    fn from(error: crier_model::permission::UnknownWord) -> Self {
        Self::Damaged { what: error.what }
    }
}

/// Gives a violated uniqueness its stable code.
pub(crate) fn unique_as(what: &'static str) -> impl FnOnce(DbErr) -> StoreError {
    move |error| match DatabaseError::from(error) {
        DatabaseError { kind: DatabaseErrorKind::Unique, .. } => StoreError::Conflict { what },
        other => StoreError::Database(other),
    }
}
