//! Accounts, passwords and signed-in browsers.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secrets::Digest;

/// How long a browser stays signed in.
pub(crate) const SESSION_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The accounts that exist from the first start, as (handle, name).
pub(crate) const DEMO: [(&str, &str); 2] = [("ada", "Ada"), ("grace", "Grace")];

const HANDLE_MAX: usize = 30;
const NAME_MAX: usize = 50;
/// The most pages of one account.
pub(crate) const PAGES_MAX: usize = 200;
const PASSWORD_MIN: usize = 8;
/// Longer ones only cost hashing time.
const PASSWORD_MAX: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AccountId(u64);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for AccountId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(AccountId)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) handle: String,
    pub(crate) name: String,
    /// A PHC string; none for the demo accounts, which anybody may sign in as, and for pages, as which nobody signs in.
    pub(crate) password: Option<Password>,
    /// Whose page it is; none for the account of a person.
    #[serde(default)]
    pub(crate) owner: Option<AccountId>,
    pub(crate) created_at: Timestamp,
}

impl Account {
    pub(crate) fn is_demo(&self) -> bool {
        self.password.is_none() && self.owner.is_none()
    }
}

/// An Argon2id hash.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Password {
    /// Hashes `password`. Takes tens of milliseconds: not for an async thread.
    pub(crate) fn hash(password: &str) -> Result<Self, argon2::password_hash::Error> {
        let hash = Argon2::default().hash_password(password.as_bytes())?;
        Ok(Password(hash.to_string()))
    }

    /// Whether `password` is the one that was hashed. As slow as [`Password::hash`].
    pub(crate) fn verify(&self, password: &str) -> bool {
        PasswordHash::new(&self.0)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    account: AccountId,
    expires_at: Timestamp,
}

/// What is wrong with a sign-up, by field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("Choose a handle of 2 to {HANDLE_MAX} letters (a–z), digits or underscores.")]
    Handle,
    #[error("@{0} is taken. Choose another handle.")]
    Taken(String),
    #[error("Enter a name of 1 to {NAME_MAX} characters.")]
    Name,
    #[error("Choose a password of at least {PASSWORD_MIN} characters.")]
    PasswordShort,
    #[error("Choose a password of at most {PASSWORD_MAX} bytes.")]
    PasswordLong,
    #[error("An account has at most {PAGES_MAX} pages.")]
    TooManyPages,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Accounts {
    last: u64,
    all: BTreeMap<AccountId, Account>,
    sessions: HashMap<String, Session>,
    #[serde(skip)]
    by_handle: HashMap<String, AccountId>,
}

impl Accounts {
    pub(crate) fn index(&mut self) {
        self.by_handle = self.all.values().map(|account| (account.handle.clone(), account.id)).collect();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.all.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.all.values()
    }

    /// Finds by handle, in any case, with or without the `@`.
    pub(crate) fn named(&self, handle: &str) -> Option<&Account> {
        let handle = normal(handle);
        self.by_handle.get(&handle).and_then(|id| self.all.get(id))
    }

    pub(crate) fn add_demo(&mut self, now: Timestamp) {
        for (handle, name) in DEMO {
            self.insert(handle.to_owned(), name.to_owned(), None, None, now);
        }
    }

    /// Checks what can be checked before the password is hashed.
    pub(crate) fn fit(&self, handle: &str, name: &str, password: &str) -> Result<(), Unfit> {
        self.fit_names(handle, name)?;
        if password.chars().count() < PASSWORD_MIN {
            return Err(Unfit::PasswordShort);
        }
        if password.len() > PASSWORD_MAX {
            return Err(Unfit::PasswordLong);
        }
        Ok(())
    }

    fn fit_names(&self, handle: &str, name: &str) -> Result<(), Unfit> {
        let handle = normal(handle);
        check_handle(&handle)?;
        if self.by_handle.contains_key(&handle) {
            return Err(Unfit::Taken(handle));
        }
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX { Err(Unfit::Name) } else { Ok(()) }
    }

    /// The pages of an account, oldest first.
    pub(crate) fn pages(&self, owner: AccountId) -> impl Iterator<Item = &Account> {
        self.all.values().filter(move |account| account.owner == Some(owner))
    }

    /// Opens a page: what posts under its own name, and nobody signs in as.
    pub(crate) fn open_page(
        &mut self,
        owner: AccountId,
        handle: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<AccountId, Unfit> {
        self.fit_names(handle, name)?;
        if self.pages(owner).count() >= PAGES_MAX {
            return Err(Unfit::TooManyPages);
        }
        Ok(self.insert(normal(handle), name.trim().to_owned(), None, Some(owner), now))
    }

    /// Opens an account whose data passed [`Accounts::fit`]; the handle may have gone meanwhile.
    pub(crate) fn sign_up(
        &mut self,
        handle: &str,
        name: &str,
        password: Password,
        now: Timestamp,
    ) -> Result<AccountId, Unfit> {
        let handle = normal(handle);
        if self.by_handle.contains_key(&handle) {
            return Err(Unfit::Taken(handle));
        }
        Ok(self.insert(handle, name.trim().to_owned(), Some(password), None, now))
    }

    fn insert(
        &mut self,
        handle: String,
        name: String,
        password: Option<Password>,
        owner: Option<AccountId>,
        now: Timestamp,
    ) -> AccountId {
        self.last += 1;
        let id = AccountId(self.last);
        self.by_handle.insert(handle.clone(), id);
        self.all.insert(id, Account { id, handle, name, password, owner, created_at: now });
        id
    }

    /// Gives the account another handle: `wanted`, or the present one with a number behind it.
    pub(crate) fn rename(&mut self, id: AccountId, wanted: Option<&str>) -> Option<String> {
        let old = self.all.get(&id)?.handle.clone();
        let handle = match wanted.map(normal) {
            Some(handle) if check_handle(&handle).is_ok() && !self.by_handle.contains_key(&handle) => handle,
            _ => self.free_handle(&old),
        };
        self.by_handle.remove(&old);
        self.by_handle.insert(handle.clone(), id);
        self.all.get_mut(&id)?.handle.clone_from(&handle);
        Some(handle)
    }

    fn free_handle(&self, old: &str) -> String {
        let stem = old.trim_end_matches(|c: char| c.is_ascii_digit());
        let stem: String = stem.chars().take(HANDLE_MAX - 8).collect();
        (2_u32..)
            .map(|number| format!("{stem}{number}"))
            .find(|handle| !self.by_handle.contains_key(handle))
            .unwrap_or_else(|| old.to_owned())
    }

    pub(crate) fn begin_session(&mut self, account: AccountId, token: &str, now: Timestamp) {
        self.sessions.retain(|_, session| session.expires_at > now);
        self.sessions.insert(key(token), Session { account, expires_at: now + SESSION_LIFE });
    }

    pub(crate) fn end_session(&mut self, token: &str) {
        self.sessions.remove(&key(token));
    }

    pub(crate) fn signed_in(&self, token: &str, now: Timestamp) -> Option<&Account> {
        let session = self.sessions.get(&key(token))?;
        if session.expires_at <= now {
            return None;
        }
        self.all.get(&session.account)
    }
}

fn key(token: &str) -> String {
    Digest::of(token).into_string()
}

fn normal(handle: &str) -> String {
    handle.trim().trim_start_matches('@').to_ascii_lowercase()
}

/// Whether a (normalised) handle may be used.
pub(crate) fn check_handle(handle: &str) -> Result<(), Unfit> {
    let fits = (2..=HANDLE_MAX).contains(&handle.len())
        && handle.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits { Ok(()) } else { Err(Unfit::Handle) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Accounts {
        let mut accounts = Accounts::default();
        accounts.add_demo(Timestamp::UNIX_EPOCH);
        accounts
    }

    #[test]
    fn handles_are_found_in_any_case_and_taken_once() {
        let accounts = some();
        assert_eq!(accounts.named("@ADA").unwrap().name, "Ada");
        assert_eq!(accounts.fit("Ada", "Ada too", "long enough"), Err(Unfit::Taken("ada".to_owned())));
        assert_eq!(accounts.fit("a-b", "x", "long enough"), Err(Unfit::Handle));
        assert_eq!(accounts.fit("linus", " ", "long enough"), Err(Unfit::Name));
        assert_eq!(accounts.fit("linus", "Linus", "short"), Err(Unfit::PasswordShort));
    }

    #[test]
    fn renaming_keeps_the_id_and_frees_the_handle() {
        let mut accounts = some();
        let id = accounts.named("ada").unwrap().id;
        assert_eq!(accounts.rename(id, None).unwrap(), "ada2");
        assert_eq!(accounts.named("ada2").unwrap().id, id);
        assert!(accounts.named("ada").is_none());
        assert_eq!(accounts.rename(id, Some("grace")).unwrap(), "ada3");
        assert_eq!(accounts.rename(id, Some("Lovelace")).unwrap(), "lovelace");
    }

    #[test]
    fn a_page_is_its_owners_and_nobody_signs_in_as_it() {
        let mut accounts = some();
        let ada = accounts.named("ada").unwrap().id;
        let page = accounts.open_page(ada, "@Bakery", " The bakery ", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(accounts.pages(ada).map(|page| page.name.as_str()).collect::<Vec<_>>(), ["The bakery"]);
        assert!(!accounts.get(page).unwrap().is_demo() && accounts.get(ada).unwrap().is_demo());
        let again = accounts.open_page(ada, "bakery", "Another", Timestamp::UNIX_EPOCH);
        assert_eq!(again, Err(Unfit::Taken("bakery".to_owned())));
        for number in 1..PAGES_MAX {
            accounts.open_page(ada, &format!("page{number}"), "Page", Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(accounts.open_page(ada, "more", "More", Timestamp::UNIX_EPOCH), Err(Unfit::TooManyPages));
    }

    #[test]
    fn sessions_end() {
        let mut accounts = some();
        let id = accounts.named("ada").unwrap().id;
        let now = Timestamp::UNIX_EPOCH;
        accounts.begin_session(id, "token", now);
        assert_eq!(accounts.signed_in("token", now).unwrap().id, id);
        assert!(accounts.signed_in("other", now).is_none());
        assert!(accounts.signed_in("token", now + SESSION_LIFE).is_none());
        accounts.end_session("token");
        assert!(accounts.signed_in("token", now).is_none());
    }

    #[test]
    fn passwords_verify_and_do_not_show() {
        let password = Password::hash("correct horse").unwrap();
        assert!(password.verify("correct horse"));
        assert!(!password.verify("correct house"));
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
