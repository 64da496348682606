//! The pages of an account: what it posts as under another name.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use maud::{Markup, html};

use crate::accounts::{Account, AccountId};
use crate::oauth::params::Params;
use crate::pages::layout::{Failure, back, page, sign_in_link};
use crate::pages::viewer::Viewer;
use crate::state::{Shared, World};

pub(crate) async fn list(State(shared): State<Shared>, Extension(viewer): Extension<Viewer>) -> Response {
    show(&shared, &viewer, None, &Params::default())
}

fn show(shared: &Shared, viewer: &Viewer, wrong: Option<&str>, typed: &Params) -> Response {
    let Some(account) = viewer.account() else {
        return back(&sign_in_link("/pages"));
    };
    let body = shared.look(|world, _| {
        html! {
            p { "A page posts under a name of its own. Apps that you let in may be allowed to post as your pages." }
            (own(world, account.id))
            (form(wrong, typed))
        }
    });
    page(viewer, "Your pages", &body)
}

fn own(world: &World, owner: AccountId) -> Markup {
    let pages: Vec<&Account> = world.accounts.pages(owner).collect();
    html! {
        @if pages.is_empty() { p.dim { "You have no page yet." } }
        @for page in pages {
            article.app.as {
                img src={ "/avatar/" (page.id) } alt="" width="44" height="44" loading="lazy";
                div {
                    a.name href={ "/@" (page.handle) } { (page.name) }
                    " " span.dim { "@" (page.handle) }
                }
            }
        }
    }
}

fn form(wrong: Option<&str>, typed: &Params) -> Markup {
    html! {
        section.sheet {
            h2 { "Make a page" }
            form method="post" action="/pages" {
                @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
                label { "Name"
                    input type="text" name="name" required maxlength="50" value=(typed.get("name").unwrap_or_default()); }
                label { "Handle"
                    input type="text" name="handle" required maxlength="31" autocapitalize="none" spellcheck="false"
                        aria-describedby="handle-help" value=(typed.get("handle").unwrap_or_default()); }
                p.dim #handle-help { "2 to 30 letters a–z, digits or underscores." }
                div.buttons { button type="submit" { "Make the page" } }
            }
        }
    }
}

pub(crate) async fn open(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<Response, Failure> {
    let params = Params::parse(&body);
    let Some(owner) = viewer.account().map(|account| account.id) else {
        return Ok(back(&sign_in_link("/pages")));
    };
    let (handle, name) = (params.get("handle").unwrap_or_default(), params.get("name").unwrap_or_default());
    let made = shared.change(|world, now| world.accounts.open_page(owner, handle, name, now)).await?;
    match made {
        Ok(_) => Ok(back("/pages")),
        Err(unfit) => {
            let mut response = show(&shared, &viewer, Some(&unfit.to_string()), &params);
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}
