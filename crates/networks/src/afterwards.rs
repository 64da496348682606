//! What can be done with a channel and with what was sent to it, after it was sent: asking for numbers, deleting, giving it other
//! words. Each is optional ([`crate::Network`]), and each may be repeated at will: none needs a journal.

use crate::{Credentials, Refusal, connect::Facts, publish::Item, publish::Sent};
use async_trait::async_trait;
use crier_model::Timestamp;
use crier_model::metric::{Count, Series};
use crier_net::Client;
use jiff::{civil::Date, tz::TimeZone};

/// Whose numbers are asked for, or whose post is changed, and with what.
#[allow(missing_debug_implementations, reason = "holds credentials")]
pub struct Account<'a> {
    pub net: &'a Client,
    pub now: Timestamp,
    pub credentials: &'a Credentials,
    /// Origin of the channel's server; none for networks without instances.
    pub instance: Option<&'a str>,
    /// The network's id of the account.
    pub id: &'a str,
    pub handle: &'a str,
    pub facts: &'a Facts,
}

impl Account<'_> {
    /// The day it is, in UTC.
    #[must_use]
    pub fn today(&self) -> Date {
        TimeZone::UTC.to_datetime(self.now).date()
    }
}

/// Numbers of posts.
#[async_trait]
pub trait PostMetrics: Send + Sync {
    /// How many posts one call tells of.
    fn at_once(&self) -> usize {
        1
    }

    /// Whether each post looked at costs money or much of a quota, so that it is looked at seldom.
    fn is_costly(&self) -> bool {
        false
    }

    /// The numbers of each of `sent`, as they stand now and in that order; none for a post that is there no more. `sent` has one post at
    /// least and [`PostMetrics::at_once`] at most.
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal>;
}

/// Numbers of the account.
#[async_trait]
pub trait ChannelMetrics: Send + Sync {
    /// Its numbers for the days `from` to `to`, both included, as far as the network tells: where it only says how they stand, one point,
    /// of [`Account::today`].
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal>;
}

/// Takes back what was sent.
#[async_trait]
pub trait Delete: Send + Sync {
    /// Deletes one part. One that is there no more counts as deleted.
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal>;
}

/// Gives other words to what was sent. Its files stay.
#[async_trait]
pub trait Edit: Send + Sync {
    /// Makes `sent` say what `item` says. The item's files are those it was sent with, its settings and its place in the thread as well.
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal>;
}

/// What one call told about one post: none where it is there no more.
///
/// # Errors
/// Any refusal but that there is no such thing (404, 410).
pub(crate) fn if_there<T>(told: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
    match told {
        Ok(it) => Ok(Some(it)),
        Err(refusal) if matches!(refusal.detail().status, Some(404 | 410)) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Whether a part may get other words where its files are written among them: at most `most` files have a place of their own.
///
/// # Errors
/// When it has more.
pub(crate) fn files_apart(item: &Item, most: usize, name: &str) -> Result<(), Refusal> {
    if item.media.len() <= most {
        return Ok(());
    }
    let said =
        format!("On {name} the files of this post stand among its words, so that only {name} itself can change it.");
    Err(Refusal::Content(crate::Detail::new(said)))
}

/// The one of `sent` that a network gets which is asked about each alone.
///
/// # Errors
/// When there is none, which the engine never asks for.
pub(crate) fn only(sent: &[Sent]) -> Result<&Sent, Refusal> {
    sent.first().ok_or_else(|| Refusal::Content(crate::Detail::new("no post was named")))
}
