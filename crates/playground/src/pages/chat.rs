//! The chat of an account with a bot.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use maud::html;

use crate::bot::{CONNECT, Message, TEXT_MAX};
use crate::oauth::params::Params;
use crate::oauth::scopes::Scopes;
use crate::pages::card::moment;
use crate::pages::layout::{Failure, back, page, sign_in_link};
use crate::pages::viewer::Viewer;
use crate::secrets::fresh;
use crate::state::Shared;

pub(crate) async fn chat(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(client_id): Path<String>,
) -> Result<Response, Failure> {
    let here = format!("/bot/{client_id}");
    let Some(account) = viewer.account() else { return Ok(back(&sign_in_link(&here))) };
    let (name, body) = shared.look(|world, now| {
        let app = world.oauth.apps.get(&client_id).ok_or_else(no_bot)?;
        let said = world.chats.between(&client_id, account.id);
        let body = html! {
            p.dim { "You write as @" (account.handle) ". With “" (CONNECT.trim()) "” and a code you let " (app.name)
                " post as you, until you withdraw that under Apps." }
            @if said.is_empty() { p.dim { "Nothing has been said yet." } }
            ul.chat #chat aria-live="polite" {
                @for message in said {
                    li.bot[message.by_bot] {
                        b { @if message.by_bot { (app.name) } @else { "@" (account.handle) } }
                        " " span.dim { (moment(message.at, now)) }
                        p { (message.text) }
                    }
                }
            }
            form.compose method="post" action=(here) {
                label for="text" { "Message to " (app.name) }
                input #text type="text" name="text" required maxlength=(TEXT_MAX) autocomplete="off" autofocus;
                div.buttons { button type="submit" { "Send" } }
            }
            script src="/assets/live.js" defer {}
        };
        Ok::<_, Failure>((app.name.clone(), body))
    })?;
    Ok(page(&viewer, &format!("Chat with {name}"), &body))
}

pub(crate) async fn say(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(client_id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let here = format!("/bot/{client_id}");
    let Some(account) = viewer.account().map(|account| account.id) else { return Ok(back(&sign_in_link(&here))) };
    let text = Params::parse(&body).get("text").unwrap_or_default().trim().to_owned();
    if text.is_empty() || text.chars().count() > TEXT_MAX {
        let reason = format!("A message has 1 to {TEXT_MAX} characters.");
        return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "The message was not sent", reason));
    }
    let token = if text.starts_with(CONNECT) { Some(fresh("pga_")?) } else { None };
    shared
        .change(|world, now| {
            world.oauth.apps.get(&client_id).ok_or_else(no_bot)?;
            if let Some(token) = &token {
                world.oauth.grants.give(account, &client_id, Scopes::all(), token, now);
            }
            let client_id = client_id.clone();
            world.chats.add(Message { id: 0, client_id, account, by_bot: false, text, token, at: now });
            Ok::<_, Failure>(())
        })
        .await??;
    shared.announce();
    Ok(back(&here))
}

fn no_bot() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "There is no such bot", "Its app may have been removed.".to_owned())
}
