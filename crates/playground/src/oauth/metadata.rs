//! `GET /.well-known/oauth-authorization-server` (RFC 8414).

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::oauth::scopes::Scope;
use crate::state::Shared;

pub(crate) async fn metadata(State(shared): State<Shared>) -> Json<Value> {
    let methods = ["client_secret_basic", "client_secret_post", "none"];
    Json(json!({
        "issuer": shared.origin(),
        "authorization_endpoint": shared.address("/oauth/authorize"),
        "token_endpoint": shared.address("/oauth/token"),
        "registration_endpoint": shared.address("/oauth/register"),
        "revocation_endpoint": shared.address("/oauth/revoke"),
        "service_documentation": shared.address("/apps"),
        "scopes_supported": Scope::ALL.map(Scope::name),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}
