//! People with an account here.

use crate::{
    Store, Tx,
    column::{ms, time},
    connection::Lock,
    entity::user,
    error::{Result, StoreError, unique_as},
    workspaces::{self, Workspace},
};
use crier_model::{Secret, UserId};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Lower case, unique.
    pub email: String,
    pub name: String,
    /// In PHC string form.
    pub password_hash: Secret,
    /// IANA name.
    pub time_zone: String,
    /// `monday` or `sunday`.
    pub week_start: String,
    /// `h24` or `h12`.
    pub clock: String,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct NewUser {
    /// Stored in lower case.
    pub email: String,
    pub name: String,
    pub password_hash: Secret,
    pub time_zone: String,
}

/// What a person may change; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    pub name: Option<String>,
    pub password_hash: Option<Secret>,
    pub time_zone: Option<String>,
    pub week_start: Option<String>,
    pub clock: Option<String>,
}

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    Open,
    /// Only while there is no user at all.
    FirstOnly,
}

/// Whether anybody has an account yet.
pub async fn any(store: &Store) -> Result<bool> {
    let one = user::Entity::find().select_only().column(user::Column::Id).limit(1);
    Ok(one.into_tuple::<uuid::Uuid>().one(store.reader()).await?.is_some())
}

/// Makes a user and a workspace they own, both or neither.
///
/// # Errors
/// Conflict `user.email` when the address is taken, `registration.closed` when only the first user may sign up and is there.
pub async fn sign_up(
    store: &Store,
    new: NewUser,
    workspace_name: &str,
    registration: Registration,
) -> Result<(User, Workspace)> {
    let mut tx = store.begin().await?;
    if registration == Registration::FirstOnly {
        if store.is_postgres() {
            tx.execute("LOCK TABLE \"user\" IN SHARE ROW EXCLUSIVE MODE", []).await?;
        }
        if tx.query_one("SELECT 1 FROM \"user\" LIMIT 1", []).await?.is_some() {
            return Err(StoreError::Conflict { what: "registration.closed" });
        }
    }
    let time_zone = new.time_zone.clone();
    let user = create_in(&mut tx, new).await?;
    let workspace = workspaces::create_in(&mut tx, workspace_name, &time_zone, user.id).await?;
    tx.commit().await?;
    Ok((user, workspace))
}

/// Makes a user without a workspace.
///
/// # Errors
/// Conflict `user.email` when the address is taken.
pub async fn create(store: &Store, new: NewUser) -> Result<User> {
    let mut tx = store.begin().await?;
    let user = create_in(&mut tx, new).await?;
    tx.commit().await?;
    Ok(user)
}

async fn create_in(tx: &mut Tx, new: NewUser) -> Result<User> {
    let row = user::ActiveModel {
        id: Set(UserId::new().0),
        email: Set(new.email.trim().to_lowercase()),
        name: Set(new.name),
        password_hash: Set(new.password_hash.expose().to_owned()),
        time_zone: Set(new.time_zone),
        week_start: Set("monday".to_owned()),
        clock: Set("h24".to_owned()),
        created_at: Set(ms(tx.now())),
    };
    row.insert(&tx.inner).await.map_err(unique_as("user.email"))?.try_into()
}

/// Looks a person up by address, in any case.
pub async fn by_email(store: &Store, email: &str) -> Result<Option<User>> {
    let found = user::Entity::find().filter(user::Column::Email.eq(email.trim().to_lowercase()));
    found.one(store.reader()).await?.map(User::try_from).transpose()
}

pub async fn by_id(store: &Store, id: UserId) -> Result<Option<User>> {
    user::Entity::find_by_id(id.0).one(store.reader()).await?.map(User::try_from).transpose()
}

/// # Errors
/// [`StoreError::NotFound`] when there is no such user.
pub async fn update(store: &Store, id: UserId, change: UserChange) -> Result<User> {
    let tx = store.begin().await?;
    let sql = tx.locking("SELECT 1 FROM \"user\" WHERE id = $1", Lock::Change);
    tx.query_one(&sql, [id.0.into()]).await?;
    let row = user::Entity::find_by_id(id.0).one(&tx.inner).await?.ok_or(StoreError::NotFound { what: "user" })?;
    let mut row = row.into_active_model();
    if let Some(name) = change.name {
        row.name = Set(name);
    }
    if let Some(hash) = change.password_hash {
        row.password_hash = Set(hash.expose().to_owned());
    }
    if let Some(time_zone) = change.time_zone {
        row.time_zone = Set(time_zone);
    }
    if let Some(week_start) = change.week_start {
        row.week_start = Set(week_start);
    }
    if let Some(clock) = change.clock {
        row.clock = Set(clock);
    }
    let user = row.update(&tx.inner).await?.try_into()?;
    tx.commit().await?;
    Ok(user)
}

impl TryFrom<user::Model> for User {
    type Error = StoreError;
    fn try_from(row: user::Model) -> Result<Self> {
        Ok(Self {
            id: UserId(row.id),
            email: row.email,
            name: row.name,
            password_hash: row.password_hash.into(),
            time_zone: row.time_zone,
            week_start: row.week_start,
            clock: row.clock,
            created_at: time(row.created_at)?,
        })
    }
}
