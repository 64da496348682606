//! Who looks at a page.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::cookie::CookieJar;
use http::HeaderMap;

use crate::accounts::{Account, SESSION_LIFE};
use crate::state::Shared;

/// Named for us: cookies are shared by all ports of a host.
const COOKIE: &str = "playground_session";

/// The account signed in with this browser, and what the frame of every page shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Viewer {
    account: Option<Account>,
    pub(crate) faults_on: usize,
}

impl Viewer {
    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }
}

/// Puts a [`Viewer`] into every request.
pub(crate) async fn recognise(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let token = token(request.headers());
    let viewer = shared.look(|world, now| Viewer {
        account: token.and_then(|token| world.accounts.signed_in(&token, now).cloned()),
        faults_on: world.faults.iter().filter(|fault| fault.on).count(),
    });
    request.extensions_mut().insert(viewer);
    next.run(request).await
}

/// The session token that a browser sent.
pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned())
}

/// The value of `Set-Cookie` that keeps a browser signed in.
pub(crate) fn cookie(shared: &Shared, token: &str) -> String {
    set_cookie(shared, token, SESSION_LIFE.as_secs())
}

/// The value of `Set-Cookie` that ends it.
pub(crate) fn no_cookie(shared: &Shared) -> String {
    set_cookie(shared, "", 0)
}

fn set_cookie(shared: &Shared, token: &str, seconds: u64) -> String {
    let secure = match shared.origin_url().scheme() {
        "https" => "; Secure",
        _ => "",
    };
    format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}
