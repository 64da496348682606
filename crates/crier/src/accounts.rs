//! Accounts and keys by command.

use crate::{
    Failed,
    commands::{NewKey, NewUser},
    config::Config,
    parts,
};
use crier_api::PASSWORD_LENGTH;
use crier_model::Secret;
use crier_store::{Store, StoreError, keys, users, workspaces};
use std::io::Read;

async fn migrated(config: &Config) -> Result<Store, Failed> {
    let store = parts::store(config).await?;
    store.migrate().await.map_err(|error| Failed::to("migrating the database", error))?;
    Ok(store)
}

/// `crier user create`; works while registration is closed.
pub async fn create_user(config: &Config, new: NewUser) -> Result<String, Failed> {
    let email = new.email.trim().to_lowercase();
    if !email.contains('@') {
        return Err(Failed(format!("--email: “{email}” is no e-mail address")));
    }
    let password = match new.password {
        Some(password) => password,
        None => read_password()?,
    };
    let length = password.expose().chars().count();
    if !PASSWORD_LENGTH.contains(&length) {
        let (least, most) = (PASSWORD_LENGTH.start(), PASSWORD_LENGTH.end());
        return Err(Failed(format!("--password: it must have {least} to {most} characters; this has {length}")));
    }
    let name = new.name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let workspace = new.workspace.unwrap_or_else(|| format!("{name}’s workspace"));
    let store = migrated(config).await?;
    let password_hash =
        crier_api::hash_password(password).await.map_err(|error| Failed::to("hashing the password", error))?;
    let user = users::NewUser { email: email.clone(), name, password_hash, time_zone: "UTC".to_owned() };
    match users::sign_up(&store, user, &workspace, users::Registration::Open).await {
        Ok((user, workspace)) => {
            if new.is_admin {
                set_admin_in(&store, &user.email, true).await?;
            }
            Ok(format!("Made {} ({}) with the workspace “{}” ({}).", user.email, user.id, workspace.name, workspace.id))
        }
        Err(StoreError::Conflict { what: "user.email" }) => {
            Err(Failed(format!("--email: {email} has an account already")))
        }
        Err(error) => Err(Failed::to("making the account", error)),
    }
}

/// `crier user admin`.
pub async fn set_admin(config: &Config, email: &str, is_admin: bool) -> Result<String, Failed> {
    let store = migrated(config).await?;
    set_admin_in(&store, email, is_admin).await?;
    let runs = if is_admin { "now runs" } else { "no longer runs" };
    Ok(format!("{email} {runs} this installation."))
}

async fn set_admin_in(store: &Store, email: &str, is_admin: bool) -> Result<(), Failed> {
    match users::set_admin(store, email, is_admin).await {
        Ok(_) => Ok(()),
        Err(StoreError::NotFound { .. }) => Err(Failed(format!("{email} has no account here"))),
        Err(StoreError::Conflict { what: "user.last_admin" }) => {
            Err(Failed("nobody else runs this installation: make another person an admin first".to_owned()))
        }
        Err(error) => Err(Failed::to("changing the account", error)),
    }
}

fn read_password() -> Result<Secret, Failed> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Failed::to("reading the password", error))?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

/// `crier key create`; the answer is the key alone, for scripts.
pub async fn create_key(config: &Config, new: &NewKey) -> Result<String, Failed> {
    let store = migrated(config).await?;
    let failed = |error: StoreError| Failed::to("making the key", error);
    let user = users::by_email(&store, &new.user).await.map_err(failed)?;
    let user = user.ok_or_else(|| Failed(format!("--user: {} has no account here", new.user)))?;
    let theirs = workspaces::for_user(&store, user.id).await.map_err(failed)?;
    let listed = || {
        theirs
            .iter()
            .map(|(workspace, _)| format!("{} ({})", workspace.id, workspace.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let workspace = match (&new.workspace, theirs.as_slice()) {
        (None, [(only, _)]) => only.id,
        (None, _) => return Err(Failed(format!("--workspace: name one of {}", listed()))),
        (Some(id), all) => {
            let found = all.iter().find(|(workspace, _)| workspace.id.to_string() == *id);
            found
                .map(|(workspace, _)| workspace.id)
                .ok_or_else(|| Failed(format!("--workspace: not one of {}", listed())))?
        }
    };
    let made = crier_api::NewKey::generate();
    let key = keys::NewKey {
        workspace,
        user: user.id,
        name: new.name.clone(),
        key_hash: made.hash,
        prefix: made.prefix,
        expires_at: None,
    };
    keys::create(&store, key).await.map_err(failed)?;
    Ok(made.key.expose().to_owned())
}
