//! Steps: what makes a publication go out once. Before a call that a network will not take twice, a row is committed with its
//! fingerprint; after it, the answer. Every function refuses a worker whose lease is not held any more.

use crate::{
    Store,
    column::{from_json, json, ms, time},
    due::{self, Fence},
    entity::step,
    error::{Result, StoreError},
};
use crier_model::PublicationId;
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value as Json;
use uuid::Uuid;

/// The word for a step that may be done twice.
pub const REPEATABLE: &str = "repeatable";

/// What is known of a step when it is begun.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It was never begun, or it was abandoned: make the call.
    Fresh,
    /// It was done before, with this answer: do not call again.
    Answered(Json),
    /// It was begun and never answered: whether the network got it is unknown.
    Interrupted {
        /// What was sent then.
        fingerprint: String,
        begun_at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub publication: PublicationId,
    pub name: String,
    /// The rule for a call whose answer was lost, in the caller's word.
    pub once: String,
    /// Tells what was sent from anything else.
    pub fingerprint: String,
    /// None while it is not answered.
    pub answer: Option<Json>,
    pub begun_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    /// The fencing number under which it was begun.
    pub fence: i64,
}

/// Begins a step, or tells what is known of it. Committed before it returns.
///
/// What harms nobody when it is done twice (`once` is [`REPEATABLE`]) is begun anew when its fingerprint is another: the answer
/// belongs to content that was changed since.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn begin(
    store: &Store,
    fence: Fence,
    publication: PublicationId,
    name: &str,
    once: &str,
    fingerprint: &str,
) -> Result<Begun> {
    let tx = store.begin().await?;
    due::hold_in(&tx, fence).await?;
    let known = step::Entity::find()
        .filter(step::Column::PublicationId.eq(publication.0))
        .filter(step::Column::Name.eq(name))
        .one(&tx.inner)
        .await?;
    if let Some(row) = known {
        let step = Step::try_from(row)?;
        if once == REPEATABLE && step.fingerprint != fingerprint {
            let sql = "UPDATE step SET state = 'begun', answer = NULL, answered_at = NULL, fingerprint = $3, begun_at = $4, \
                       fence = $5 WHERE publication_id = $1 AND name = $2";
            let now = ms(store.now());
            let values = [publication.0.into(), name.into(), fingerprint.into(), now.into(), fence.number.into()];
            tx.execute(sql, values).await?;
            tx.commit().await?;
            return Ok(Begun::Fresh);
        }
        return Ok(match step.answer {
            Some(answer) => Begun::Answered(answer),
            None => Begun::Interrupted { fingerprint: step.fingerprint, begun_at: step.begun_at },
        });
    }
    let row = step::ActiveModel {
        id: Set(Uuid::now_v7()),
        publication_id: Set(publication.0),
        name: Set(name.to_owned()),
        once: Set(once.to_owned()),
        fingerprint: Set(fingerprint.to_owned()),
        state: Set("begun".to_owned()),
        answer: Set(None),
        begun_at: Set(ms(store.now())),
        answered_at: Set(None),
        fence: Set(fence.number),
    };
    step::Entity::insert(row).exec_without_returning(&tx.inner).await?;
    tx.commit().await?;
    Ok(Begun::Fresh)
}

/// Records the answer of a step that was begun.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more: the step stays begun, for its new holder to find out;
/// [`StoreError::NotFound`] when it was never begun.
pub async fn answer(store: &Store, fence: Fence, publication: PublicationId, name: &str, answer: &Json) -> Result<()> {
    let tx = store.begin().await?;
    due::hold_in(&tx, fence).await?;
    let sql = "UPDATE step SET state = 'answered', answer = $3, answered_at = $4, fence = $5 \
               WHERE publication_id = $1 AND name = $2";
    let answer = json(answer, "answer")?;
    let values = [publication.0.into(), name.into(), answer.into(), ms(store.now()).into(), fence.number.into()];
    if tx.execute(sql, values).await? == 0 {
        return Err(StoreError::NotFound { what: "step" });
    }
    tx.commit().await
}

/// Forgets a step that is known not to have happened, so that it may be begun anew. An answered one stays.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn abandon(store: &Store, fence: Fence, publication: PublicationId, name: &str) -> Result<()> {
    let tx = store.begin().await?;
    due::hold_in(&tx, fence).await?;
    let sql = "DELETE FROM step WHERE publication_id = $1 AND name = $2 AND state = 'begun'";
    tx.execute(sql, [publication.0.into(), name.into()]).await?;
    tx.commit().await
}

/// A publication's steps, in the order they were begun.
pub async fn list(store: &Store, publication: PublicationId) -> Result<Vec<Step>> {
    let rows = step::Entity::find()
        .filter(step::Column::PublicationId.eq(publication.0))
        .order_by_asc(step::Column::Id)
        .all(store.reader())
        .await?;
    rows.into_iter().map(Step::try_from).collect()
}

impl TryFrom<step::Model> for Step {
    type Error = StoreError;
    fn try_from(row: step::Model) -> Result<Self> {
        let answered = row.state == "answered";
        Ok(Self {
            publication: PublicationId(row.publication_id),
            name: row.name,
            once: row.once,
            fingerprint: row.fingerprint,
            answer: row.answer.filter(|_| answered).map(|text| from_json(&text, "answer")).transpose()?,
            begun_at: time(row.begun_at)?,
            answered_at: row.answered_at.map(time).transpose()?,
            fence: row.fence,
        })
    }
}
