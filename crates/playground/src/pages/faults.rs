//! The fault panel.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use maud::{Markup, html};

use crate::accounts::Account;
use crate::endpoint::Endpoint;
use crate::faults::{Fault, Wish};
use crate::oauth::params::Params;
use crate::pages::console;
use crate::pages::fault_rows::{Input, ROWS, Row, Setting};
use crate::pages::layout::{Failure, back, page};
use crate::pages::viewer::Viewer;
use crate::state::{Shared, World};

/// How many accounts are offered while typing.
const OFFERED: usize = 50;

pub(crate) async fn panel(State(shared): State<Shared>, Extension(viewer): Extension<Viewer>) -> Response {
    let body = shared.look(|world, _| {
        let others: Vec<&Fault> =
            world.faults.iter().filter(|fault| ROWS.iter().all(|row| row.id != fault.id)).collect();
        html! {
            p { "Real networks fail. Switch a fault on, try what you are building, and see whether it says what "
                "happened. Tests set the same faults with " code { "PUT /faults.json" } " and count requests with "
                a href="/log.json" { code { "/log.json" } } "." }
            form.all method="post" action="/faults" {
                button.quiet type="submit" name="do" value="clear" { "Switch everything off" }
            }
            datalist #accounts {
                @for account in world.accounts.iter().take(OFFERED) { option value=(account.handle) {} }
            }
            @if !others.is_empty() {
                section {
                    h2 { "Set by a program" }
                    ul.faults { @for fault in &others { (foreign(world, fault)) } }
                }
            }
            ul.faults { @for row in &ROWS { (drawn(world, row)) } }
        }
    });
    page(&viewer, "Faults", &body)
}

fn foreign(world: &World, fault: &Fault) -> Markup {
    let account = fault.account.and_then(|id| world.accounts.get(id));
    html! {
        li.fault.on[fault.on] {
            div.head {
                h3 { code { (fault.id) } " " (fault.kind.name()) }
                (state(Some(fault)))
            }
            p { (serde_json::to_string(&fault.kind).unwrap_or_default())
                @for endpoint in &fault.endpoints { " · " (endpoint) }
                @if let Some(account) = account { " · @" (account.handle) }
                @if let Some(left) = fault.left { " · " (left) " left" } }
            form method="post" action="/faults" {
                input type="hidden" name="id" value=(fault.id);
                div.buttons { button.quiet type="submit" name="do" value="remove" { "Remove" } }
            }
        }
    }
}

fn drawn(world: &World, row: &Row) -> Markup {
    let fault = world.faults.get(row.id);
    let on = fault.is_some_and(|fault| fault.on);
    let account = fault.and_then(|fault| fault.account).and_then(|id| world.accounts.get(id));
    html! {
        li.fault.on[on] id={ "fault-" (row.id) } {
            div.head {
                h2 { (row.title) }
                (state(fault))
            }
            p { (row.breaks) }
            form method="post" action="/faults" aria-label=(row.title) {
                input type="hidden" name="id" value=(row.id);
                (settings(row, fault, account))
                div.buttons {
                    @if on {
                        button type="submit" name="do" value="off" { "Switch off" }
                        button.quiet type="submit" name="do" value="on" { "Change" }
                    } @else {
                        button type="submit" name="do" value="on" { "Switch on" }
                    }
                    @if usual_kind(row).is_some_and(|kind| kind.lasting()) {
                        button.quiet type="submit" name="do" value="now" { "Do it now" }
                    }
                }
            }
        }
    }
}

fn usual_kind(row: &Row) -> Option<crate::faults::Kind> {
    (row.make)(row.setting.map_or("", |setting| setting.usual))
}

fn state(fault: Option<&Fault>) -> Markup {
    let fired = fault.map_or(0, |fault| fault.fired);
    let on = fault.is_some_and(|fault| fault.on);
    html! {
        p.state {
            strong class=(if on { "lamp lit" } else { "lamp" }) { (if on { "On" } else { "Off" }) }
            span.dim { "fired " (fired) (if fired == 1 { " time" } else { " times" }) }
        }
    }
}

fn settings(row: &Row, fault: Option<&Fault>, account: Option<&Account>) -> Markup {
    let places = usual_kind(row).map_or(&[][..], |kind| kind.places());
    let chosen = match fault {
        Some(fault) => fault.endpoints.first().copied(),
        None => row.usual,
    };
    html! {
        div.settings {
            @if let Some(setting) = row.setting {
                label { (setting.label) (input(setting, fault.and_then(|fault| (row.read)(&fault.kind)))) }
            }
            @if places.len() > 1 {
                label { "Where"
                    select name="endpoint" {
                        option value="" selected[chosen.is_none()] { "everywhere" }
                        @for place in places {
                            option value=(place.name()) selected[chosen == Some(*place)] { (place.name()) }
                        }
                    }
                }
            }
            label { "For whom"
                input type="text" name="account" list="accounts" placeholder="anybody" autocomplete="off"
                    autocapitalize="none" spellcheck="false"
                    value=(account.map_or("", |account| account.handle.as_str())); }
            label { "How often"
                input type="number" name="times" min="1" max="1000000" placeholder="until switched off"
                    value=[fault.and_then(|fault| fault.left).filter(|left| *left > 0)]; }
        }
    }
}

fn input(setting: Setting, present: Option<String>) -> Markup {
    let value = present.unwrap_or_else(|| setting.usual.to_owned());
    html! {
        @match setting.input {
            Input::Number { min, max } => {
                input type="number" name="value" min=(min) max=(max) value=(value) required;
            },
            Input::Text { needed } => {
                input type="text" name="value" value=(value) required[needed] autocomplete="off"
                    autocapitalize="none" spellcheck="false";
            },
            Input::Choice(choices) => {
                select name="value" {
                    @for one in choices() { option value=(one) selected[one == value] { (one) } }
                }
            },
        }
    }
}

pub(crate) async fn set(State(shared): State<Shared>, body: Bytes) -> Result<Response, Failure> {
    let params = Params::parse(&body);
    let id = params.get("id").unwrap_or_default().to_owned();
    let action = params.get("do").unwrap_or_default();
    match action {
        "clear" => shared.change(|world, _| world.faults.clear()).await?,
        "off" => shared.change(|world, _| world.faults.switch_off(&id)).await?,
        "remove" => {
            shared.change(|world, _| world.faults.remove(&id)).await?;
        }
        "on" | "now" => {
            let at_once = action == "now";
            let wish = wish(&params, &id, at_once)?;
            shared.change(|world, now| console::set(world, wish, at_once.then_some(now))).await??;
        }
        _ => return Err(unfit("That is no button of this page.")),
    }
    Ok(back(&if id.is_empty() { "/faults".to_owned() } else { format!("/faults#fault-{id}") }))
}

fn wish(params: &Params, id: &str, at_once: bool) -> Result<Wish, Failure> {
    let row = ROWS.iter().find(|row| row.id == id).ok_or_else(|| unfit("There is no such fault."))?;
    let value = params.get("value").unwrap_or_default().trim();
    let kind = (row.make)(value).ok_or_else(|| {
        let label = row.setting.map_or("Setting", |setting| setting.label);
        unfit(&format!("{label}: “{value}” is not usable here."))
    })?;
    let account = params.get("account").map(str::to_owned);
    if at_once && account.is_none() && matches!(kind, crate::faults::Kind::Rename { .. }) {
        return Err(unfit("For whom: enter the handle of the account to rename."));
    }
    let times =
        params.get("times").map(|times| times.parse().map_err(|_| unfit("How often: enter a number."))).transpose()?;
    Ok(Wish {
        id: Some(id.to_owned()),
        kind,
        endpoints: params.get("endpoint").and_then(Endpoint::named).into_iter().collect(),
        account,
        times,
        on: !at_once,
        fired: 0,
    })
}

fn unfit(text: &str) -> Failure {
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "That fault cannot be set", text.to_owned())
}
