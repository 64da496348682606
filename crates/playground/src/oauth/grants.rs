//! Authorization codes, and the grants with the tokens that grow out of them.
//!
//! A grant is one consent of one account to one app. All its tokens fall with it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::AccountId;
use crate::oauth::error::Problem;
use crate::oauth::scopes::Scopes;
use crate::secrets::{Digest, NoRandomness, fresh, s256};

/// Dead codes and tokens are remembered for this long, to say why they are dead.
const REMEMBERED: Duration = Duration::from_secs(14 * 24 * 3600);
/// A hundred years.
const FOR_GOOD: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// What a code was issued for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Permit {
    pub(crate) account: AccountId,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Scopes,
    /// The PKCE challenge (S256).
    pub(crate) challenge: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Code {
    permit: Permit,
    issued_at: Timestamp,
    expires_at: Timestamp,
    /// The grant it was exchanged for.
    used: Option<Uuid>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) account: AccountId,
    pub(crate) client_id: String,
    pub(crate) scopes: Scopes,
    pub(crate) created_at: Timestamp,
    revoked: Option<Revoked>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Revoked {
    at: Timestamp,
    why: Why,
}

/// Why a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    CodeReplayed,
    RefreshReplayed,
    Withdrawn,
    ByApp,
    Fault,
    AppRemoved,
}

impl Why {
    fn words(self) -> &'static str {
        match self {
            Why::CodeReplayed => "its authorization code was used twice",
            Why::RefreshReplayed => "a refresh token that had been replaced was used again",
            Why::Withdrawn => "the account withdrew its permission",
            Why::ByApp => "the app revoked it",
            Why::Fault => "all tokens of the account were revoked",
            Why::AppRemoved => "the app was removed",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Access {
    grant: Uuid,
    /// The page of the account that it speaks for instead.
    #[serde(default)]
    page: Option<AccountId>,
    scopes: Scopes,
    expires_at: Timestamp,
    revoked: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Refresh {
    grant: Uuid,
    expires_at: Timestamp,
    replaced_at: Option<Timestamp>,
}

/// How long things live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lives {
    pub(crate) access: Duration,
    pub(crate) refresh: Duration,
}

/// A token response in the making. Made before the lock is taken, as making it can fail.
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pair(…)")
    }
}

impl Pair {
    pub(crate) fn make() -> Result<Self, NoRandomness> {
        Ok(Pair { access: fresh("pga_")?, refresh: fresh("pgr_")? })
    }
}

/// Who a live access token speaks for.
#[derive(Clone, Debug)]
pub(crate) struct Bearer {
    /// A person's account, or the page it is a token of.
    pub(crate) account: AccountId,
    pub(crate) is_page: bool,
    grant: Uuid,
    pub(crate) client_id: String,
    pub(crate) scopes: Scopes,
}

/// The code exchange as asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    /// Treat the code as too old.
    pub(crate) expired: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    grants: BTreeMap<Uuid, Grant>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    #[serde(skip)]
    pruned_at: Option<Timestamp>,
}

impl Grants {
    pub(crate) fn issue_code(&mut self, code: &str, permit: Permit, life: Duration, now: Timestamp) {
        self.prune(now);
        self.codes.insert(key(code), Code { permit, issued_at: now, expires_at: now + life, used: None });
    }

    /// Whose code this is.
    pub(crate) fn code_account(&self, code: &str) -> Option<AccountId> {
        Some(self.codes.get(&key(code))?.permit.account)
    }

    /// Whose refresh token this is.
    pub(crate) fn refresh_account(&self, token: &str) -> Option<AccountId> {
        let grant = self.refresh.get(&key(token))?.grant;
        Some(self.grants.get(&grant)?.account)
    }

    /// Takes a code for tokens (RFC 6749, section 4.1.3), once.
    pub(crate) fn exchange(
        &mut self,
        wanted: Exchange<'_>,
        pair: &Pair,
        lives: Lives,
        now: Timestamp,
    ) -> Result<Scopes, Problem> {
        let found = self.codes.get_mut(&key(wanted.code));
        // A code of another app is as unknown as a made-up one: nothing is told about it.
        let Some(code) = found.filter(|code| code.permit.client_id == wanted.client_id) else {
            return Err(Problem::invalid_grant("The code is not one that was issued to this app."));
        };
        if let Some(grant) = code.used {
            self.revoke(grant, Why::CodeReplayed, now);
            return Err(Problem::invalid_grant("The code has been used before. The tokens issued for it are revoked."));
        }
        let age = now.duration_since(code.issued_at).as_secs();
        if wanted.expired || code.expires_at <= now {
            let life = code.expires_at.duration_since(code.issued_at).as_secs();
            return Err(Problem::invalid_grant(format!(
                "The code has expired: it is {age} s old and a code lives {life} s."
            )));
        }
        check_redirect(&code.permit.redirect_uri, wanted.redirect_uri)?;
        check_verifier(&code.permit.challenge, wanted.verifier)?;
        let id = Uuid::new_v4();
        code.used = Some(id);
        let permit = code.permit.clone();
        let scopes = permit.scopes.clone();
        self.grants.insert(
            id,
            Grant {
                account: permit.account,
                client_id: permit.client_id,
                scopes: permit.scopes,
                created_at: now,
                revoked: None,
            },
        );
        self.add_pair(id, scopes.clone(), pair, lives, now);
        Ok(scopes)
    }

    /// Takes a refresh token for a new pair (RFC 6749, section 6), once.
    pub(crate) fn renew(
        &mut self,
        client_id: &str,
        token: &str,
        narrowed: Option<&Scopes>,
        pair: &Pair,
        lives: Lives,
        now: Timestamp,
    ) -> Result<Scopes, Problem> {
        self.prune(now);
        let unknown = || Problem::invalid_grant("The refresh token is not one of this app.");
        let refresh = self.refresh.get(&key(token)).ok_or_else(unknown)?;
        let id = refresh.grant;
        let grant = self.grants.get(&id).filter(|grant| grant.client_id == client_id).ok_or_else(unknown)?;
        if let Some(revoked) = &grant.revoked {
            return Err(Problem::invalid_grant(format!(
                "The refresh token was revoked at {:.0}: {}.",
                revoked.at,
                revoked.why.words()
            )));
        }
        if let Some(at) = refresh.replaced_at {
            self.revoke(id, Why::RefreshReplayed, now);
            return Err(Problem::invalid_grant(format!(
                "The refresh token was replaced at {at:.0} and has been used again. All tokens of this \
                 permission are revoked."
            )));
        }
        if refresh.expires_at <= now {
            return Err(Problem::invalid_grant(format!("The refresh token expired at {:.0}.", refresh.expires_at)));
        }
        let scopes = match narrowed {
            Some(narrowed) if !narrowed.within(&grant.scopes) => {
                return Err(Problem::new(
                    http::StatusCode::BAD_REQUEST,
                    "invalid_scope",
                    format!("scope: at most '{}' was granted.", grant.scopes),
                ));
            }
            Some(narrowed) => narrowed.clone(),
            None => grant.scopes.clone(),
        };
        if let Some(refresh) = self.refresh.get_mut(&key(token)) {
            refresh.replaced_at = Some(now);
        }
        self.add_pair(id, scopes.clone(), pair, lives, now);
        Ok(scopes)
    }

    /// A permission given without a consent page, with one token that lasts.
    pub(crate) fn give(&mut self, account: AccountId, client_id: &str, scopes: Scopes, token: &str, now: Timestamp) {
        let (id, expires_at) = (Uuid::new_v4(), now + FOR_GOOD);
        let grant =
            Grant { account, client_id: client_id.to_owned(), scopes: scopes.clone(), created_at: now, revoked: None };
        self.grants.insert(id, grant);
        self.access.insert(key(token), Access { grant: id, page: None, scopes, expires_at, revoked: false });
    }

    fn add_pair(&mut self, grant: Uuid, scopes: Scopes, pair: &Pair, lives: Lives, now: Timestamp) {
        self.add_access(grant, None, scopes, &pair.access, now + lives.access);
        self.refresh.insert(key(&pair.refresh), Refresh { grant, expires_at: now + lives.refresh, replaced_at: None });
    }

    fn add_access(&mut self, grant: Uuid, page: Option<AccountId>, scopes: Scopes, token: &str, until: Timestamp) {
        self.access.insert(key(token), Access { grant, page, scopes, expires_at: until, revoked: false });
    }

    /// A token for a page of the account that `bearer` speaks for. It falls with the same grant.
    pub(crate) fn add_page_token(&mut self, bearer: &Bearer, page: AccountId, token: &str, until: Timestamp) {
        self.add_access(bearer.grant, Some(page), bearer.scopes.clone(), token, until);
    }

    /// Who an access token speaks for, dead or alive; for the log and the faults.
    pub(crate) fn owner(&self, token: &str) -> Option<(AccountId, &str)> {
        let access = self.access.get(&key(token))?;
        let grant = self.grants.get(&access.grant)?;
        Some((access.page.unwrap_or(grant.account), grant.client_id.as_str()))
    }

    /// Who an access token speaks for, if it still does.
    pub(crate) fn bearer(&self, token: &str, now: Timestamp) -> Result<Bearer, Problem> {
        let found = self.access.get(&key(token)).and_then(|access| Some((access, self.grants.get(&access.grant)?)));
        let Some((access, grant)) = found else {
            return Err(Problem::invalid_token("The access token is not known."));
        };
        if let Some(revoked) = &grant.revoked {
            return Err(Problem::invalid_token(&format!(
                "The access token was revoked at {:.0}: {}.",
                revoked.at,
                revoked.why.words()
            )));
        }
        if access.revoked {
            return Err(Problem::invalid_token("The access token was revoked by the app."));
        }
        if access.expires_at <= now {
            return Err(Problem::invalid_token(&format!("The access token expired at {:.0}.", access.expires_at)));
        }
        Ok(Bearer {
            account: access.page.unwrap_or(grant.account),
            is_page: access.page.is_some(),
            grant: access.grant,
            client_id: grant.client_id.clone(),
            scopes: access.scopes.clone(),
        })
    }

    /// Revokes a token at its app's wish (RFC 7009): a refresh token takes its grant along. False if
    /// the token is another app's.
    pub(crate) fn revoke_token(&mut self, client_id: &str, token: &str, now: Timestamp) -> bool {
        let key = key(token);
        let grant = match (self.access.get(&key), self.refresh.get(&key)) {
            (Some(access), _) => access.grant,
            (None, Some(refresh)) => refresh.grant,
            // Unknown tokens are as good as revoked (section 2.2).
            (None, None) => return true,
        };
        if self.grants.get(&grant).is_none_or(|grant| grant.client_id != client_id) {
            return false;
        }
        match self.access.get_mut(&key) {
            Some(access) => access.revoked = true,
            None => self.revoke(grant, Why::ByApp, now),
        }
        true
    }

    fn revoke(&mut self, grant: Uuid, why: Why, now: Timestamp) {
        if let Some(grant) = self.grants.get_mut(&grant) {
            grant.revoked.get_or_insert(Revoked { at: now, why });
        }
    }

    /// Ends all grants that `which` picks.
    pub(crate) fn revoke_where(&mut self, why: Why, now: Timestamp, which: impl Fn(&Grant) -> bool) {
        for grant in self.grants.values_mut().filter(|grant| which(grant)) {
            grant.revoked.get_or_insert(Revoked { at: now, why });
        }
    }

    /// The live grants of an account, newest first.
    pub(crate) fn live(&self, account: AccountId) -> Vec<&Grant> {
        let mut grants: Vec<&Grant> =
            self.grants.values().filter(|grant| grant.account == account && grant.revoked.is_none()).collect();
        grants.sort_by_key(|grant| std::cmp::Reverse(grant.created_at));
        grants
    }

    fn prune(&mut self, now: Timestamp) {
        if self.pruned_at.is_some_and(|at| at + PRUNE_EVERY > now) {
            return;
        }
        self.pruned_at = Some(now);
        self.codes.retain(|_, code| code.expires_at + REMEMBERED > now);
        self.access.retain(|_, access| access.expires_at + REMEMBERED > now);
        self.refresh.retain(|_, refresh| refresh.replaced_at.unwrap_or(refresh.expires_at) + REMEMBERED > now);
        let used: std::collections::HashSet<Uuid> = self
            .access
            .values()
            .map(|access| access.grant)
            .chain(self.refresh.values().map(|refresh| refresh.grant))
            .collect();
        self.grants.retain(|id, _| used.contains(id));
    }
}

fn check_redirect(issued: &str, sent: Option<&str>) -> Result<(), Problem> {
    match sent {
        Some(sent) if sent == issued => Ok(()),
        Some(sent) => Err(Problem::invalid_grant(format!(
            "redirect_uri: '{sent}' is not the one the code was issued for, '{issued}'."
        ))),
        None => Err(Problem::invalid_grant(format!("redirect_uri: missing; the code was issued for '{issued}'."))),
    }
}

fn check_verifier(challenge: &str, sent: Option<&str>) -> Result<(), Problem> {
    let Some(verifier) = sent else {
        return Err(Problem::invalid_grant("code_verifier: missing; the code was issued with a PKCE challenge."));
    };
    let long_enough = (43..=128).contains(&verifier.len());
    if long_enough && s256(verifier) == challenge {
        Ok(())
    } else {
        Err(Problem::invalid_grant("code_verifier: it does not fit the code_challenge that the code was issued with."))
    }
}

fn key(secret: &str) -> String {
    Digest::of(secret).into_string()
}
