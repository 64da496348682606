//! What hosts say in their answers besides what was asked for: of their limits, and by what name they know the request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::{Answer, redact};

/// Headers by which hosts name a request for their support, the most telling first.
const REQUEST_IDS: [&str; 9] = [
    "x-request-id",
    "request-id",
    "x-fb-trace-id",
    "x-li-uuid",
    "x-transaction-id",
    "x-tt-logid",
    "x-amzn-requestid",
    "x-correlation-id",
    "cf-ray",
];
/// The longest name of a request that is kept.
const ID_CHARACTERS: usize = 128;
/// How much of a body is kept.
const SAID_CHARACTERS: usize = 1_000;

/// What hosts said in answer to the requests of one client.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    used_up_until: Option<Timestamp>,
    last: Option<Answer>,
}

/// The last answer, as much of it as helps to find out what went wrong. Its words are redacted of everything that looks like a
/// secret; whoever keeps them hides those that they know as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    pub host: String,
    pub status: u16,
    /// By what the host's support finds it.
    pub request_id: Option<String>,
    /// The beginning of the body, where it is text.
    pub said: String,
}

impl Heard {
    /// The end of the window that good answers called used up: the latest, of several.
    #[must_use]
    pub fn used_up_until(&self) -> Option<Timestamp> {
        self.known().used_up_until
    }

    /// The answer that came last; none where none came since the last time this was asked.
    #[must_use]
    pub fn take_last(&self) -> Option<Last> {
        let answer = self.known().last.take()?;
        Some(Last {
            host: answer.host().to_owned(),
            status: answer.status(),
            request_id: request_id(&answer),
            said: said(&answer),
        })
    }

    pub(crate) fn note(&self, until: Timestamp) {
        let mut known = self.known();
        known.used_up_until = Some(known.used_up_until.map_or(until, |before| before.max(until)));
    }

    pub(crate) fn note_answer(&self, answer: &Answer) {
        self.known().last = Some(answer.clone());
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn request_id(answer: &Answer) -> Option<String> {
    let plain = |id: &&str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "-_.:/+=".contains(c);
        !id.is_empty() && id.len() <= ID_CHARACTERS && id.chars().all(known)
    };
    REQUEST_IDS.into_iter().find_map(|name| answer.header(name).filter(plain)).map(str::to_owned)
}

fn said(answer: &Answer) -> String {
    let content_type = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let is_text = ["json", "text/", "xml", "x-www-form-urlencoded"].iter().any(|kind| content_type.contains(kind));
    if !is_text {
        return String::new();
    }
    // Redacted before it is cut, since a cut secret is harder to tell; of a huge body, its beginning will do.
    let text: String = answer.text().chars().take(4 * SAID_CHARACTERS).collect();
    let text = redact(&text);
    let mut said: String = text.chars().take(SAID_CHARACTERS).collect();
    if said.len() < text.len() {
        said.push('…');
    }
    said
}
