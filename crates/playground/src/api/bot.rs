//! The API of bots. An app proves who it is as at the token endpoint, with HTTP Basic.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::accounts::AccountId;
use crate::bot::{Message, TEXT_MAX};
use crate::oauth::apps::Shown;
use crate::oauth::error::Problem;
use crate::oauth::params::Params;
use crate::state::{Shared, World};

/// The longest a request may wait for something to be said, in seconds.
const WAIT_MAX: u64 = 30;

fn bot(world: &World, headers: &HeaderMap) -> Result<String, Problem> {
    let shown = Shown::read(headers, &Params::default())?;
    Ok(world.oauth.apps.authenticate(&shown)?.client_id.clone())
}

/// `GET /api/bot`: who it is.
pub(crate) async fn me(State(shared): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    shared.look(|world, _| {
        let client_id = bot(world, &headers)?;
        let name = world.oauth.apps.get(&client_id).map_or("", |app| app.name.as_str());
        let link = shared.address(&format!("/bot/{client_id}"));
        Ok(Json(json!({ "name": name, "link": link })).into_response())
    })
}

#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// Takes all messages up to this one.
    after: Option<u64>,
    /// Seconds.
    #[serde(default)]
    wait: u64,
}

/// `GET /api/bot/messages`: what it was told, at once or as soon as something is said.
pub(crate) async fn messages(
    State(shared): State<Shared>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let client_id = shared.look(|world, _| bot(world, &headers))?;
    if !shared.count(|world| world.chats.sit(&client_id)) {
        let said = "Another request reads what this bot is told.";
        return Err(Problem::new(StatusCode::CONFLICT, "conflict", said));
    }
    // Gives the place back even when the client hangs up in the middle.
    let seat = Seat { shared: shared.clone(), client_id };
    let until = Instant::now() + Duration::from_secs(wanted.wait.min(WAIT_MAX));
    let mut news = shared.news();
    let mut closing = shared.closing();
    loop {
        let told = shared.count(|world| {
            let told = world.chats.told(&seat.client_id, wanted.after);
            told.iter().map(|message| shape(world, message)).collect::<Vec<_>>()
        });
        if !told.is_empty() || Instant::now() >= until || *closing.borrow() {
            return Ok(Json(json!({ "messages": told })).into_response());
        }
        tokio::select! {
            // Time is up, or there is news: looking again is right either way.
            _ = timeout_at(until, news.recv()) => {}
            _ = closing.changed() => {}
        }
    }
}

struct Seat {
    shared: Shared,
    client_id: String,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.count(|world| world.chats.leave(&self.client_id));
    }
}

fn shape(world: &World, message: &Message) -> Value {
    let account = world.accounts.get(message.account);
    json!({
        "id": message.id,
        "text": message.text,
        "account": account.map(|it| json!({ "id": it.id.to_string(), "handle": it.handle, "name": it.name })),
        "access_token": message.token,
    })
}

#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    account: String,
    text: String,
}

/// `POST /api/bot/messages`: it says something to an account that has written to it.
pub(crate) async fn say(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Json(said): Json<Said>,
) -> Result<Response, Problem> {
    let account: AccountId = said.account.parse().map_err(|_| Problem::invalid_request("account: not a number."))?;
    if said.text.is_empty() || said.text.chars().count() > TEXT_MAX {
        return Err(Problem::unfit("text_length", format!("text: expected 1 to {TEXT_MAX} characters.")));
    }
    let at = shared.now();
    shared.count(|world| {
        let client_id = bot(world, &headers)?;
        if world.chats.between(&client_id, account).is_empty() {
            return Err(Problem::not_found("account: it has not written to this bot."));
        }
        world.chats.add(Message { id: 0, client_id, account, by_bot: true, text: said.text, token: None, at });
        Ok(())
    })?;
    shared.announce();
    Ok(StatusCode::NO_CONTENT.into_response())
}
