//! Sending the parts of one publication, in order, each once.

use crate::{
    doubt::{self, Doubt},
    journal::{Book, StoreJournal},
    media_source::Files,
    publish::{Publisher, deadline},
    work::HandlerError,
};
use crier_model::{Timestamp, post::Part, publication::PublicationState as State};
use crier_net::{Client, Heard};
use crier_networks::{
    Credentials, Cx, Detail, Item, Network, Refusal, Sent,
    connect::Facts,
    publish::{MediaItem, Thread, upload_time},
};
use crier_store::{
    due::Fence,
    publications::{Change, Loaded, Publication},
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What is kept of the parts already sent.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub parts: Vec<Sent>,
    /// When the part after them is due; none before the first, and none where a person has given the rest a new time. Kept
    /// with the publication.
    #[serde(skip)]
    pub since: Option<Timestamp>,
}

impl Progress {
    /// What tries before this one have sent.
    pub fn of(publication: &Publication) -> Result<Self, HandlerError> {
        let unreadable = |error| HandlerError::Other(format!("the parts sent so far can't be read: {error}"));
        let sent = publication.remote.clone().map(serde_json::from_value::<Self>).transpose().map_err(unreadable)?;
        Ok(Self { since: publication.next_part_at, ..sent.unwrap_or_default() })
    }

    pub fn to_json(&self) -> Result<Value, HandlerError> {
        serde_json::to_value(self).map_err(|error| HandlerError::Other(error.to_string()))
    }

    fn thread(&self) -> Option<Thread> {
        Some(Thread { root: self.parts.first()?.clone(), parent: self.parts.last()?.clone() })
    }
}

/// What the network made of a publication's first part; none where nothing is kept of it.
#[must_use]
pub fn first_sent(publication: &Publication) -> Option<Sent> {
    Progress::of(publication).ok()?.parts.into_iter().next()
}

/// How far a try came.
pub(crate) enum Outcome {
    All,
    /// The next part is due at this time.
    Next(Timestamp),
    /// Whether the part went out can be known from this time on.
    LookAt(Timestamp),
    Refused(Refusal),
}

/// What one claim of a publication works with.
pub(crate) struct Sending<'a> {
    pub publisher: &'a Publisher,
    pub network: &'a dyn Network,
    pub job: &'a Loaded,
    pub fence: Fence,
    pub due_at: Timestamp,
    /// What the network says of its limits while this is sent.
    pub heard: Heard,
    pub book: Book,
    net: Client,
    files: Files,
    facts: Facts,
    settings: Map<String, Value>,
}

impl<'a> Sending<'a> {
    pub async fn new(
        publisher: &'a Publisher,
        network: &'a dyn Network,
        job: &'a Loaded,
        fence: Fence,
        due_at: Timestamp,
    ) -> Result<Self, HandlerError> {
        let files = Files::of(&publisher.store, &publisher.library, &job.post).await?;
        let facts = job.channel.settings.as_object().cloned().unwrap_or_default();
        let settings = job.post.content.settings_for(job.channel.id);
        let (net, heard) = publisher.net.route(network.about().id).hearing();
        let book = Book::new(publisher.store.clone(), job.publication.id, fence);
        Ok(Self { publisher, network, job, fence, due_at, heard, book, net, files, facts, settings })
    }

    pub fn parts(&self) -> &'a [Part] {
        self.job.post.content.parts_for(self.job.channel.id)
    }

    /// Sends what is not yet sent. The outer error is ours.
    pub async fn send_rest(&self, credentials: &Credentials, progress: &mut Progress) -> Result<Outcome, HandlerError> {
        if self.parts().is_empty() {
            return Ok(Outcome::Refused(Refusal::Content(Detail::new("There is nothing in this post to send."))));
        }
        while let Some(part) = self.parts().get(progress.parts.len()) {
            let item = match self.item(part, progress) {
                Ok(item) => item,
                Err(refusal) => return Ok(Outcome::Refused(refusal)),
            };
            let sent = match self.send(credentials, &item).await? {
                Doubt::Sent(sent) => sent,
                Doubt::LookAt(at) => return Ok(Outcome::LookAt(at)),
                Doubt::Refused(refusal) => return Ok(Outcome::Refused(refusal)),
            };
            if let Some(next) = self.keep(progress, sent).await? {
                return Ok(Outcome::Next(next));
            }
        }
        Ok(Outcome::All)
    }

    /// Makes what has to be made of the videos of all parts.
    pub async fn make_films(&self) -> Result<Result<(), Refusal>, HandlerError> {
        for (index, part) in self.parts().iter().enumerate() {
            let item = match self.item_at(index, part, None) {
                Ok(item) if item.media.iter().any(MediaItem::is_film) => item,
                Ok(_) => continue,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if let Err(refusal) = self.fitted(item).await {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(()))
    }

    /// Does what can be done of the first parts, those that follow each other without a wait, before their time.
    pub async fn send_ahead(&self, credentials: &Credentials) -> Result<Result<(), Refusal>, HandlerError> {
        let together =
            self.parts().iter().enumerate().take_while(|(index, part)| *index == 0 || part.delay_minutes == 0);
        for (index, part) in together {
            let item = match self.item_at(index, part, None) {
                Ok(item) => item,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let journal = self.journal(&item)?;
            let item = match self.fitted(item).await {
                Ok(item) => item,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let cx = self.cx(credentials, &journal, index);
            let ahead = self.book.keeping(self.network.publish().ahead(&cx, &item));
            let ahead = tokio::time::timeout(with_files(self.network, &item), ahead).await;
            self.book.write(None).await?;
            match ahead {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(refusal))) => return Ok(Err(refusal)),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    let said =
                        format!("uploading took longer than {} seconds", with_files(self.network, &item).as_secs());
                    return Ok(Err(Refusal::Temporary(Detail::new(said))));
                }
            }
        }
        Ok(Ok(()))
    }

    /// Writes down that a part is sent; the time the next one waits for, if it waits.
    async fn keep(&self, progress: &mut Progress, sent: Sent) -> Result<Option<Timestamp>, HandlerError> {
        progress.parts.push(sent);
        let (done, all) = (progress.parts.len(), self.parts().len());
        let Some(next) = self.parts().get(done) else {
            // Written with the end of it all.
            return Ok(None);
        };
        let due = self.publisher.clock.now() + SignedDuration::from_mins(i64::from(next.delay_minutes));
        progress.since = Some(due);
        let first: Option<&Sent> = progress.parts.first();
        let change = Change {
            next_part_at: Some(due),
            remote: Some(progress.to_json()?),
            remote_id: first.map(|sent| sent.remote_id.clone()),
            url: first.and_then(|sent| sent.url.clone()),
            answers: self.book.answers(),
            ..Change::under(self.fence)
        };
        let answered = change.answers.len();
        self.publisher
            .moved(self.job, State::Sending, change.noting(format!("Part {done} of {all} is sent"), ""))
            .await?;
        self.book.answered(answered);
        Ok((next.delay_minutes > 0).then_some(due))
    }

    /// One part, once.
    async fn send(&self, credentials: &Credentials, item: &Item) -> Result<Doubt, HandlerError> {
        let journal = self.journal(item)?;
        let cx = self.cx(credentials, &journal, item.index);
        // Of what was never sent before, nothing is in doubt: its start is written with its first step.
        if self.job.publication.started_at.is_some() {
            if let Some(refusal) = doubt::changed_since(self, item, &journal.fingerprint).await? {
                return Ok(Doubt::Refused(refusal));
            }
            if let Some(sent) = doubt::done_long_ago(self, &cx, item).await? {
                return Ok(Doubt::Sent(sent));
            }
        }
        let item = match self.fitted(item.clone()).await {
            Ok(item) => item,
            Err(refusal) => return Ok(Doubt::Refused(refusal)),
        };
        let item = &item;
        let mut looked = false;
        loop {
            let publish = self.book.keeping(self.network.publish().publish(&cx, item));
            let ended = tokio::time::timeout(with_files(self.network, item), publish).await;
            if let Ok(Ok(Ok(sent))) = ended {
                return Ok(Doubt::Sent(sent));
            }
            self.book.write(None).await?;
            let (unknown, timed_out) = match ended {
                Ok(Ok(Ok(sent))) => return Ok(Doubt::Sent(sent)),
                Ok(Ok(Err(unknown @ Refusal::Unknown(_)))) => (unknown, false),
                Ok(Ok(Err(refusal))) => return Ok(Doubt::Refused(refusal)),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    let said = format!("it took longer than {} seconds", with_files(self.network, item).as_secs());
                    (Refusal::Unknown(Detail::new(said)), true)
                }
            };
            match doubt::resolve(self, &cx, item, unknown, timed_out).await? {
                // Surely not done: once more, and then not by ourselves again in this try.
                None if !looked => looked = true,
                None => return Ok(Doubt::Refused(Refusal::Temporary(Detail::new("the answer was lost twice")))),
                Some(doubt) => return Ok(doubt),
            }
        }
    }

    /// Whether the part that comes next was begun before and its outcome isn't known.
    pub async fn is_in_doubt(&self, progress: &Progress) -> Result<bool, HandlerError> {
        let begun = doubt::begun(self, progress.parts.len()).await?;
        Ok(begun.iter().any(|step| step.once != crier_store::steps::REPEATABLE))
    }

    /// Looks for the part that is in doubt and writes down that it is sent, if it is; refused where it can't be known.
    pub async fn settle_doubt(
        &self,
        credentials: &Credentials,
        progress: &mut Progress,
    ) -> Result<Result<(), Refusal>, HandlerError> {
        let Some(part) = self.parts().get(progress.parts.len()) else { return Ok(Ok(())) };
        let item = match self.item(part, progress) {
            Ok(item) => item,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let journal = self.journal(&item)?;
        if let Some(refusal) = doubt::changed_since(self, &item, &journal.fingerprint).await? {
            return Ok(Err(refusal));
        }
        let cx = self.cx(credentials, &journal, item.index);
        Ok(match doubt::look_for_begun(self, &cx, &item).await? {
            Ok(Some(sent)) => {
                progress.parts.push(sent);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(refusal) => Err(refusal),
        })
    }

    fn item(&self, part: &Part, progress: &Progress) -> Result<Item, Refusal> {
        self.item_at(progress.parts.len(), part, progress.thread())
    }

    fn item_at(&self, index: usize, part: &Part, thread: Option<Thread>) -> Result<Item, Refusal> {
        let rules = self.network.rules(&self.facts).of_part(index);
        let media = self.files.items(part, &rules.media).ok_or_else(|| {
            let said = "A file of this post was deleted from the library.";
            Refusal::Content(Detail::new(said)).at("/media")
        })?;
        Ok(Item { index, body: part.body.clone(), media, settings: self.settings.clone(), thread })
    }

    /// The part with its files as they fit the network. What a post is known by stays that of its own files.
    async fn fitted(&self, item: Item) -> Result<Item, Refusal> {
        if item.media.is_empty() {
            return Ok(item);
        }
        let rules = self.network.rules(&self.facts).of_part(item.index);
        let media = self.files.fitted(self.network.about().name, &rules.media, &item.media).await?;
        Ok(Item { media, ..item })
    }

    fn journal(&self, item: &Item) -> Result<StoreJournal<'_>, HandlerError> {
        Ok(StoreJournal { book: &self.book, fingerprint: fingerprint(item)? })
    }

    pub fn cx<'b>(&'b self, credentials: &'b Credentials, journal: &'b StoreJournal<'b>, part: usize) -> Cx<'b> {
        Cx {
            net: &self.net,
            clock: self.publisher.clock.as_ref(),
            credentials,
            instance: self.job.channel.instance.as_deref(),
            account: &self.job.channel.remote_id,
            handle: &self.job.channel.handle,
            facts: &self.facts,
            publication: self.job.publication.id,
            due_at: self.due_at,
            media: &self.files,
            journal,
            part,
        }
    }
}

/// The network's deadline, and the time that bringing it the part's files may take.
fn with_files(network: &dyn Network, item: &Item) -> Duration {
    upload_time(deadline(network), item.bytes())
}

/// Tells the content of a part from any other.
fn fingerprint(item: &Item) -> Result<String, HandlerError> {
    let files: Vec<_> = item.media.iter().map(|file| json!([file.sha256, file.alt, file.name])).collect();
    let content = json!([item.body, files, item.settings]);
    let text = serde_json::to_vec(&content).map_err(|error| HandlerError::Other(error.to_string()))?;
    Ok(hex::encode(Sha256::digest(text)))
}
