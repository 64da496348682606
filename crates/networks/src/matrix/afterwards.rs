//! Deleting messages, and giving them other words.
//!
//! After <https://spec.matrix.org/v1.16/client-server-api/#redactions> and `#event-replacements`. Both are events of their own, sent under keys
//! that are the same for every try.

use super::{Api, EVENTS, Event, Matrix, ROOM, Settings, piece, words};
use crate::afterwards::{Account, Delete, Edit, files_apart};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, settings};
use async_trait::async_trait;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The room of a part, and the events it became.
fn events(sent: &Sent) -> Result<(&str, Vec<&str>), Refusal> {
    let room = sent.data.get(ROOM).and_then(Value::as_str);
    let lacks = || Refusal::Content(Detail::new("the room of the message is not known any more; change it there"));
    let events = sent.data.get(EVENTS).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    Ok((room.ok_or_else(lacks)?, events.collect()))
}

#[async_trait]
impl Delete for Matrix {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let api = Api::of(account.net, account.credentials)?;
        let (room, events) = events(sent)?;
        for event in events {
            let key = format!("crier-redact-{}", hex::encode(&Sha256::digest(event)[..12]));
            let path = format!("client/v3/rooms/{}/redact/{}/{}", piece(room), piece(event), piece(&key));
            api.ask::<Event>(api.net.put(api.url(&path)).json(&json!({}))).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Edit for Matrix {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        // A single file has the words as its caption; several stand behind them.
        if item.media.len() == 1 {
            files_apart(item, 0, "Matrix")?;
        }
        let settings: Settings = settings::read(&item.settings)?;
        let api = Api::of(account.net, account.credentials)?;
        let (room, _) = events(sent)?;
        let kind = if settings.notice { "m.notice" } else { "m.text" };
        let new = words(&item.body, kind);
        let mut content = new.clone();
        // For apps that don't know replacements.
        content["body"] = format!("* {}", item.body.to_plain()).into();
        content["m.new_content"] = new;
        content["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": sent.remote_id });
        let said = Sha256::digest(format!("{} {content}", sent.remote_id));
        let key = format!("crier-edit-{}", hex::encode(&said[..12]));
        let path = format!("client/v3/rooms/{}/send/m.room.message/{}", piece(room), piece(&key));
        api.ask::<Event>(api.net.put(api.url(&path)).json(&content)).await?;
        Ok(sent.clone())
    }
}
