//! Who asks, and whether they may: the one place where a request is authorised.
//!
//! A handler that names [`Member<P>`] runs only for a member of the path's workspace whose role allows `P`; one that names
//! [`Person`] only for somebody signed in in a browser, [`Admin`] only for one of those who run the installation; [`Invited`] and
//! [`GuestOf`] only where an invite link was opened. Handlers that name neither are public, and a test lists them.

use crate::{body::path_param, problem::Problem, secrets::hash, state::Api};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use crier_connect::{ConnectError, Guest, Invitation};
use crier_model::{
    AttemptId, UserId, WorkspaceId,
    permission::{Permission, Role},
};
use crier_store::{
    keys,
    sessions::{self, Session},
    users::{self, User},
    workspaces::{self, Workspace},
};
use jiff::{SignedDuration, Timestamp};
use std::{convert::Infallible, marker::PhantomData};

/// How long a session lasts after it was last used.
pub(crate) const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// A session's use is noted no more often than this.
const NOTED_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// A key's use is noted no more often than this.
const KEY_NOTED_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// What a handler needs, as a type.
pub(crate) trait Needs: Send + Sync {
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($name:ident),+) => {$(
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;
        impl Needs for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )+};
}
needs!(Read, Write, ManageChannels, ManageWorkspace);

/// Somebody signed in in this browser.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub user: User,
    pub session: Session,
}

impl FromRequestParts<Api> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        signed_in(&parts.headers, api).await?.ok_or_else(unauthenticated)
    }
}

impl OptionalFromRequestParts<Api> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Option<Self>, Problem> {
        signed_in(&parts.headers, api).await
    }
}

/// Somebody who runs this installation, signed in in this browser. An API key never does: it is bound to one workspace.
#[derive(Debug, Clone)]
pub(crate) struct Admin;

impl FromRequestParts<Api> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let person = signed_in(&parts.headers, api).await?.ok_or_else(unauthenticated)?;
        if !person.user.is_admin {
            let problem = Problem::new(StatusCode::FORBIDDEN, "admin.required", "Only those who run this server may");
            return Err(problem.detail("Ask one of them, or make yourself one with `crier user admin EMAIL`."));
        }
        Ok(Self)
    }
}

/// A member of the workspace in the path, by session or by API key, whose role allows `P`.
#[derive(Debug)]
pub(crate) struct Member<P> {
    pub user: User,
    pub workspace: Workspace,
    pub role: Role,
    permission: PhantomData<P>,
}

impl<P> Member<P> {
    pub fn id(&self) -> WorkspaceId {
        self.workspace.id
    }
}

impl<P: Needs> FromRequestParts<Api> for Member<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let (user, bound) = match api_key(&parts.headers) {
            Some(key) => by_key(key, api).await?,
            None => (signed_in(&parts.headers, api).await?.ok_or_else(unauthenticated)?.user, None),
        };
        let id: WorkspaceId = path_param(parts, "workspace").await?;
        let membership = if bound.is_none_or(|bound| bound == id) {
            workspaces::membership(&api.store, id, user.id).await?
        } else {
            None
        };
        // Whether a workspace of others exists is nobody's business.
        let (workspace, role) =
            membership.ok_or_else(|| Problem::not_found("workspace.unknown", "There is no such workspace"))?;
        if !role.may(P::PERMISSION) {
            let problem = Problem::new(StatusCode::FORBIDDEN, "role.too_low", "Your role does not allow this");
            let detail = format!("You are {role} in “{}”. Ask an admin or the owner.", workspace.name);
            return Err(problem.detail(detail));
        }
        Ok(Self { user, workspace, role, permission: PhantomData })
    }
}

fn unauthenticated() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "auth.required", "You are not signed in")
        .detail("Sign in, or send an API key as `Authorization: Bearer KEY`.")
}

/// `Bearer KEY`, or the key alone as clients of the compatible API send it.
fn api_key(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default().trim();
    let bearer = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    Some(bearer.map_or(value, |_| value[7..].trim()))
}

async fn by_key(key: &str, api: &Api) -> Result<(User, Option<WorkspaceId>), Problem> {
    let wrong = || {
        Problem::new(StatusCode::UNAUTHORIZED, "auth.key_wrong", "The API key is not valid")
            .detail("It was mistyped, deleted or has expired. Make a new one under Settings.")
    };
    let key = keys::by_hash(&api.store, &hash(key)).await?.ok_or_else(wrong)?;
    let user = users::by_id(&api.store, key.user).await?.ok_or_else(wrong)?;
    if is_older(key.last_used_at, api.store.now(), KEY_NOTED_EVERY) {
        keys::touch(&api.store, key.id).await?;
    }
    Ok((user, Some(key.workspace)))
}

fn is_older(noted: Option<Timestamp>, now: Timestamp, than: SignedDuration) -> bool {
    noted.is_none_or(|noted| now.duration_since(noted) > than)
}

async fn signed_in(headers: &HeaderMap, api: &Api) -> Result<Option<Person>, Problem> {
    let Some(token) = cookie(headers, session_cookie(api)) else { return Ok(None) };
    let Some((session, user)) = sessions::by_token_hash(&api.store, &hash(&token)).await? else { return Ok(None) };
    let now = api.store.now();
    if is_older(Some(session.last_seen_at), now, NOTED_EVERY) {
        sessions::touch(&api.store, session.id, now + SESSION_LIFE).await?;
    }
    Ok(Some(Person { user, session }))
}

/// Who is signed in in the browser that sent these headers.
pub(crate) async fn signed_in_user(headers: &HeaderMap, api: &Api) -> Result<Option<UserId>, Problem> {
    Ok(signed_in(headers, api).await?.map(|person| person.user.id))
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    CookieJar::from_headers(headers).get(name).map(|cookie| cookie.value().to_owned())
}

/// Browsers take `__Host-` names only over TLS.
pub(crate) fn session_cookie(api: &Api) -> &'static str {
    if api.is_https() { "__Host-session" } else { "session" }
}

/// Holds the token of the invite link that was opened last.
pub(crate) fn invite_cookie(api: &Api) -> &'static str {
    if api.is_https() { "__Host-invite" } else { "invite" }
}

pub(crate) fn connect_cookie(api: &Api) -> &'static str {
    if api.is_https() { "__Host-connect" } else { "connect" }
}

/// A cookie for this host alone, out of reach of scripts. An empty value takes it away.
pub(crate) fn own_cookie(api: &Api, name: &'static str, value: String, life: SignedDuration) -> Cookie<'static> {
    let life = if value.is_empty() { SignedDuration::ZERO } else { life };
    let life = Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .secure(api.is_https())
        .same_site(SameSite::Lax)
        .max_age(cookie_duration(life));
    life.build()
}

fn cookie_duration(life: SignedDuration) -> cookie::time::Duration {
    cookie::time::Duration::seconds(life.as_secs())
}

/// Somebody without an account here, with an invite link open in this browser that may be used.
#[derive(Debug)]
pub(crate) struct Invited(pub Invitation);

impl FromRequestParts<Api> for Invited {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let token = cookie(&parts.headers, invite_cookie(api)).ok_or_else(no_invite)?;
        Ok(Self(api.handshake.invitation(&token).await?))
    }
}

/// As [`Invited`], also where the link has been used up meanwhile: its last guest is told whose workspace it was.
#[derive(Debug)]
pub(crate) struct Opened(pub Invitation);

impl FromRequestParts<Api> for Opened {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let token = cookie(&parts.headers, invite_cookie(api)).ok_or_else(no_invite)?;
        Ok(Self(api.handshake.opened_invitation(&token).await?))
    }
}

/// A guest, and the workspace of the attempt in the path, which is theirs.
#[derive(Debug)]
pub(crate) struct GuestOf {
    pub guest: Guest,
    pub workspace: WorkspaceId,
}

impl FromRequestParts<Api> for GuestOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let token = cookie(&parts.headers, invite_cookie(api));
        let browser = cookie(&parts.headers, connect_cookie(api));
        if token.is_none() && browser.is_none() {
            return Err(no_invite());
        }
        let invite = match token {
            Some(token) => match api.handshake.invite_of(&token).await {
                Ok(invite) => Some(invite.id),
                Err(ConnectError::UnknownInvite) => None,
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        let guest = Guest::new(invite, browser.as_deref());
        let attempt: AttemptId = path_param(parts, "id").await?;
        let workspace = api.handshake.workspace_for(attempt, &guest).await?;
        Ok(Self { guest, workspace })
    }
}

fn no_invite() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invite.required", "No invite link is open in this browser")
        .detail("Open the link you were sent in this browser.")
}

/// Public handlers take this instead of nothing, so that the list of them can be searched for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anyone;

impl<S: Send + Sync> FromRequestParts<S> for Anyone {
    type Rejection = Infallible;
    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}
