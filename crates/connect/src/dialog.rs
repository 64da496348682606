//! Connecting by a code that a person gives to a network's bot.
//!
//! Every attempt that waits has due work of its own; that of one bot is in one lane, so that over all nodes one at a time
//! listens to it, for itself and for the others.

use crate::{
    ConnectError, Handshake,
    apps::{Chosen, NoApp},
    explain::may_pass,
    handshake::Broken,
    moves::PARKED_FOR,
    parked::{Parked, ParkedDialog},
    refresh::Held,
    secrets::{hash, speakable},
    whose::of_app,
};
use crier_model::{AttemptId, Diagnosis, NextKind, Secret, Timestamp, attempt::AttemptState as S};
use crier_networks::{
    About, Connect, Refusal,
    connect::{Client2, Dialog, SaidCode},
};
use crier_store::{
    StoreError,
    attempts::{self, Attempt, Changes, Note},
    channels,
    due::{self, NewWork},
    workspaces,
};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

/// Before a bot that could not be heard is listened to again.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

impl Handshake {
    /// Shows the person what to say to the bot, and begins to listen.
    pub(crate) async fn open_dialog(
        &self,
        about: &About,
        dialog: &dyn Dialog,
        attempt: &Attempt,
    ) -> Result<(), Broken> {
        let mut tries = 2;
        let (chosen, introduction) = loop {
            let chosen = match self.choose_bot(about, dialog, attempt).await {
                Ok(chosen) => chosen,
                Err(NoApp::Diagnosed(diagnosis)) => return self.fail(attempt, *diagnosis).await.map(drop),
                Err(NoApp::Broken(broken)) => return Err(broken),
            };
            tries -= 1;
            match dialog.introduce(self.net(about.id), &chosen.client.client()).await {
                Ok(introduction) => break (chosen, introduction),
                // The network has forgotten the bot it gave us.
                Err(Refusal::Auth(_)) if chosen.reused && tries > 0 => self.forget_app(chosen.app).await,
                Err(refusal) => return self.fail(attempt, refusal.diagnosis()).await.map(drop),
            }
        };
        let code = speakable();
        let note = Note::new("Waiting for the code", format!("{} is to be told it.", introduction.bot));
        let bot = Bot::of(about.id, &chosen.client.client());
        let state_hash = bot.hash_of(&code);
        let parked = Parked {
            client: Some(chosen.client),
            dialog: Some(ParkedDialog { introduction, code }),
            ..Parked::default()
        };
        let changes = Changes {
            app: Some(chosen.app),
            state_hash: Some(state_hash),
            parked: Some(parked.write()?),
            note: Some(note),
            ..Changes::default()
        };
        let listening = NewWork::new(attempt.workspace, due::kind::LISTEN, attempt.id, self.now());
        self.step_with(attempt, S::Away, changes, &[listening.in_lane_of(bot.lane())]).await?;
        Ok(())
    }

    async fn choose_bot(&self, about: &About, dialog: &dyn Dialog, attempt: &Attempt) -> Result<Chosen, NoApp> {
        let redirect_uri = &attempt.redirect_uri;
        if let Some(chosen) = self.choose_by(about, attempt, BOT).await? {
            return Ok(chosen);
        }
        if let Some(chosen) = self.registered_app(about, None, redirect_uri, BOT).await? {
            return Ok(chosen);
        }
        match dialog.register(self.net(about.id), redirect_uri).await {
            Ok(client) => self.keep_registered(about, None, redirect_uri, BOT, client).await,
            Err(refusal) => Err(NoApp::Diagnosed(Box::new(refusal.diagnosis()))),
        }
    }

    /// Listens to a bot (due work of kind `listen`) on behalf of an attempt that waits for its code, and says when to do so
    /// again; none once it does not wait any more.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn listen(&self, attempt: AttemptId) -> Result<Option<Timestamp>, ConnectError> {
        Ok(Box::pin(self.listen_for(attempt)).await?)
    }

    async fn listen_for(&self, id: AttemptId) -> Result<Option<Timestamp>, Broken> {
        let until = Instant::now() + self.settings().pace.listening;
        let mut since = None;
        loop {
            let attempt = match attempts::by_id(self.store(), id).await {
                Ok(attempt) => attempt,
                Err(StoreError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            if attempt.state != S::Away || self.now() >= attempt.expires_at {
                return Ok(None);
            }
            let parked = Parked::read(attempt.parked.as_ref())?;
            let Connect::Dialog(dialog) = self.must_way(&attempt)? else {
                return Err(Broken::NoNetwork(attempt.network));
            };
            let bot = parked.client.as_ref().ok_or(Broken::Lacks("a bot"))?.client();
            let wait = until.saturating_duration_since(Instant::now());
            let heard = match dialog.listen(self.net(&attempt.network), &bot, since.as_deref(), wait).await {
                Ok(heard) => heard,
                Err(refusal) => return self.could_not_listen(&attempt, &refusal).await,
            };
            for said in heard.codes {
                self.hear(&Bot::of(&attempt.network, &bot), said).await?;
            }
            since = heard.since.or(since);
            self.listens_again(id).await?;
            if Instant::now() >= until {
                return Ok(Some(self.now()));
            }
        }
    }

    /// Takes a code that was said to a bot, once: the attempt it belongs to goes on with what speaks for that place.
    async fn hear(&self, bot: &Bot, said: SaidCode) -> Result<(), Broken> {
        let Some(attempt) = attempts::by_state_hash(self.store(), &bot.hash_of(&said.code)).await? else {
            return Ok(());
        };
        if attempt.state != S::Away || self.now() >= attempt.expires_at {
            return Ok(());
        }
        let parked = Parked::read(attempt.parked.as_ref())?;
        let parked = Parked { credentials: Some(said.credentials), dialog: None, ..parked };
        let changes = Changes {
            parked: Some(parked.write()?),
            erase_diagnosis: true,
            returned_at: Some(self.now()),
            expires_at: Some(attempt.expires_at.max(self.in_time(PARKED_FOR))),
            note: Some(Note::new("The bot was told the code", "")),
            ..Changes::default()
        };
        if let Some(work) = self.step_and_work(&attempt, S::Identified, changes).await? {
            let (handshake, id) = (self.clone(), attempt.id);
            tokio::spawn(async move {
                // However it ends, the row says how it stands.
                drop(work.await);
                if let Err(why) = Box::pin(handshake.greet(id)).await {
                    tracing::info!(attempt = %id, why, "the place that was connected was not told so");
                }
            });
        }
        Ok(())
    }

    /// Says in the place that was connected what it was connected to.
    async fn greet(&self, id: AttemptId) -> Result<(), String> {
        let told = |broken: &dyn std::fmt::Display| broken.to_string();
        let attempt = attempts::by_id(self.store(), id).await.map_err(|error| told(&error))?;
        let (S::Connected, Some(channel)) = (attempt.state, attempt.channel) else { return Ok(()) };
        let workspace = workspaces::get(self.store(), attempt.workspace).await.map_err(|error| told(&error))?;
        let channel = channels::by_id(self.store(), channel).await.map_err(|error| told(&error))?;
        let kept = self.kept(Held::Channel(&channel)).await.map_err(|broken| told(&broken))?.0;
        let connect = self.must_way(&attempt).map_err(|broken| told(&broken))?;
        let Connect::Dialog(dialog) = connect else { return Ok(()) };
        let app = channel.app.ok_or("it has no bot")?;
        let bot = self.client_by(app, &channel.network, &channel.way).await.map_err(|broken| told(&broken))?;
        let credentials = of_app(kept.credentials, connect, Some(bot));
        let words = format!(
            "{} is connected to the workspace “{}” in Crier, which can post here now. If nobody here wanted that, remove this \
             bot.",
            channel.name, workspace.name
        );
        dialog.greet(self.net(&attempt.network), &credentials, &words).await.map_err(|refusal| told(&refusal))
    }

    /// What can be mended is shown while the attempt goes on waiting; what can't ends it.
    async fn could_not_listen(&self, attempt: &Attempt, refusal: &Refusal) -> Result<Option<Timestamp>, Broken> {
        let diagnosis = refusal.diagnosis();
        if !may_pass(refusal) {
            self.fail(attempt, diagnosis).await?;
            return Ok(None);
        }
        if attempt.diagnosis.as_ref().is_none_or(|shown| shown.code != diagnosis.code) {
            let diagnosis = diagnosis.offering(NextKind::None, "", None);
            let changes = Changes {
                note: Some(Note::new("The bot can’t be heard", diagnosis.title.as_str())),
                diagnosis: Some(diagnosis),
                ..Changes::default()
            };
            self.step(attempt, S::Away, changes).await?;
        }
        let asked = match refusal {
            Refusal::RateLimit { until, .. } => *until,
            _ => None,
        };
        let again = self.in_time(AGAIN);
        Ok(Some(asked.map_or(again, |until| until.max(again))))
    }

    async fn listens_again(&self, id: AttemptId) -> Result<(), Broken> {
        let attempt = attempts::by_id(self.store(), id).await?;
        if attempt.state == S::Away && attempt.diagnosis.is_some() {
            let note = Some(Note::new("The bot is heard again", ""));
            let changes = Changes { erase_diagnosis: true, note, ..Changes::default() };
            self.step(&attempt, S::Away, changes).await?;
        }
        Ok(())
    }
}

/// What stands in a bot's row for scopes.
const BOT: &str = "bot";

/// A bot, however often it was entered: for the installation and for workspaces it is one, and listened to by one.
struct Bot(String);

impl Bot {
    fn of(network: &str, bot: &Client2) -> Self {
        Self(format!("{network} {}", bot.client_id))
    }

    fn lane(&self) -> Uuid {
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(self.0.as_bytes())[..16]);
        Uuid::from_bytes(id)
    }

    /// Codes are of one bot each.
    fn hash_of(&self, code: &Secret) -> String {
        hash(&format!("{} {}", self.0, code.expose()))
    }
}

/// Why a code that nobody said has lapsed.
pub(crate) fn unsaid(diagnosis: Diagnosis, dialog: &ParkedDialog) -> Diagnosis {
    let bot = &dialog.introduction.bot;
    let mut diagnosis = diagnosis.because(format!("Nobody told {bot} the code within 30 minutes."));
    diagnosis.fix = vec![
        format!(
            "Start again, and send the message where {bot} can read it: it must be a member there, or an administrator."
        ),
        "Send the message as it is; a code is good for one connect only.".to_owned(),
    ];
    diagnosis
}
