//! Looking at numbers: those of young posts often, of old ones seldom, of a channel a few times a day. Looks are few at a time and keep
//! the channel's pace, so that they never stand in the way of publishing.

use crate::{
    decision::lacks_permission,
    pace::Pace,
    publish::{Publisher, deadline, fresh},
    sending::Progress,
    work::{Done, Handler, HandlerError, subject},
};
use async_trait::async_trait;
use crier_model::{
    ChannelId, Timestamp,
    channel::ChannelState,
    metric::{Count, Series},
};
use crier_net::Client;
use crier_networks::{
    Abilities, Credentials, Detail, Network, Refusal, Sent,
    afterwards::{Account, ChannelMetrics, PostMetrics},
    connect::Facts,
};
use crier_store::{
    StoreError,
    channels::{self, Channel},
    due::{self, NewWork},
    numbers::{self, Look, Looked},
    pace::Entry,
};
use jiff::{SignedDuration, ToSpan, tz::TimeZone};
use std::{future::Future, time::Duration};

/// Calls for posts at most in one go; the rest waits for [`BREATH`].
const CALLS: usize = 20;
const BREATH: SignedDuration = SignedDuration::from_mins(1);
/// How long one answer may take.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
/// How often a channel's own numbers are asked for, and again after that went wrong.
const CHANNEL_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// How far back a channel's first look reaches, as far as the network tells.
const FIRST_DAYS: i64 = 90;
/// How far back every other look reaches: networks mend the numbers of the last days.
const AGAIN_DAYS: i64 = 7;

/// Up to which age of a post, how long until it is looked at again.
const STEPS: [(SignedDuration, SignedDuration); 5] = [
    (SignedDuration::from_hours(2), SignedDuration::from_mins(15)),
    (SignedDuration::from_hours(24), SignedDuration::from_hours(2)),
    (SignedDuration::from_hours(24 * 7), SignedDuration::from_hours(8)),
    (SignedDuration::from_hours(24 * 30), SignedDuration::from_hours(24)),
    (SignedDuration::from_hours(24 * 90), SignedDuration::from_hours(24 * 7)),
];
/// The same where every look costs.
const COSTLY_STEPS: [(SignedDuration, SignedDuration); 3] = [
    (SignedDuration::from_hours(2), SignedDuration::from_hours(6)),
    (SignedDuration::from_hours(24 * 3), SignedDuration::from_hours(24)),
    (SignedDuration::from_hours(24 * 28), SignedDuration::from_hours(24 * 7)),
];

/// When a post of this age is looked at again; none when it never is.
fn next_look(published_at: Timestamp, now: Timestamp, costly: bool) -> Option<Timestamp> {
    let age = now.duration_since(published_at);
    let steps: &[_] = if costly { &COSTLY_STEPS } else { &STEPS };
    steps.iter().find(|(up_to, _)| age < *up_to).map(|(_, every)| now + *every)
}

/// When a post that is published now is first looked at, where its network tells numbers.
pub(crate) fn first_look(network: &dyn Network, now: Timestamp) -> Option<Timestamp> {
    network.post_metrics().and_then(|metrics| next_look(now, now, metrics.is_costly()))
}

/// Whether a network tells any numbers.
#[must_use]
pub fn tells_numbers(network: &dyn Network) -> bool {
    let abilities = Abilities::of(network);
    abilities.post_metrics || abilities.channel_metrics
}

/// With what a channel's network is asked in one go.
pub(crate) struct Asking<'a> {
    channel: &'a Channel,
    network: &'a dyn Network,
    net: Client,
    facts: Facts,
    credentials: Credentials,
    /// Whether the tokens were renewed since.
    renewed: bool,
}

impl<'a> Asking<'a> {
    pub async fn new(publisher: &Publisher, channel: &'a Channel, network: &'a dyn Network) -> Result<Self, Refusal> {
        Ok(Self {
            channel,
            network,
            net: publisher.net.route(network.about().id).clone(),
            facts: channel.settings.as_object().cloned().unwrap_or_default(),
            credentials: fresh(publisher.tokens.as_ref(), channel.id, false).await?,
            renewed: false,
        })
    }

    fn account(&self, now: Timestamp) -> Account<'_> {
        Account {
            net: &self.net,
            now,
            credentials: &self.credentials,
            instance: self.channel.instance.as_deref(),
            id: &self.channel.remote_id,
            handle: &self.channel.handle,
            facts: &self.facts,
        }
    }

    /// The answer, if it comes within the network's deadline.
    async fn in_time<T>(&self, asked: impl Future<Output = Result<T, Refusal>> + Send) -> Result<T, Refusal> {
        let within = deadline(self.network).min(LONGEST_ANSWER);
        let late = || Refusal::Temporary(Detail::new("the network took too long to answer"));
        tokio::time::timeout(within, asked).await.unwrap_or_else(|_| Err(late()))
    }

    async fn channel(&self, metrics: &dyn ChannelMetrics, now: Timestamp, days: i64) -> Result<Vec<Series>, Refusal> {
        let account = self.account(now);
        let today = account.today();
        self.in_time(metrics.channel(&account, today.saturating_sub(days.days()), today)).await
    }

    async fn posts(
        &self,
        metrics: &dyn PostMetrics,
        now: Timestamp,
        sent: &[Sent],
    ) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        self.in_time(metrics.posts(&self.account(now), sent)).await
    }

    /// The numbers of these posts, asked for once more where tokens are refused that can be renewed.
    pub async fn told(
        &mut self,
        publisher: &Publisher,
        metrics: &dyn PostMetrics,
        sent: &[Sent],
    ) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        match self.posts(metrics, publisher.clock.now(), sent).await {
            Err(refusal) if self.renew(publisher, &refusal).await => {
                self.posts(metrics, publisher.clock.now(), sent).await
            }
            told => told,
        }
    }

    /// Renews the tokens where they were refused, once; whether it makes sense to ask again.
    async fn renew(&mut self, publisher: &Publisher, refusal: &Refusal) -> bool {
        if self.renewed || !matches!(refusal, Refusal::Auth(_)) || lacks_permission(refusal) {
            return false;
        }
        self.renewed = true;
        match fresh(publisher.tokens.as_ref(), self.channel.id, true).await {
            Ok(credentials) => {
                self.credentials = credentials;
                true
            }
            Err(refusal) => {
                tracing::info!(channel = %self.channel.id, %refusal, "tokens were not renewed to ask for numbers");
                false
            }
        }
    }
}

/// Does the work of kind [`due::kind::NUMBERS`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Numbers {
    pub(crate) publisher: Publisher,
}

#[async_trait]
impl Handler for Numbers {
    fn kind(&self) -> &'static str {
        due::kind::NUMBERS
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: ChannelId = subject(work)?;
        let channel = match channels::by_id(&self.publisher.store, id).await {
            Ok(channel) => channel,
            Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        let network = self.publisher.registry.get(&channel.network).filter(|network| tells_numbers(*network));
        let Some(network) = network else { return Ok(Done::Finished) };
        let now = self.publisher.clock.now();
        if channel.state != ChannelState::Active {
            return Ok(Done::Again(now + CHANNEL_EVERY));
        }
        let pace = Pace::of(&self.publisher.store, &channel);
        let entry = match pace.enter().await? {
            Entry::Wait { until, .. } => return Ok(Done::Again(until)),
            entry => entry,
        };
        match self.look(&channel, network).await? {
            Ok(next) => Ok(Done::Again(next)),
            Err(refusal) => {
                tracing::info!(channel = %id, network = network.about().id, class = refusal.class(), %refusal, "no numbers were told");
                let until = pace.refused(&entry, &refusal, now).await?;
                Ok(Done::Again(self.next(&channel, network).await?.max(until.unwrap_or(now)).max(now + BREATH)))
            }
        }
    }
}

impl Numbers {
    /// Writes down the looks at channels that have not been looked at: those that were connected before there were numbers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(&self) -> Result<(), StoreError> {
        let (store, now) = (&self.publisher.store, self.publisher.clock.now());
        let unseen = numbers::unseen_channels(store).await?;
        let tells = |network: &str| self.publisher.registry.get(network).is_some_and(tells_numbers);
        let work = unseen
            .into_iter()
            .filter(|(_, _, network)| tells(network))
            .map(|(channel, workspace, _)| NewWork::new(workspace, due::kind::NUMBERS, channel, now + BREATH));
        due::upsert(store, &work.collect::<Vec<_>>()).await
    }

    /// Looks at what is due, and says when to look again. The outer error is ours.
    async fn look(&self, channel: &Channel, network: &dyn Network) -> Result<Result<Timestamp, Refusal>, HandlerError> {
        let mut asking = match Asking::new(&self.publisher, channel, network).await {
            Ok(asking) => asking,
            Err(refusal) => {
                self.nothing_told(channel, network, &refusal).await?;
                return Ok(Err(refusal));
            }
        };
        // A permission that was not granted for one is no word on the other.
        if let Err(refusal) = self.look_at_channel(&mut asking).await?
            && !is_about_this(&refusal)
        {
            return Ok(Err(refusal));
        }
        if let Some(metrics) = network.post_metrics()
            && let Err(refusal) = self.look_at_posts(&mut asking, metrics).await?
        {
            return Ok(Err(refusal));
        }
        Ok(Ok(self.next(channel, network).await?))
    }

    /// When there is something to look at again.
    async fn next(&self, channel: &Channel, network: &dyn Network) -> Result<Timestamp, HandlerError> {
        let (store, now) = (&self.publisher.store, self.publisher.clock.now());
        let posts = match network.post_metrics() {
            Some(_) => numbers::next_look(store, channel.id).await?,
            None => None,
        };
        let looked_at = numbers::channel_looked_at(store, channel.id).await?;
        let own = looked_at.map_or(now, |at| at + CHANNEL_EVERY);
        Ok(posts.map_or(own, |posts| posts.min(own)).max(now + BREATH))
    }

    async fn look_at_channel(&self, asking: &mut Asking<'_>) -> Result<Result<(), Refusal>, HandlerError> {
        let (store, now) = (&self.publisher.store, self.publisher.clock.now());
        let (channel, network) = (asking.channel, asking.network);
        let looked_at = numbers::channel_looked_at(store, channel.id).await?;
        if looked_at.is_some_and(|at| at + CHANNEL_EVERY > now) {
            return Ok(Ok(()));
        }
        let Some(metrics) = network.channel_metrics() else {
            numbers::keep_channel(store, channel.id, Ok(&[])).await?;
            return Ok(Ok(()));
        };
        let days = if looked_at.is_some() { AGAIN_DAYS } else { FIRST_DAYS };
        let told = match asking.channel(metrics, now, days).await {
            Err(refusal) if asking.renew(&self.publisher, &refusal).await => asking.channel(metrics, now, days).await,
            told => told,
        };
        match told {
            Ok(series) => numbers::keep_channel(store, channel.id, Ok(&series)).await?,
            Err(refusal) => {
                numbers::keep_channel(store, channel.id, Err(&refusal.detail().message)).await?;
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(()))
    }

    async fn look_at_posts(
        &self,
        asking: &mut Asking<'_>,
        metrics: &dyn PostMetrics,
    ) -> Result<Result<(), Refusal>, HandlerError> {
        let (store, now) = (&self.publisher.store, self.publisher.clock.now());
        let channel = asking.channel;
        let at_once = metrics.at_once().max(1);
        let due = numbers::due(store, channel.id, now, (CALLS * at_once).min(500) as u64).await?;
        let day = TimeZone::UTC.to_datetime(now).date();
        let (known, unknown): (Vec<Look>, Vec<Look>) = due.into_iter().partition(|look| first(look).is_some());
        let unknown: Vec<Looked> = unknown.iter().map(not_known).collect();
        numbers::keep_posts(store, channel.id, day, &unknown).await?;
        for looks in known.chunks(at_once) {
            let (looks, sent): (Vec<&Look>, Vec<Sent>) =
                looks.iter().filter_map(|look| Some((look, first(look)?))).unzip();
            let told = asking.told(&self.publisher, metrics, &sent).await;
            let next = |look: &Look| next_look(look.published_at, now, metrics.is_costly());
            let looked: Vec<Looked> = match &told {
                Ok(told) => {
                    looks.iter().zip(told).map(|(look, counts)| looked(look, counts.clone(), next(look))).collect()
                }
                Err(refusal) => {
                    let said = Some(refusal.detail().message.clone());
                    let refused = |look: &&Look| Looked {
                        publication: look.publication,
                        counts: Vec::new(),
                        next: next(look),
                        said: said.clone(),
                    };
                    looks.iter().map(refused).collect()
                }
            };
            numbers::keep_posts(store, channel.id, day, &looked).await?;
            match told {
                Err(refusal @ Refusal::Content(_)) => {
                    tracing::info!(channel = %channel.id, %refusal, "no numbers were told of a post");
                }
                Err(refusal) => return Ok(Err(refusal)),
                Ok(_) => {}
            }
        }
        Ok(Ok(()))
    }

    /// Writes down why nothing could be asked.
    async fn nothing_told(
        &self,
        channel: &Channel,
        network: &dyn Network,
        refusal: &Refusal,
    ) -> Result<(), HandlerError> {
        let (store, now) = (&self.publisher.store, self.publisher.clock.now());
        let said = refusal.detail().message.clone();
        numbers::keep_channel(store, channel.id, Err(&said)).await?;
        let costly = network.post_metrics().is_some_and(PostMetrics::is_costly);
        let due = numbers::due(store, channel.id, now, 500).await?;
        let refused = |look: &Look| Looked {
            publication: look.publication,
            counts: Vec::new(),
            next: next_look(look.published_at, now, costly),
            said: Some(said.clone()),
        };
        let looked: Vec<Looked> = due.iter().map(refused).collect();
        numbers::keep_posts(store, channel.id, TimeZone::UTC.to_datetime(now).date(), &looked).await?;
        Ok(())
    }
}

/// Whether a refusal speaks of what was asked for, and not of whether anything may be asked now.
fn is_about_this(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Auth(_) | Refusal::Content(_))
}

/// What a look at one post came to.
fn looked(look: &Look, counts: Option<Vec<Count>>, next: Option<Timestamp>) -> Looked {
    match counts {
        Some(counts) => Looked { publication: look.publication, counts, next, said: None },
        // Nobody looks for it again.
        None => Looked {
            publication: look.publication,
            counts: Vec::new(),
            next: None,
            said: Some("The post is not on the network any more.".to_owned()),
        },
    }
}

/// One whose id on the network is not known here is never looked at.
fn not_known(look: &Look) -> Looked {
    let said = "Crier does not know the post’s id on the network.".to_owned();
    Looked { publication: look.publication, counts: Vec::new(), next: None, said: Some(said) }
}

/// The first part, whose numbers are those of the post.
fn first(look: &Look) -> Option<Sent> {
    serde_json::from_value::<Progress>(look.remote.clone()).ok()?.parts.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn young_posts_are_looked_at_often_and_old_ones_seldom_and_then_never() {
        let published = Timestamp::UNIX_EPOCH;
        let hours = |age: i64, costly| {
            let now = published + SignedDuration::from_hours(age);
            next_look(published, now, costly).map(|next| next.duration_since(now).as_mins())
        };
        let ages = [0, 3, 48, 24 * 10, 24 * 60, 24 * 91];
        assert_eq!(ages.map(|age| hours(age, false)), [Some(15), Some(120), Some(480), Some(1440), Some(10_080), None]);
        assert_eq!(ages.map(|age| hours(age, true)), [Some(360), Some(1440), Some(1440), Some(10_080), None, None]);
    }
}
