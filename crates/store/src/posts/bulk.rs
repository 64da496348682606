//! Many posts at once: one transaction, and for each post what became of it. What can't be changed is left as it is, and says why.

use super::{
    change::{delete_in, is_paused, movable, move_publications_in, rest_in, write_plans_in},
    save::{Plan, lock_publications_in},
    series,
};
use crate::{
    Store, Tx,
    column::{maybe_time, ms},
    connection::{Lock, undone_again},
    due,
    entity::post,
    error::{Result, StoreError},
    evergreen,
    publications::{self, Publication, schedule_work},
    slots,
};
use crier_model::{
    EvergreenId, PostId, WorkspaceId,
    publication::{PublicationState as State, Reason, held},
};
use jiff::{Span, Timestamp, civil::Date};
use sea_orm::{FromQueryResult, Value};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// What is done with each of the posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Move(To),
    /// What is scheduled is held until a person resumes it.
    Pause,
    /// What a person has paused is scheduled again, for the time it has.
    Resume,
    Delete,
}

/// Where posts are moved. Days are reckoned in each post's own zone, so that the time of day stays when the clocks change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    By {
        days: i32,
        minutes: i32,
    },
    Day(Date),
    /// Each to a time of its own.
    Each(HashMap<PostId, Timestamp>),
}

/// What became of a post. `None`: it was done; else the stable code of what forbids it, for example `post.published`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub id: PostId,
    pub refused: Option<&'static str>,
    /// When it was due before.
    pub was_due_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
}

/// Does this with each of the posts, in the order given.
///
/// Codes of what can forbid it: `post.unknown`, `post.sending`, `post.published`, `post.kept`, `post.no_time` and `due_at.past` for a move,
/// `post.not_scheduled` for a pause, `post.not_paused` and `due_at.past` for a resume.
pub async fn bulk(store: &Store, workspace: WorkspaceId, ids: &[PostId], action: &Action) -> Result<Vec<Outcome>> {
    // Of a queue's post and its own turn, one is locked when the other has been: two requests may stand in each other's way.
    undone_again(|| bulk_once(store, workspace, ids, action)).await
}

async fn bulk_once(store: &Store, workspace: WorkspaceId, ids: &[PostId], action: &Action) -> Result<Vec<Outcome>> {
    let mut tx = store.begin().await?;
    if *action == Action::Delete {
        series::lock_of_in(&tx, ids).await?;
    }
    let rows = lock_posts_in(&tx, workspace, ids).await?;
    let known: Vec<_> = rows.keys().copied().collect();
    let all = lock_publications_in(&tx, &known).await?;
    let mut on: HashMap<PostId, Vec<&Publication>> = HashMap::new();
    for publication in &all {
        on.entry(publication.post).or_default().push(publication);
    }
    let mut outcomes = Vec::new();
    let mut chosen: Vec<(post::Model, Timestamp)> = Vec::new();
    for id in ids {
        let row = rows.get(id);
        let was_due_at = maybe_time(row.and_then(|row| row.due_at))?;
        let publications = on.get(id).map_or(&[][..], Vec::as_slice);
        let decided = match row {
            Some(row) => decide(action, row, publications, tx.now())?,
            None => Err("post.unknown"),
        };
        let due_at = match (&decided, action, row) {
            (Ok(at), Action::Move(_), _) => Some(*at),
            _ => was_due_at,
        };
        outcomes.push(Outcome { id: *id, refused: decided.err(), was_due_at, due_at });
        if let (Ok(at), Some(row)) = (decided, row) {
            chosen.push((row.clone(), at));
        }
    }
    apply_in(&mut tx, workspace, action, chosen, &all).await?;
    tx.commit().await?;
    Ok(outcomes)
}

async fn lock_posts_in(tx: &Tx, workspace: WorkspaceId, ids: &[PostId]) -> Result<HashMap<PostId, post::Model>> {
    let mut values: Vec<Value> = vec![workspace.0.into()];
    values.extend(ids.iter().map(|id| Value::from(id.0)));
    let marks: Vec<_> = (2..=values.len()).map(|i| format!("${i}")).collect();
    let sql = format!(
        "SELECT * FROM post WHERE workspace_id = $1 AND deleted_at IS NULL AND id IN ({}) ORDER BY id",
        marks.join(", ")
    );
    let rows = tx.query_all(&tx.locking(&sql, Lock::Change), values).await?;
    let row = |row| {
        let row = post::Model::from_query_result(row, "")?;
        Ok((PostId(row.id), row))
    };
    rows.iter().map(row).collect()
}

/// The post's time afterwards, or what forbids it.
fn decide(
    action: &Action,
    row: &post::Model,
    publications: &[&Publication],
    now: Timestamp,
) -> Result<std::result::Result<Timestamp, &'static str>> {
    let due_at = maybe_time(row.due_at)?;
    let is = |wanted: &dyn Fn(&Publication) -> bool| publications.iter().any(|p| wanted(p));
    let stays = due_at.unwrap_or(now);
    if is(&|p| p.state == State::Sending) {
        return Ok(Err("post.sending"));
    }
    Ok(match action {
        Action::Delete => Ok(stays),
        _ if row.kept_in.is_some() => Err("post.kept"),
        Action::Pause if is(&can_pause) => Ok(stays),
        Action::Pause => Err("post.not_scheduled"),
        Action::Resume if !is(&is_paused) => Err("post.not_paused"),
        // A thread that is partly sent goes on at once when its next part's time has passed.
        Action::Resume if stays < now && !is(&|p| p.next_part_at.is_some()) => Err("due_at.past"),
        Action::Resume => Ok(stays),
        Action::Move(to) => match (movable(publications.iter().copied()), moved(to, row, due_at)?) {
            (Err(StoreError::Conflict { what }), _) => Err(what),
            (Err(error), _) => return Err(error),
            (Ok(()), None) => Err("post.no_time"),
            (Ok(()), Some(at)) if at < now => Err("due_at.past"),
            (Ok(()), Some(at)) => Ok(at),
        },
    })
}

fn can_pause(publication: &Publication) -> bool {
    matches!(publication.state, State::Scheduled | State::Preparing)
}

/// None where there is no time to move, or none to move it to.
fn moved(to: &To, row: &post::Model, due_at: Option<Timestamp>) -> Result<Option<Timestamp>> {
    let zone = slots::zone(&row.time_zone)?;
    let wall = due_at.map(|at| zone.to_datetime(at));
    Ok(match to {
        To::Each(times) => times.get(&PostId(row.id)).copied(),
        To::Day(day) => wall.and_then(|wall| zone.to_timestamp(day.to_datetime(wall.time())).ok()),
        To::By { days, minutes } => wall
            .and_then(|wall| wall.checked_add(Span::new().days(*days)).ok())
            .and_then(|wall| zone.to_timestamp(wall).ok())
            .and_then(|at| at.checked_add(Span::new().minutes(*minutes)).ok()),
    })
}

async fn apply_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    action: &Action,
    chosen: Vec<(post::Model, Timestamp)>,
    all: &[Publication],
) -> Result<()> {
    let posts: BTreeSet<Uuid> = chosen.iter().map(|(row, _)| row.id).collect();
    let of_chosen = |wanted: fn(&Publication) -> bool| -> Vec<&Publication> {
        all.iter().filter(|p| posts.contains(&p.post.0) && wanted(p)).collect()
    };
    match action {
        Action::Move(_) => move_publications_in(tx, workspace, &chosen, all).await,
        Action::Pause => pause_in(tx, &of_chosen(can_pause)).await,
        Action::Resume => resume_in(tx, workspace, &of_chosen(is_paused)).await,
        Action::Delete => {
            let queues: BTreeSet<Uuid> = chosen.iter().filter_map(|(row, _)| row.kept_in).collect();
            delete_in(tx, workspace, chosen.into_iter().map(|(row, _)| row).collect()).await?;
            for queue in queues {
                evergreen::renew_in(tx, workspace, EvergreenId(queue)).await?;
            }
            Ok(())
        }
    }
}

async fn pause_in(tx: &mut Tx, publications: &[&Publication]) -> Result<()> {
    let lanes = publications.iter().map(|p| p.channel.0).collect();
    due::remove_in(tx, &publications::work_of(publications.iter().map(|p| p.id)), &lanes).await?;
    let reason = Reason::new(held::PERSON, "Paused", "A person paused it. It goes out when somebody resumes it.");
    rest_in(tx, publications, State::Held, &reason).await
}

async fn resume_in(tx: &mut Tx, workspace: WorkspaceId, paused: &[&Publication]) -> Result<()> {
    let now = tx.now();
    let plans: Vec<_> = paused.iter().map(|p| (*p, Plan { state: State::Scheduled, due_at: p.due_at, now })).collect();
    write_plans_in(tx, &plans).await?;
    let (mut work, mut partly) = (Vec::new(), Vec::new());
    for publication in paused {
        let part_at = publication.next_part_at.map(|at| at.max(now));
        partly.extend(part_at.map(|at| (publication.id, at)));
        if let Some(due_at) = part_at.or(publication.due_at) {
            work.extend(schedule_work(workspace, publication.id, publication.channel, due_at, now));
        }
    }
    for (id, at) in partly {
        let sql = "UPDATE publication SET next_part_at = $2 WHERE id = $1";
        tx.execute(sql, [id.0.into(), ms(at).into()]).await?;
    }
    due::upsert_in(tx, &work).await
}
