//! What one claim of a publication writes down, in as few transactions as keep it safe: a step is durable before its call, and its
//! answer before anything else is waited for.

use async_trait::async_trait;
use crier_model::PublicationId;
use crier_networks::publish::{Begun, Journal, JournalError, Once};
use crier_store::{
    Store, StoreError,
    due::Fence,
    journal::{self, Entry, Start},
    steps::{self, Answer, NewStep},
};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

/// The book of one claim. The start is written with the first step, and an answer with whatever follows it at once.
pub(crate) struct Book {
    pub store: Store,
    pub publication: PublicationId,
    pub fence: Fence,
    unwritten: Mutex<Unwritten>,
    /// One writes at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Unwritten {
    start: Option<Start>,
    answers: Vec<Answer>,
    /// As of the last start.
    tries: u32,
}

impl Book {
    pub fn new(store: Store, publication: PublicationId, fence: Fence) -> Self {
        Self { store, publication, fence, unwritten: Mutex::default(), turn: tokio::sync::Mutex::new(()) }
    }

    fn unwritten(&self) -> MutexGuard<'_, Unwritten> {
        // Nothing panics while it is held.
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the first step on, or from [`Book::started`], the publication is being sent.
    pub fn start(&self, start: Start) {
        self.unwritten().start = Some(start);
    }

    /// Makes sure that the start is written; the tries made, this one included.
    pub async fn started(&self) -> Result<u32, StoreError> {
        if self.unwritten().start.is_some() {
            self.write(None).await?;
        }
        Ok(self.unwritten().tries)
    }

    /// The answers that are not written yet: whoever writes them says so with [`Book::answered`].
    pub fn answers(&self) -> Vec<Answer> {
        self.unwritten().answers.clone()
    }

    /// The first `count` answers are written.
    pub fn answered(&self, count: usize) {
        self.unwritten().answers.drain(..count);
    }

    /// Writes what is not written yet, and begins a step.
    pub async fn write(&self, step: Option<NewStep>) -> Result<Option<steps::Begun>, StoreError> {
        let _turn = self.turn.lock().await;
        let (start, answers) = {
            let unwritten = self.unwritten();
            (unwritten.start.clone(), unwritten.answers.clone())
        };
        if start.is_none() && answers.is_empty() && step.is_none() {
            return Ok(None);
        }
        let count = answers.len();
        let entry = Entry { fence: self.fence, publication: self.publication, start, answers, step };
        let written = journal::write(&self.store, entry).await?;
        let mut unwritten = self.unwritten();
        unwritten.answers.drain(..count);
        if let Some(tries) = written.tries {
            unwritten.start = None;
            unwritten.tries = tries;
        }
        Ok(written.begun)
    }

    /// Whether there are more answers to write than these, and nobody is writing them.
    fn waits(&self, besides: usize) -> bool {
        self.unwritten().answers.len() > besides && self.turn.try_lock().is_ok()
    }

    /// Runs a part of publishing. An answer it gets is written as soon as it waits for something else; if it ends without
    /// waiting, the answer is left for whoever writes down the end.
    pub async fn keeping<T>(&self, publish: impl Future<Output = T>) -> Result<T, StoreError> {
        let mut publish = pin!(publish);
        let mut failed = 0;
        loop {
            let ended = poll_fn(|cx| match publish.as_mut().poll(cx) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if self.waits(failed) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            if let Some(ended) = ended.await {
                return Ok(ended);
            }
            match self.write(None).await {
                Ok(_) => failed = 0,
                // What the network did is done: the answer is kept in mind, and written with what comes next.
                Err(error) if error.is_temporary() => {
                    tracing::warn!(publication = %self.publication, %error, "an answer could not be written yet");
                    failed = self.unwritten().answers.len();
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// How a step stood, as networks are told.
pub(crate) fn stood(begun: steps::Begun) -> Begun {
    match begun {
        steps::Begun::Fresh => Begun::Fresh,
        steps::Begun::Answered(answer) => Begun::Answered(answer),
        steps::Begun::Interrupted { .. } => Begun::Interrupted,
    }
}

/// Steps of a part, written into the book.
pub(crate) struct StoreJournal<'a> {
    pub book: &'a Book,
    /// Tells the content of the part from any other.
    pub fingerprint: String,
}

#[async_trait]
impl Journal for StoreJournal<'_> {
    async fn begin(&self, name: &str, once: &Once) -> Result<Begun, JournalError> {
        let step = NewStep { name: name.to_owned(), once: once.as_str(), fingerprint: self.fingerprint.clone() };
        let begun = self.book.write(Some(step)).await.map_err(|error| JournalError(error.to_string()))?;
        begun.map(stood).ok_or_else(|| JournalError("nothing was written".to_owned()))
    }

    async fn answer(&self, name: &str, answer: serde_json::Value) -> Result<(), JournalError> {
        self.book.unwritten().answers.push(Answer { name: name.to_owned(), answer });
        Ok(())
    }

    async fn abandon(&self, name: &str) -> Result<(), JournalError> {
        let unrecorded = |error: StoreError| JournalError(error.to_string());
        self.book.write(None).await.map_err(unrecorded)?;
        let Book { store, fence, publication, .. } = self.book;
        steps::abandon(store, *fence, *publication, name).await.map_err(unrecorded)
    }
}
