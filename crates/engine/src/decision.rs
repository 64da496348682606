//! What follows a refused try: wait and try again, hold, ask, or fail. Pure, so that every case is tested without a clock.

use crier_model::{
    Code, Diagnosis, Timestamp,
    publication::{Reason, held},
};
use crier_networks::Refusal;
use jiff::SignedDuration;

/// How long and how often to try.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the due time on, tries are made within this window.
    pub window: SignedDuration,
    /// The wait after the first failed try; doubled after each further one.
    pub first: SignedDuration,
    /// The longest wait between two tries that the network did not ask for.
    pub longest: SignedDuration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            window: SignedDuration::from_hours(2),
            first: SignedDuration::from_secs(5),
            longest: SignedDuration::from_mins(10),
        }
    }
}

/// What to do next with a publication.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Try again at this time.
    Retry {
        at: Timestamp,
        reason: Reason,
    },
    /// The tokens were refused: renew them and try at once; a second refusal in a row holds.
    Renew,
    /// Wait for a person or an event.
    Hold(Reason),
    /// Sent, perhaps; people are asked.
    Ask(Reason),
    Fail(Reason),
}

/// The circumstances of a refused try.
#[derive(Debug, Clone, Copy)]
pub struct Try {
    pub now: Timestamp,
    /// When this publication's window opened: its due time, or the moment a person asked for another try.
    pub since: Timestamp,
    /// Tries made, this one included.
    pub tries: u32,
    /// Whether the tokens were already renewed for this try.
    pub renewed: bool,
    /// A number in 0..1 that spreads waits.
    pub jitter: f64,
}

/// Decides by the class of the refusal.
#[must_use]
pub fn decide(refusal: &Refusal, made: Try, patience: &Patience) -> Decision {
    let detail = refusal.detail();
    match refusal {
        Refusal::Auth(_) if !made.renewed && !lacks_permission(refusal) => Decision::Renew,
        Refusal::Auth(_) => Decision::Hold(reconnect(&detail.message, Some(refusal.diagnosis()))),
        Refusal::Content(_) => {
            let reason = Reason::new("content.refused", "The network did not take the content", &detail.message);
            Decision::Fail(match detail.diagnosis {
                Some(_) => reason.with(refusal.diagnosis()),
                None => reason,
            })
        }
        Refusal::Unknown(_) => Decision::Ask(unconfirmed(refusal)),
        Refusal::RateLimit { until, .. } => {
            let at = until.unwrap_or(made.now).max(made.now + wait(made, patience));
            if until.is_some_and(|until| until > made.since + patience.window) {
                return Decision::Hold(quota(at, &detail.message).with(refusal.diagnosis()));
            }
            later(at, refusal, made, patience)
        }
        Refusal::Temporary(_) => later(made.now + wait(made, patience), refusal, made, patience),
    }
}

/// Whether the sign-in is good and lacks a permission: renewing it changes nothing, granting it does.
#[must_use]
pub fn lacks_permission(refusal: &Refusal) -> bool {
    refusal.detail().diagnosis == Some(Code::ConsentScopeMissing)
}

/// Why a publication waits for people when the network takes nothing before its window of time is over.
#[must_use]
pub fn quota(until: Timestamp, said: &str) -> Reason {
    let message = format!("It takes no more before {until:.0}. Send it then, give it a new time or cancel it. {said}");
    Reason::new(held::QUOTA, "The network takes no more for now", message)
}

/// Why people are asked.
#[must_use]
pub fn unconfirmed(refusal: &Refusal) -> Reason {
    let said = format!("Look whether it is there. {}", refusal.detail().message);
    Reason::new("unconfirmed.answer_lost", "It may be published: the network's answer was lost", said)
        .with(refusal.diagnosis())
}

/// Why a channel's publications wait for a reconnect.
#[must_use]
pub fn reconnect(said: &str, diagnosis: Option<Diagnosis>) -> Reason {
    let reason = Reason::new(held::RECONNECT, "Waits for the channel to be reconnected", said);
    Reason { diagnosis, ..reason }
}

fn later(at: Timestamp, refusal: &Refusal, made: Try, patience: &Patience) -> Decision {
    let end = made.since + patience.window;
    let diagnosis = refusal.diagnosis();
    let said = &refusal.detail().message;
    if at > end {
        let message = format!("Tried {} times until its window of time was over. Last answer: {said}", made.tries);
        let limited = diagnosis.code == Code::RateLimited;
        let title =
            if limited { "The network kept asking us to wait" } else { "The network could not be reached in time" };
        return Decision::Fail(Reason::new("tries.exhausted", title, message).with(diagnosis));
    }
    Decision::Retry { at, reason: Reason::new("retry.later", "Will be tried again", said).with(diagnosis) }
}

/// Exponential, at most `longest`, the upper half of it drawn at random so that many don't come back at once.
fn wait(made: Try, patience: &Patience) -> SignedDuration {
    let doublings = made.tries.saturating_sub(1).min(20);
    let full = patience.first.as_millis().saturating_mul(1 << doublings).min(patience.longest.as_millis());
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds of minutes")]
    let drawn = (full as f64 * (0.5 + made.jitter / 2.0)) as i64;
    SignedDuration::from_millis(drawn.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_networks::Detail;

    fn made(tries: u32) -> Try {
        let since = Timestamp::UNIX_EPOCH;
        Try { now: since + SignedDuration::from_secs(1), since, tries, renewed: false, jitter: 1.0 }
    }

    fn temporary() -> Refusal {
        Refusal::Temporary(Detail::new("503"))
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let patience = Patience::default();
        let waits: Vec<_> = (1..=9)
            .map(|tries| match decide(&temporary(), made(tries), &patience) {
                Decision::Retry { at, .. } => at.as_second() - made(tries).now.as_second(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
    }

    #[test]
    fn gives_up_when_the_window_is_over() {
        let late = Try { now: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(2), ..made(20) };
        assert!(
            matches!(decide(&temporary(), late, &Patience::default()), Decision::Fail(r) if r.code == "tries.exhausted")
        );
    }

    #[test]
    fn waits_as_long_as_the_network_asks() {
        let until = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(30);
        let refusal = Refusal::RateLimit { until: Some(until), detail: Detail::new("429") };
        assert!(matches!(decide(&refusal, made(1), &Patience::default()), Decision::Retry { at, .. } if at == until));
    }

    #[test]
    fn a_wait_beyond_the_window_is_for_people_to_decide() {
        let until = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(3);
        let refusal = Refusal::RateLimit { until: Some(until), detail: Detail::new("429") };
        let decision = decide(&refusal, made(1), &Patience::default());
        assert!(matches!(decision, Decision::Hold(r) if r.code == "held.quota" && r.message.contains("03:00")));
    }

    #[test]
    fn renews_once_then_holds() {
        let refusal = Refusal::Auth(Detail::new("invalid_token"));
        assert_eq!(decide(&refusal, made(1), &Patience::default()), Decision::Renew);
        let again = Try { renewed: true, ..made(2) };
        assert!(
            matches!(decide(&refusal, again, &Patience::default()), Decision::Hold(r) if r.code == "held.reconnect")
        );
    }

    #[test]
    fn renewing_does_not_stand_in_for_a_permission() {
        let refusal = Refusal::Auth(Detail::new("insufficient_scope").diagnosed(Code::ConsentScopeMissing));
        let decision = decide(&refusal, made(1), &Patience::default());
        assert!(matches!(decision, Decision::Hold(r) if r.code == "held.reconnect"));
    }

    #[test]
    fn never_repeats_what_may_have_happened_or_what_is_wrong() {
        let patience = Patience::default();
        assert!(matches!(decide(&Refusal::Unknown(Detail::new("reset")), made(1), &patience), Decision::Ask(_)));
        assert!(matches!(decide(&Refusal::Content(Detail::new("too long")), made(1), &patience), Decision::Fail(_)));
    }
}
