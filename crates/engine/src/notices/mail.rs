//! Sending mails.

use super::{announce::page, letter::letter};
use crate::{
    notices::Letter,
    work::{Done, Handler, HandlerError},
};
use async_trait::async_trait;
use crier_model::{Clock, NoticeId, UserId};
use crier_store::{Store, StoreError, due, notices, users, workspaces};
use jiff::SignedDuration;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// Why a mail did not go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// It may go another time.
    #[error("{0}")]
    Later(String),
    /// The server refuses it for good.
    #[error("{0}")]
    Never(String),
}

/// A way to send mails.
#[async_trait]
pub trait Mail: Send + Sync {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent>;
}

/// A mail server.
#[allow(missing_debug_implementations, reason = "its address holds a password")]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// How long the mail server may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Smtp {
    /// `url` is `smtps://user:password@host:port`, or `smtp://…` with `?tls=required` or `?tls=opportunistic` for STARTTLS;
    /// `from` is `name@example.org` or `Name <name@example.org>`.
    ///
    /// # Errors
    /// What is wrong with either, without repeating it.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let transport =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| "the address of the mail server")?;
        let from = from.parse().map_err(|_| "the sender's address")?;
        Ok(Self { transport: transport.timeout(Some(PATIENCE)).build(), from })
    }

    /// Connects and signs in, without sending.
    ///
    /// # Errors
    /// What the server, or the way to it, has against it.
    pub async fn probe(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the mail server did not answer as one".to_owned()),
            Err(error) => Err(told(&error)),
        }
    }
}

#[async_trait]
impl Mail for Smtp {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent> {
        let never = |what: &str| Unsent::Never(format!("{what} can't be written into a mail"));
        let address = letter.to.parse().map_err(|_| never("the person's address"))?;
        let host = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(letter.to_name.clone()), address))
            .subject(&letter.subject)
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|_| never("the notice"))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() && !wants_sign_in(&error) => Err(Unsent::Never(told(&error))),
            Err(error) => Err(Unsent::Later(told(&error))),
        }
    }
}

/// Whether it is about our sign-in (RFC 4954 §6), which the operator can mend, and not about this mail.
fn wants_sign_in(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| matches!(code.to_string().as_str(), "530" | "534" | "535" | "538"))
}

/// An error with its causes.
fn told(error: &lettre::transport::smtp::Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        cause = error.source();
    }
    said
}

/// Keeps machines from answering (RFC 3834 §5).
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// For how long a mail that does not go is tried again.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Does the work of kind [`due::kind::MAIL`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Mailer {
    pub store: Store,
    pub mail: Arc<dyn Mail>,
    pub clock: Arc<dyn Clock>,
    pub public_url: Url,
}

#[async_trait]
impl Handler for Mailer {
    fn kind(&self) -> &'static str {
        due::kind::MAIL
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let ids =
            work.subject.split_once(':').and_then(|(notice, user)| Some((notice.parse().ok()?, user.parse().ok()?)));
        let Some((notice, user)): Option<(NoticeId, UserId)> = ids else {
            return Err(HandlerError::Other(format!("“{}” names no notice and person", work.subject)));
        };
        let notice = match notices::by_id(&self.store, notice).await {
            Ok(notice) => notice,
            Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        // Whoever has left the workspace meanwhile is told nothing of it any more.
        let Some((workspace, _)) = workspaces::membership(&self.store, notice.workspace, user).await? else {
            return Ok(Done::Finished);
        };
        let Some(person) = users::by_id(&self.store, user).await? else { return Ok(Done::Finished) };
        let settings = format!("{}/settings", self.public_url.as_str().trim_end_matches('/'));
        let letter = letter(&notice, &person, &workspace.name, &page(&self.public_url, &notice), &settings);
        let now = self.clock.now();
        match self.mail.send(&letter).await {
            Ok(()) => Ok(Done::Finished),
            Err(Unsent::Later(why)) if now.duration_since(notice.created_at) < TRIED_FOR => {
                tracing::warn!(notice = %notice.id, %user, %why, "a mail could not be sent; trying again");
                Ok(Done::Again(now + pause(work.tries)))
            }
            Err(Unsent::Later(why) | Unsent::Never(why)) => {
                tracing::error!(notice = %notice.id, %user, %why, "a mail could not be sent and is given up");
                Ok(Done::Finished)
            }
        }
    }
}

/// 1, 2, 4 … minutes, at most an hour.
fn pause(tries: i64) -> SignedDuration {
    let doublings = u32::try_from(tries.clamp(1, 7) - 1).unwrap_or(6);
    SignedDuration::from_mins(2_i64.pow(doublings).min(60))
}
