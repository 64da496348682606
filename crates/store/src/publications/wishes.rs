//! What people want of publications that are out: deleting them on the network, giving them other words there.
//!
//! A wish is kept with the publication and done by due work of its channel's lane. Doing it twice does no harm, so that a worker that
//! dies in the middle of it is simply followed by another.

use super::{NOT_FOUND, Publication, change::write_event_in};
use crate::{
    Store, Tx,
    column::{from_json, json, ms},
    connection::Lock,
    due::{self, Fence, NewWork},
    entity::{post, publication},
    error::{Result, StoreError},
    events, posts,
};
use crier_model::{
    ChannelId, PostId, PublicationId, WorkspaceId,
    post::{Content, Part},
    publication::{PublicationState as State, Reason, Wanted, Wish},
};
use sea_orm::{FromQueryResult, Value};
use serde_json::Value as Json;

/// Writes down what a person wants, with the work that does it. A wish that was refused, or for other words, gives way to it.
///
/// # Errors
/// Conflict `publication.not_published` for one that is not on the network as far as we know, `publication.being_removed` for one that
/// is to be deleted already.
pub async fn wish(store: &Store, workspace: WorkspaceId, id: PublicationId, what: Wanted) -> Result<Publication> {
    let mut tx = store.begin().await?;
    let publication = lock_in(&tx, id).await?;
    if publication.workspace != workspace {
        return Err(NOT_FOUND);
    }
    let is_there = publication.state == State::Published && publication.remote.is_some();
    if !is_there || publication.removed_at.is_some() {
        return Err(StoreError::Conflict { what: "publication.not_published" });
    }
    if publication.wish.as_ref().is_some_and(|wish| wish.is_open() && wish.what == Wanted::Removal) {
        return Err(StoreError::Conflict { what: "publication.being_removed" });
    }
    let title = match &what {
        Wanted::Removal => "To be deleted on the network",
        Wanted::Words(_) => "To be changed on the network",
    };
    let wish = Wish { what, asked_at: tx.now(), refused: None };
    let moved = write_in(&tx, id, Some(&wish), "", []).await?;
    told_in(&mut tx, &moved, title, "A person asked for it.").await?;
    let work = NewWork::new(workspace, due::kind::WISH, id, tx.now()).in_lane(moved.channel);
    due::upsert_in(&mut tx, &[work]).await?;
    tx.commit().await?;
    Ok(moved)
}

/// All its parts are deleted on the network; nobody looks at its numbers any more.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn removed(store: &Store, fence: Fence, id: PublicationId) -> Result<()> {
    let mut tx = store.begin().await?;
    let now = ms(tx.now());
    let moved = write_in(&tx, id, None, ", removed_at = $4", [now.into()]).await?;
    due::finish_in(&mut tx, fence).await?;
    tx.execute("UPDATE publication_look SET look_at = NULL WHERE publication_id = $1", [id.0.into()]).await?;
    told_in(&mut tx, &moved, "Deleted on the network", "").await?;
    tx.commit().await
}

/// Its parts have these words on the network now, and so has the post on this channel. `remote` are the network's ids of its parts.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn edited(store: &Store, fence: Fence, id: PublicationId, parts: Vec<Part>, remote: &Json) -> Result<()> {
    let mut tx = store.begin().await?;
    let seen = super::by_id(store, id).await?;
    let row = match posts::lock_post_in(&tx, seen.workspace, seen.post, None).await {
        Ok(row) => Some(row),
        // Deleted here meanwhile: nobody sees what it says.
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let set = ", edited_at = $4, remote = $5";
    let values = [ms(tx.now()).into(), json(remote, "remote ids")?.into()];
    let moved = write_in(&tx, id, None, set, values).await?;
    due::finish_in(&mut tx, fence).await?;
    if let Some(row) = row {
        say_in(&mut tx, row, &moved, parts).await?;
    }
    told_in(&mut tx, &moved, "Changed on the network", "").await?;
    tx.commit().await
}

/// The network did not do it, and won't.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn refuse_wish(store: &Store, fence: Fence, id: PublicationId, wish: Wish, reason: Reason) -> Result<()> {
    let mut tx = store.begin().await?;
    let (title, message) = (reason.title.clone(), reason.message.clone());
    let moved = write_in(&tx, id, Some(&Wish { refused: Some(reason), ..wish }), "", []).await?;
    due::finish_in(&mut tx, fence).await?;
    told_in(&mut tx, &moved, &title, &message).await?;
    tx.commit().await
}

/// Locks a publication that is to be changed, or that something is written of.
pub(crate) async fn lock_in(tx: &Tx, id: PublicationId) -> Result<Publication> {
    let sql = tx.locking("SELECT * FROM publication WHERE id = $1", Lock::Change);
    let row = tx.query_one(&sql, [id.0.into()]).await?.ok_or(NOT_FOUND)?;
    publication::Model::from_query_result(&row, "")?.try_into()
}

/// Sets the wish and whatever else `set` says, whose values begin at `$4`.
async fn write_in(
    tx: &Tx,
    id: PublicationId,
    wish: Option<&Wish>,
    set: &str,
    more: impl IntoIterator<Item = Value>,
) -> Result<Publication> {
    let wish = wish.map(|wish| json(wish, "wish")).transpose()?;
    let values = [Value::from(id.0), wish.into(), ms(tx.now()).into()].into_iter().chain(more);
    let sql = format!(
        "UPDATE publication SET wish = $2, updated_at = $3, version = version + 1{set} WHERE id = $1 RETURNING *"
    );
    let row = tx.query_one(&sql, values).await?.ok_or(NOT_FOUND)?;
    publication::Model::from_query_result(&row, "")?.try_into()
}

/// Gives the post on this channel other parts: the Global ones, where nobody else has those.
async fn say_in(tx: &mut Tx, row: post::Model, moved: &Publication, parts: Vec<Part>) -> Result<()> {
    let mut content: Content = from_json(&row.content, "content")?;
    let channels: Vec<ChannelId> = from_json(&row.channels, "channels")?;
    let tailored = content.variants.get(&moved.channel).is_some_and(|variant| variant.parts.is_some());
    if !tailored && channels == [moved.channel] {
        content.parts = parts;
    } else {
        content.variants.entry(moved.channel).or_default().parts = Some(parts);
    }
    posts::set_content_in(tx, PostId(row.id), &content).await?;
    events::post_saved(tx, moved.workspace, moved.post);
    Ok(())
}

/// Adds a line to the history of a publication, and says that there is one.
pub(crate) async fn told_in(tx: &mut Tx, publication: &Publication, title: &str, detail: &str) -> Result<()> {
    write_event_in(tx, publication.workspace, publication.id, "note", title, detail).await?;
    let Publication { workspace, id, post, channel, state, url, .. } = publication;
    events::publication_changed(tx, *workspace, *id, *post, *channel, state.as_str(), url.as_deref());
    Ok(())
}
