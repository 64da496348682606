//! Who calls the API, and whether they may.

use http::HeaderMap;

use crate::gate;
use crate::oauth::error::Problem;
use crate::oauth::grants::Bearer;
use crate::oauth::scopes::Scope;
use crate::state::Shared;

/// The caller, if the token is alive and was granted `scope`.
pub(crate) fn caller(shared: &Shared, headers: &HeaderMap, scope: Scope) -> Result<Bearer, Problem> {
    let token = gate::bearer(headers).ok_or_else(Problem::no_token)?;
    let bearer = shared.look(|world, now| world.oauth.grants.bearer(token, now))?;
    if bearer.scopes.contains(scope) { Ok(bearer) } else { Err(Problem::insufficient_scope(scope.name())) }
}
