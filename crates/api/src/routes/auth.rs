//! Signing up, in and out, and one's own account.

use crate::{
    access::{Anyone, Person, SESSION_LIFE, own_cookie, session_cookie},
    body::Body,
    limits::client_address,
    problem::{FieldProblem, Problem, Result},
    routes::workspaces::WorkspaceOut,
    secrets::{PASSWORD_LENGTH, hash, hash_password, random, verify_password},
    state::{Api, Registration},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use axum_extra::extract::CookieJar;
use crier_engine::compose;
use crier_model::{Secret, UserId};
use crier_store::{
    sessions,
    users::{self, NewUser, User, UserChange},
    workspaces,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sign_up))
        .routes(routes!(sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(get_me, update_me))
}

/// Where the request comes from, for counting tries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From(pub IpAddr);

impl axum::extract::FromRequestParts<Api> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut http::request::Parts, api: &Api) -> Result<Self, Self::Rejection> {
        Ok(Self(client_address(&parts.headers, &parts.extensions, &api.settings.trusted_proxies)))
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUp {
    email: String,
    /// 10 to 256 characters.
    #[schema(value_type = String)]
    password: Secret,
    name: String,
    /// “NAME's workspace” when left out.
    workspace_name: Option<String>,
    /// IANA name; UTC when left out.
    time_zone: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    email: String,
    #[schema(value_type = String)]
    password: Secret,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WeekStart {
    Monday,
    Sunday,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClockFormat {
    H24,
    H12,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = User)]
pub(crate) struct UserOut {
    id: UserId,
    email: String,
    name: String,
    time_zone: String,
    week_start: WeekStart,
    clock: ClockFormat,
    /// Whether they run this installation.
    is_admin: bool,
}

impl std::convert::From<User> for UserOut {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            time_zone: user.time_zone,
            week_start: if user.week_start == "sunday" { WeekStart::Sunday } else { WeekStart::Monday },
            clock: if user.clock == "h12" { ClockFormat::H12 } else { ClockFormat::H24 },
            is_admin: user.is_admin,
        }
    }
}

/// Who is signed in, and what belongs to them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Me {
    user: UserOut,
    workspaces: Vec<WorkspaceOut>,
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MePatch {
    name: Option<String>,
    /// IANA name.
    time_zone: Option<String>,
    week_start: Option<WeekStart>,
    clock: Option<ClockFormat>,
}

async fn me(api: &Api, user: User) -> Result<Me> {
    let workspaces = workspaces::for_user(&api.store, user.id).await?;
    Ok(Me { user: user.into(), workspaces: workspaces.into_iter().map(WorkspaceOut::from).collect() })
}

/// Opens a session and gives its cookie.
async fn open_session(api: &Api, user: UserId, headers: &HeaderMap) -> Result<CookieJar> {
    let token = random();
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let agent: String = agent.chars().take(300).collect();
    sessions::create(&api.store, user, &hash(&token), api.store.now() + SESSION_LIFE, &agent).await?;
    Ok(CookieJar::new().add(own_cookie(api, session_cookie(api), token, SESSION_LIFE)))
}

/// Makes an account with a workspace of its own, and signs in.
#[utoipa::path(post, path = "/auth/sign-up", tag = "Account", request_body = SignUp, responses((status = 201, body = Me)))]
async fn sign_up(
    _: Anyone,
    from: From,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<SignUp>,
) -> Result<(StatusCode, CookieJar, Json<Me>)> {
    api.limits().sign_up(from.0)?;
    let registration = match api.settings.registration {
        Registration::Open => users::Registration::Open,
        Registration::First => users::Registration::FirstOnly,
        Registration::Closed => return Err(crier_store::StoreError::Conflict { what: "registration.closed" }.into()),
    };
    let new = NewAccount::read(body)?;
    let password_hash = hash_password(new.password).await.map_err(|error| Problem::internal(&error))?;
    let user = NewUser { email: new.email, name: new.name, password_hash, time_zone: new.time_zone };
    let (user, _) = users::sign_up(&api.store, user, &new.workspace, registration).await?;
    let cookies = open_session(&api, user.id, &headers).await?;
    Ok((StatusCode::CREATED, cookies, Json(me(&api, user).await?)))
}

/// An account's fields, checked.
struct NewAccount {
    email: String,
    name: String,
    workspace: String,
    password: Secret,
    time_zone: String,
}

impl NewAccount {
    fn read(body: SignUp) -> Result<Self> {
        let mut wrong = Vec::new();
        let email = body.email.trim().to_lowercase();
        if !is_email(&email) {
            wrong.push(FieldProblem::new(
                "/email",
                "email.wrong",
                "This is no e-mail address.",
                "Write it like ada@example.org.",
            ));
        }
        let length = body.password.expose().chars().count();
        if !PASSWORD_LENGTH.contains(&length) {
            let (least, most) = (PASSWORD_LENGTH.start(), PASSWORD_LENGTH.end());
            let message = format!("A password has {least} to {most} characters; this has {length}.");
            wrong.push(FieldProblem::new(
                "/password",
                "password.length",
                message,
                "A few words in a row are good and easy to keep.",
            ));
        } else if body.password.expose().to_lowercase() == email {
            let message = "The password is the e-mail address.";
            wrong.push(FieldProblem::new(
                "/password",
                "password.guessable",
                message,
                "Choose one that nobody can guess.",
            ));
        }
        let name = check_name(&mut wrong, "/name", &body.name);
        let workspace = match body.workspace_name {
            Some(given) => check_name(&mut wrong, "/workspace_name", &given),
            None => format!("{name}’s workspace"),
        };
        let time_zone = body.time_zone.unwrap_or_else(|| "UTC".to_owned());
        check_time_zone(&mut wrong, &time_zone);
        refuse(wrong)?;
        Ok(Self { email, name, workspace, password: body.password, time_zone })
    }
}

/// Something before and behind the `@`, a dot in the host: more can only be known by writing to it.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '@';
    !local.is_empty() && !local.contains(odd) && host_is_fine(host) && text.len() <= 254
}

fn host_is_fine(host: &str) -> bool {
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    host.split('.').all(label) && (host.contains('.') || host == "localhost")
}

/// A name people read: not empty, at most 100 characters.
pub(crate) fn check_name(wrong: &mut Vec<FieldProblem>, pointer: &str, given: &str) -> String {
    let name = given.trim();
    let length = name.chars().count();
    if length == 0 || length > 100 || name.chars().any(char::is_control) {
        let message = if length == 0 { "The name is empty." } else { "A name has at most 100 characters on one line." };
        wrong.push(FieldProblem::new(pointer, "name.wrong", message, "Write a name."));
    }
    name.to_owned()
}

pub(crate) fn check_time_zone(wrong: &mut Vec<FieldProblem>, given: &str) {
    wrong.extend(compose::wrong_time_zone(given).as_ref().map(FieldProblem::from));
}

/// Refuses when fields were found wrong.
pub(crate) fn refuse(wrong: Vec<FieldProblem>) -> Result<()> {
    if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(wrong)) }
}

/// Signs in. The answer sets the session's cookie.
#[utoipa::path(post, path = "/auth/sign-in", tag = "Account", request_body = SignIn, responses((status = 200, body = Me)))]
async fn sign_in(
    _: Anyone,
    from: From,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<SignIn>,
) -> Result<(CookieJar, Json<Me>)> {
    api.limits().sign_in(from.0, &body.email)?;
    let user = users::by_email(&api.store, &body.email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    // Longer ones can't be right and would only cost time.
    let fits = body.password.expose().chars().count() <= *PASSWORD_LENGTH.end();
    let right = fits && verify_password(body.password, hash).await?;
    let Some(user) = user.filter(|_| right) else {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "auth.wrong", "E-mail address or password is wrong");
        return Err(problem.detail("Check both; capital letters count in the password."));
    };
    let cookies = open_session(&api, user.id, &headers).await?;
    Ok((cookies, Json(me(&api, user).await?)))
}

/// Signs out: the session ends, and the browser forgets its cookie.
#[utoipa::path(post, path = "/auth/sign-out", tag = "Account", responses((status = 204)))]
async fn sign_out(_: Anyone, State(api): State<Api>, person: Option<Person>) -> Result<(StatusCode, CookieJar)> {
    if let Some(person) = person {
        sessions::revoke(&api.store, person.user.id, person.session.id).await?;
    }
    let gone = own_cookie(&api, session_cookie(&api), String::new(), SignedDuration::ZERO);
    Ok((StatusCode::NO_CONTENT, CookieJar::new().add(gone)))
}

/// Who is signed in.
#[utoipa::path(get, path = "/auth/me", tag = "Account", responses((status = 200, body = Me)))]
async fn get_me(person: Person, State(api): State<Api>) -> Result<Json<Me>> {
    Ok(Json(me(&api, person.user).await?))
}

/// Changes one's own account; what is left out stays.
#[utoipa::path(patch, path = "/auth/me", tag = "Account", request_body = MePatch, responses((status = 200, body = Me)))]
async fn update_me(person: Person, State(api): State<Api>, Body(body): Body<MePatch>) -> Result<Json<Me>> {
    let mut wrong = Vec::new();
    let name = body.name.map(|name| check_name(&mut wrong, "/name", &name));
    if let Some(time_zone) = &body.time_zone {
        check_time_zone(&mut wrong, time_zone);
    }
    refuse(wrong)?;
    let change = UserChange {
        name,
        password_hash: None,
        time_zone: body.time_zone,
        week_start: body
            .week_start
            .map(|start| if matches!(start, WeekStart::Sunday) { "sunday" } else { "monday" }.to_owned()),
        clock: body.clock.map(|clock| if matches!(clock, ClockFormat::H12) { "h12" } else { "h24" }.to_owned()),
    };
    let user = users::update(&api.store, person.user.id, change).await?;
    Ok(Json(me(&api, user).await?))
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses_that_cannot_be_are_refused_and_odd_ones_are_not() {
        for fine in ["ada@example.org", "a.b+c@sub.example.co", "ö@exämple.de", "o'hara@localhost"] {
            assert!(is_email(fine), "{fine}");
        }
        for wrong in ["", "ada", "@example.org", "ada@", "ada@example", "a da@example.org", "ada@ex..org", "a@b@c.de"] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
