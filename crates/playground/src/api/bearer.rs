//! Who calls the API, and whether they may.

use http::HeaderMap;

use crate::accounts::AccountId;
use crate::gate;
use crate::oauth::error::Problem;
use crate::oauth::grants::Bearer;
use crate::oauth::scopes::Scope;
use crate::pages::{guard, viewer};
use crate::state::Shared;

/// An account that calls: through an app, or by its own session at the website, which may everything.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    /// Its client id.
    pub(crate) app: Option<String>,
}

/// The caller, if the token is alive and was granted `scope`, or the session goes on.
pub(crate) fn caller(shared: &Shared, headers: &HeaderMap, scope: Scope) -> Result<Caller, Problem> {
    if gate::bearer(headers).is_none() {
        return Ok(Caller { account: by_session(shared, headers)?, app: None });
    }
    let bearer = by_token(shared, headers, scope)?;
    Ok(Caller { account: bearer.account, app: Some(bearer.client_id) })
}

/// Who an app calls for.
pub(crate) fn by_token(shared: &Shared, headers: &HeaderMap, scope: Scope) -> Result<Bearer, Problem> {
    let token = gate::bearer(headers).ok_or_else(Problem::no_token)?;
    let bearer = shared.look(|world, now| world.oauth.grants.bearer(token, now))?;
    if bearer.scopes.contains(scope) { Ok(bearer) } else { Err(Problem::insufficient_scope(scope.name())) }
}

/// A browser sends its cookies along with what any page asks for: there they say nothing.
fn by_session(shared: &Shared, headers: &HeaderMap) -> Result<AccountId, Problem> {
    let session = viewer::token(headers).filter(|_| !guard::from_another_page(shared, headers));
    let session = session.ok_or_else(Problem::no_token)?;
    let account = shared.look(|world, now| world.accounts.signed_in(&session, now).map(|account| account.id));
    account.ok_or_else(|| Problem::invalid_token("The session is not known, or has ended."))
}
