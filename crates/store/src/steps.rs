//! Steps: what makes a publication go out once. Before a call that a network will not take twice, a row is committed with its
//! fingerprint; after it, the answer ([`crate::journal`] writes both). Every function refuses a worker whose lease is not held any more.

use crate::{
    Store, Tx,
    column::{from_json, json, ms, time},
    connection::rows_of,
    due::{self, Fence},
    entity::step,
    error::{Result, StoreError},
    publications,
};
use crier_model::PublicationId;
use jiff::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Value};
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};
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

/// A step that is about to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStep {
    pub name: String,
    /// The rule for a call whose answer was lost, in the caller's word.
    pub once: &'static str,
    /// Tells what is sent from anything else.
    pub fingerprint: String,
}

/// The answer of a step that was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub name: String,
    pub answer: Json,
}

/// How a step stood that is known already. What harms nobody when it is done twice (`once` is [`REPEATABLE`]) is begun anew when its
/// fingerprint is another (none is returned): the answer belongs to content that was changed since.
fn stood(step: &Step, new: &NewStep) -> Option<Begun> {
    if new.once == REPEATABLE && step.fingerprint != new.fingerprint {
        return None;
    }
    Some(match &step.answer {
        Some(answer) => Begun::Answered(answer.clone()),
        None => Begun::Interrupted { fingerprint: step.fingerprint.clone(), begun_at: step.begun_at },
    })
}

/// Begins steps, one of each publication, under the leases of those who take them; how each of them stood.
pub(crate) async fn begin_in(
    tx: &Tx,
    wanted: &[(PublicationId, Fence, &NewStep)],
) -> Result<HashMap<PublicationId, Begun>> {
    let mut begun = insert_in(tx, wanted).await?;
    let rest: Vec<_> = wanted.iter().filter(|(publication, ..)| !begun.contains_key(publication)).collect();
    let known = all_in(tx, rest.iter().map(|(publication, ..)| *publication)).await?;
    let known: HashMap<_, _> = known.iter().map(|step| ((step.publication, step.name.as_str()), step)).collect();
    for &&(publication, fence, new) in &rest {
        let step = known.get(&(publication, new.name.as_str())).ok_or(StoreError::Damaged { what: "step" })?;
        let stood = match stood(step, new) {
            Some(stood) => stood,
            None => {
                renew_in(tx, publication, fence, new).await?;
                Begun::Fresh
            }
        };
        begun.insert(publication, stood);
    }
    Ok(begun)
}

/// Begins those of the steps that never were, which are nearly all.
async fn insert_in(tx: &Tx, wanted: &[(PublicationId, Fence, &NewStep)]) -> Result<HashMap<PublicationId, Begun>> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let mut values = Vec::new();
    let rows = wanted.iter().map(|(publication, fence, new)| {
        let (name, fingerprint) = (new.name.as_str(), new.fingerprint.as_str());
        [
            Uuid::now_v7().into(),
            publication.0.into(),
            name.into(),
            new.once.into(),
            fingerprint.into(),
            "begun".into(),
            ms(tx.now()).into(),
            fence.number.into(),
        ]
    });
    let sql = format!(
        "INSERT INTO step (id, publication_id, name, once, fingerprint, state, begun_at, fence) {} \
         ON CONFLICT (publication_id, name) DO NOTHING RETURNING publication_id",
        rows_of(rows, &mut values)
    );
    let rows = tx.query_all(&sql, values).await?;
    rows.iter().map(|row| Ok((PublicationId(row.try_get("", "publication_id")?), Begun::Fresh))).collect()
}

/// Begins a step anew whose answer is of no use any more.
async fn renew_in(tx: &Tx, publication: PublicationId, fence: Fence, new: &NewStep) -> Result<()> {
    let sql = "UPDATE step SET state = 'begun', answer = NULL, answered_at = NULL, fingerprint = $3, begun_at = $4, \
               fence = $5 WHERE publication_id = $1 AND name = $2";
    let (name, fingerprint) = (new.name.as_str(), new.fingerprint.as_str());
    let values = [publication.0.into(), name.into(), fingerprint.into(), ms(tx.now()).into(), fence.number.into()];
    tx.execute(sql, values).await.map(drop)
}

/// Records answers of steps, under the leases of those who took them. Returns which there were; others were never begun.
pub(crate) async fn answer_in(
    tx: &Tx,
    answers: &[(PublicationId, Fence, &Answer)],
) -> Result<HashSet<(PublicationId, String)>> {
    let mut recorded = HashSet::new();
    for chunk in answers.chunks(256) {
        let mut values: Vec<Value> = vec![ms(tx.now()).into()];
        let mut rows = Vec::new();
        for (publication, fence, answer) in chunk {
            let said = json(&answer.answer, "answer")?;
            rows.push([publication.0.into(), answer.name.as_str().into(), said.into(), fence.number.into()]);
        }
        let sql = format!(
            "UPDATE step SET state = 'answered', answer = v.column3, answered_at = $1, fence = v.column4 FROM ({}) AS v \
             WHERE publication_id = v.column1 AND name = v.column2 RETURNING publication_id, name",
            rows_of(rows, &mut values)
        );
        for row in tx.query_all(&sql, values).await? {
            recorded.insert((PublicationId(row.try_get("", "publication_id")?), row.try_get("", "name")?));
        }
    }
    Ok(recorded)
}

/// The steps of these publications.
async fn all_in(tx: &Tx, publications: impl ExactSizeIterator<Item = PublicationId>) -> Result<Vec<Step>> {
    if publications.len() == 0 {
        return Ok(Vec::new());
    }
    let of = step::Column::PublicationId.is_in(publications.map(|id| id.0));
    let rows = step::Entity::find().filter(of).all(&tx.inner).await?;
    rows.into_iter().map(Step::try_from).collect()
}

/// Begins a step of what is done to a publication after it was sent; it is durable when this returns.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn begin(store: &Store, fence: Fence, publication: PublicationId, new: &NewStep) -> Result<Begun> {
    let tx = store.begin().await?;
    publications::lock_in(&tx, publication).await?;
    due::hold_in(&tx, fence).await?;
    let begun = begin_in(&tx, &[(publication, fence, new)]).await?;
    tx.commit().await?;
    begun.into_values().next().ok_or(StoreError::Damaged { what: "step" })
}

/// Records the answer of a step that was begun by [`begin`].
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more, [`StoreError::NotFound`] when there is no such step.
pub async fn answer(store: &Store, fence: Fence, publication: PublicationId, answer: &Answer) -> Result<()> {
    let tx = store.begin().await?;
    publications::lock_in(&tx, publication).await?;
    due::hold_in(&tx, fence).await?;
    if answer_in(&tx, &[(publication, fence, answer)]).await?.is_empty() {
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
