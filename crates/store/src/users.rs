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
    /// Whether they run this installation: its apps, its doctor, everybody's attempts.
    pub is_admin: bool,
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

/// Makes a user and a workspace they own, both or neither. The first user of all runs the installation.
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
    let first = is_first_in(&tx).await?;
    if registration == Registration::FirstOnly && !first {
        return Err(StoreError::Conflict { what: "registration.closed" });
    }
    let time_zone = new.time_zone.clone();
    let user = create_in(&mut tx, new, first).await?;
    let workspace = workspaces::create_in(&mut tx, workspace_name, &time_zone, user.id).await?;
    tx.commit().await?;
    Ok((user, workspace))
}

/// Whether there is nobody yet. Then nobody else signs up until the transaction has ended.
async fn is_first_in(tx: &Tx) -> Result<bool> {
    const ANY: &str = "SELECT 1 FROM \"user\" LIMIT 1";
    if tx.query_one(ANY, []).await?.is_some() {
        return Ok(false);
    }
    if tx.store().is_postgres() {
        tx.execute("LOCK TABLE \"user\" IN SHARE ROW EXCLUSIVE MODE", []).await?;
    }
    Ok(tx.query_one(ANY, []).await?.is_none())
}

/// Makes a person one of those who run the installation, or no longer.
///
/// # Errors
/// [`StoreError::NotFound`] for an address without an account, conflict `user.last_admin` when nobody would be left.
pub async fn set_admin(store: &Store, email: &str, is_admin: bool) -> Result<User> {
    let tx = store.begin().await?;
    if store.is_postgres() {
        // Two of the last must not step down at the same moment.
        tx.execute("LOCK TABLE \"user\" IN SHARE ROW EXCLUSIVE MODE", []).await?;
    }
    let found = user::Entity::find().filter(user::Column::Email.eq(email.trim().to_lowercase()));
    let row = found.one(&tx.inner).await?.ok_or(StoreError::NotFound { what: "user" })?;
    let others = "SELECT 1 FROM \"user\" WHERE is_admin AND id <> $1 LIMIT 1";
    if !is_admin && tx.query_one(others, [row.id.into()]).await?.is_none() {
        return Err(StoreError::Conflict { what: "user.last_admin" });
    }
    let mut row = row.into_active_model();
    row.is_admin = Set(is_admin);
    let user = row.update(&tx.inner).await?.try_into()?;
    tx.commit().await?;
    Ok(user)
}

/// The people with these ids, in no order.
pub async fn by_ids(store: &Store, ids: &[UserId]) -> Result<Vec<User>> {
    let found = user::Entity::find().filter(user::Column::Id.is_in(ids.iter().map(|id| id.0)));
    found.all(store.reader()).await?.into_iter().map(User::try_from).collect()
}

/// Makes a user without a workspace.
///
/// # Errors
/// Conflict `user.email` when the address is taken.
pub async fn create(store: &Store, new: NewUser) -> Result<User> {
    let mut tx = store.begin().await?;
    let user = create_in(&mut tx, new, false).await?;
    tx.commit().await?;
    Ok(user)
}

async fn create_in(tx: &mut Tx, new: NewUser, is_admin: bool) -> Result<User> {
    let row = user::ActiveModel {
        id: Set(UserId::new().0),
        email: Set(new.email.trim().to_lowercase()),
        name: Set(new.name),
        password_hash: Set(new.password_hash.expose().to_owned()),
        time_zone: Set(new.time_zone),
        week_start: Set("monday".to_owned()),
        clock: Set("h24".to_owned()),
        is_admin: Set(is_admin),
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
            is_admin: row.is_admin,
            created_at: time(row.created_at)?,
        })
    }
}
