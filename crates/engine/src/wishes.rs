//! What people want of publications that are out: deleting them on the network, giving them other words there.
//!
//! Each is an explicit act of a person, done as due work of the channel. It is tried for as long as a publication would be, and what
//! the network refuses is told where it was asked for.

use crate::{
    decision::{self, Decision, Try},
    media_source::Files,
    pace::Pace,
    publish::{Publisher, deadline, fresh, noted},
    sending::Progress,
    work::{Done, Handler, HandlerError, subject},
};
use async_trait::async_trait;
use crier_model::{
    Document, PublicationId,
    post::Part,
    publication::{Reason, Wanted, Wish},
};
use crier_net::{Client, Heard};
use crier_networks::{
    Credentials, Detail, Item, Network, Refusal, Sent, afterwards::Account, connect::Facts, publish::Thread,
};
use crier_store::{
    StoreError, due,
    pace::Entry,
    publications::{self, Loaded},
};

/// Does the work of kind [`due::kind::WISH`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Wishes {
    pub(crate) publisher: Publisher,
}

/// What came of doing it.
enum Granted {
    Removed,
    Edited(Vec<Part>, Progress),
}

#[async_trait]
impl Handler for Wishes {
    fn kind(&self) -> &'static str {
        due::kind::WISH
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: PublicationId = subject(work)?;
        let store = &self.publisher.store;
        let job = match publications::load(store, id).await {
            Ok(job) => job,
            Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        let Some(wish) = job.publication.wish.clone().filter(Wish::is_open) else { return Ok(Done::Finished) };
        let Some(network) = self.publisher.registry.get(&job.publication.network) else {
            let said = format!("“{}” is not among the networks of this installation.", job.publication.network);
            return self.refuse(work, &job, wish, &Refusal::Content(Detail::new(said))).await;
        };
        let window = wish.asked_at + self.publisher.rules.patience.window;
        let pace = Pace::of(store, &job.channel);
        let entry = match pace.enter().await? {
            Entry::Wait { until, said } if until > window => {
                let refusal = Refusal::RateLimit { until: Some(until), detail: Detail::new(said) };
                return self.refuse(work, &job, wish, &refusal).await;
            }
            Entry::Wait { until, .. } => return Ok(Done::Again(until)),
            entry => entry,
        };
        self.attempt(work, &job, network, wish, &pace, &entry).await
    }
}

impl Wishes {
    async fn attempt(
        &self,
        work: &due::Claimed,
        job: &Loaded,
        network: &dyn Network,
        wish: Wish,
        pace: &Pace<'_>,
        entry: &Entry,
    ) -> Result<Done, HandlerError> {
        let rules = &self.publisher.rules;
        let (net, heard) = self.publisher.net.route(network.about().id).hearing();
        let mut renewed = false;
        loop {
            let granted = match fresh(self.publisher.tokens.as_ref(), job.channel.id, renewed).await {
                Ok(credentials) => self.grant(job, network, &wish.what, &net, &credentials).await?,
                Err(refusal) => Err(refusal),
            };
            let refusal = match granted {
                Ok(granted) => {
                    return self.granted(work, job, granted, pace, entry, &heard).await;
                }
                // Doing it again does no harm.
                Err(refusal) => refusal.harmless(),
            };
            let now = self.publisher.clock.now();
            let paused = pace.refused(entry, &refusal, now).await?;
            let tries = u32::try_from(work.tries).unwrap_or(u32::MAX);
            let made = Try { now, since: wish.asked_at, tries, renewed, jitter: (rules.jitter)() };
            tracing::info!(publication = %job.publication.id, class = refusal.class(), %refusal, "a wish was refused");
            match decision::decide(&refusal, made, &rules.patience) {
                Decision::Renew => renewed = true,
                Decision::Retry { at, .. } => return Ok(Done::Again(paused.map_or(at, |paused| at.max(paused)))),
                Decision::Hold(_) | Decision::Ask(_) | Decision::Fail(_) => {
                    return self.refuse(work, job, wish, &refusal).await;
                }
            }
        }
    }

    async fn granted(
        &self,
        work: &due::Claimed,
        job: &Loaded,
        granted: Granted,
        pace: &Pace<'_>,
        entry: &Entry,
        heard: &Heard,
    ) -> Result<Done, HandlerError> {
        let (store, id) = (&self.publisher.store, job.publication.id);
        match granted {
            Granted::Removed => publications::removed(store, work.fence, id).await?,
            Granted::Edited(parts, sent) => {
                publications::edited(store, work.fence, id, parts, &sent.to_json()?).await?;
            }
        }
        noted(pace.succeeded(entry, heard, self.publisher.clock.now()).await);
        Ok(Done::Settled)
    }

    /// Does it, part by part. The outer error is ours.
    async fn grant(
        &self,
        job: &Loaded,
        network: &dyn Network,
        wanted: &Wanted,
        net: &Client,
        credentials: &Credentials,
    ) -> Result<Result<Granted, Refusal>, HandlerError> {
        let facts = job.channel.settings.as_object().cloned().unwrap_or_default();
        let account = account(job, net, self.publisher.clock.now(), credentials, &facts);
        let sent = Progress::of(&job.publication)?;
        let done = async {
            match wanted {
                Wanted::Removal => remove(network, &account, &sent.parts).await.map(|()| Granted::Removed),
                Wanted::Words(words) => {
                    let files = Files::of(&self.publisher.store, &self.publisher.library, &job.post).await;
                    let files = files.map_err(|error| Refusal::Temporary(Detail::new(error.to_string())))?;
                    let parts = reworded(job, words);
                    let sent = edit(network, &account, job, &parts, &files, sent.parts).await?;
                    Ok(Granted::Edited(parts, Progress { parts: sent, since: None }))
                }
            }
        };
        let late = || {
            let said = format!("it took longer than {} seconds", network.about().deadline_s);
            Err(Refusal::Temporary(Detail::new(said)))
        };
        Ok(tokio::time::timeout(deadline(network), done).await.unwrap_or_else(|_| late()))
    }

    async fn refuse(
        &self,
        work: &due::Claimed,
        job: &Loaded,
        wish: Wish,
        refusal: &Refusal,
    ) -> Result<Done, HandlerError> {
        let (code, title) = match wish.what {
            Wanted::Removal => ("wish.not_removed", "It could not be deleted on the network"),
            Wanted::Words(_) => ("wish.not_changed", "It could not be changed on the network"),
        };
        let reason = Reason::new(code, title, &refusal.detail().message);
        let reason = match refusal {
            Refusal::Content(detail) if detail.diagnosis.is_none() => reason,
            _ => reason.with(refusal.diagnosis()),
        };
        publications::refuse_wish(&self.publisher.store, work.fence, job.publication.id, wish, reason).await?;
        Ok(Done::Settled)
    }
}

fn account<'a>(
    job: &'a Loaded,
    net: &'a Client,
    now: crier_model::Timestamp,
    credentials: &'a Credentials,
    facts: &'a Facts,
) -> Account<'a> {
    Account {
        net,
        now,
        credentials,
        instance: job.channel.instance.as_deref(),
        id: &job.channel.remote_id,
        handle: &job.channel.handle,
        facts,
    }
}

pub(crate) fn cannot(network: &dyn Network, what: &str) -> Refusal {
    Refusal::Content(Detail::new(format!("{} has no way for apps to {what}.", network.about().name)))
}

/// The last part first, so that nothing is left that answers what is gone.
async fn remove(network: &dyn Network, account: &Account<'_>, sent: &[Sent]) -> Result<(), Refusal> {
    let delete = network.delete().ok_or_else(|| cannot(network, "delete a post"))?;
    for part in sent.iter().rev() {
        delete.delete(account, part).await?;
    }
    Ok(())
}

async fn edit(
    network: &dyn Network,
    account: &Account<'_>,
    job: &Loaded,
    parts: &[Part],
    files: &Files,
    mut sent: Vec<Sent>,
) -> Result<Vec<Sent>, Refusal> {
    let edit = network.edit().ok_or_else(|| cannot(network, "change a post"))?;
    let settings = job.post.content.settings_for(job.channel.id);
    for (index, part) in parts.iter().enumerate() {
        let Some(before) = sent.get(index).cloned() else { break };
        let parent = index.checked_sub(1).and_then(|parent| sent.get(parent)).cloned();
        let thread = parent.zip(sent.first().cloned()).map(|(parent, root)| Thread { root, parent });
        let item =
            Item { index, body: part.body.clone(), media: files.known(part), settings: settings.clone(), thread };
        let after = edit.edit(account, &before, &item).await?;
        if let Some(kept) = sent.get_mut(index) {
            // What a network does not tell again stays as it was.
            *kept = Sent { url: after.url.or(before.url), ..after };
        }
    }
    Ok(sent)
}

/// The parts of the publication with other words.
fn reworded(job: &Loaded, words: &[Document]) -> Vec<Part> {
    let parts = job.post.content.parts_for(job.channel.id);
    parts.iter().zip(words).map(|(part, body)| Part { body: body.clone(), ..part.clone() }).collect()
}
