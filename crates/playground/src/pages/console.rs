//! `/faults.json` and `/log.json`, for tests.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::faults::{Faults, Unfit, Wish};
use crate::gate;
use crate::log::Entry;
use crate::oauth::error::Problem;
use crate::secrets::NoRandomness;
use crate::state::{Shared, World};

pub(crate) async fn list(State(shared): State<Shared>) -> Json<Value> {
    shared.look(|world, _| Json(shown(world)))
}

fn shown(world: &World) -> Value {
    let faults: Vec<Value> = world.faults.iter().map(|fault| fault.show(&world.accounts)).collect();
    json!({ "faults": faults })
}

/// Replaces all faults by those given; none is set if one of them cannot be.
pub(crate) async fn replace(
    State(shared): State<Shared>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(body) = body.map_err(|rejection| invalid(&rejection.body_text()))?;
    let Some(Value::Array(wanted)) = body.get("faults").cloned() else {
        return Err(invalid("faults: expected a list of faults."));
    };
    let wishes = wanted.into_iter().map(Wish::read).collect::<Result<Vec<Wish>, Unfit>>()?;
    shared
        .change(|world, _| {
            let mut faults = Faults::default();
            for wish in wishes {
                faults.set(wish, &world.accounts)?;
            }
            world.faults = faults;
            Ok(Json(shown(world)))
        })
        .await?
}

/// Adds one fault. With `"now": true`, one that changes something for good does it at once instead.
pub(crate) async fn add(
    State(shared): State<Shared>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let Json(mut body) = body.map_err(|rejection| invalid(&rejection.body_text()))?;
    let now = match body.as_object_mut().and_then(|fields| fields.remove("now")) {
        None => false,
        Some(Value::Bool(now)) => now,
        Some(_) => return Err(invalid("now: expected true or false.")),
    };
    let mut wish = Wish::read(body)?;
    if now && !wish.kind.lasting() {
        return Err(invalid(&format!("now: a fault of kind {} acts on requests only.", wish.kind.name())));
    }
    if now {
        wish.on = false;
    }
    shared.change(|world, at| set(world, wish, now.then_some(at))).await?.map(Json)
}

/// Sets a fault and, with a moment `at_once`, does what it does.
pub(crate) fn set(world: &mut World, wish: Wish, at_once: Option<Timestamp>) -> Result<Value, Problem> {
    let id = world.faults.set(wish, &world.accounts)?;
    if let Some(now) = at_once {
        strike(world, &id, now)?;
    }
    Ok(world.faults.get(&id).map(|fault| fault.show(&world.accounts)).unwrap_or_default())
}

fn strike(world: &mut World, id: &str, now: Timestamp) -> Result<(), NoRandomness> {
    let Some(fault) = world.faults.get(id) else {
        return Ok(());
    };
    let (kind, account) = (fault.kind.clone(), fault.account);
    gate::act(world, &kind, account, now)?;
    world.faults.count(id);
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct One {
    id: Option<String>,
}

/// Removes all faults, or the one named by `?id=`.
pub(crate) async fn clear(
    State(shared): State<Shared>,
    one: Result<Query<One>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    let Query(one) = one.map_err(|rejection| invalid(&rejection.body_text()))?;
    shared
        .change(|world, _| match one.id {
            None => {
                world.faults.clear();
                Ok(StatusCode::NO_CONTENT)
            }
            Some(id) if world.faults.remove(&id) => Ok(StatusCode::NO_CONTENT),
            Some(id) => Err(Problem::not_found(format!("id: there is no fault {id}."))),
        })
        .await?
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    #[serde(default)]
    since: u64,
    endpoint: Option<String>,
}

/// What was asked since entry number `since`, oldest first; `next` is the number to go on from.
pub(crate) async fn log(
    State(shared): State<Shared>,
    window: Result<Query<Window>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(window) = window.map_err(|rejection| invalid(&rejection.body_text()))?;
    let endpoint = match window.endpoint.as_deref() {
        None => None,
        Some(name) => {
            Some(Endpoint::named(name).ok_or_else(|| invalid(&format!("endpoint: there is no endpoint {name}.")))?)
        }
    };
    let log = shared.log();
    let entries: Vec<&Entry> =
        log.since(window.since).filter(|entry| endpoint.is_none_or(|wanted| entry.endpoint == wanted)).collect();
    Ok(Json(json!({ "next": log.last(), "entries": entries })))
}

fn invalid(description: &str) -> Problem {
    Problem::invalid_request(description)
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        Problem::unfit("invalid_fault", unfit.to_string())
    }
}
