//! Invite links: somebody without an account here connects an account of theirs to the workspace of who asks them to.
//!
//! A guest is the browser that began the attempt, known by its connect cookie. Where another browser comes back from the
//! network, nothing is attached until the link is opened in that very browser and the account confirmed there by its nonce: a
//! link that was forged (an attempt begun by one, its consent page sent to another) asks its victim to go and open an
//! invitation they were never sent, or names the workspace and the person to one who was.

use crate::{
    ConnectError, Handshake, Start, Started,
    secrets::{hash, random, same},
};
use crier_model::{
    AttemptId, Code, Diagnosis, Finding, InviteId, NextKind, Secret, Timestamp, UserId, WorkspaceId, attempt::Starter,
    permission::Permission,
};
use crier_store::{
    attempts::{self, Attempt},
    invites::{self, Invite, NewInvite, Standing},
    users,
    workspaces::{self, Workspace},
};

/// Who asks about an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    User(UserId),
    Guest(Guest),
}

/// A browser without a session, by what it can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The link that is open in it.
    invite: Option<InviteId>,
    browser_hash: Option<String>,
}

impl Guest {
    /// `browser` is the connect cookie's value.
    #[must_use]
    pub fn new(invite: Option<InviteId>, browser: Option<&str>) -> Self {
        Self { invite, browser_hash: browser.map(hash) }
    }
}

impl From<UserId> for Asker {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<Guest> for Asker {
    fn from(guest: Guest) -> Self {
        Self::Guest(guest)
    }
}

impl Asker {
    /// Whether they began the attempt. Of one that came back in another browser than the one that left, also whoever has the
    /// same link open: with the nonce they may confirm it.
    pub(crate) fn started(&self, attempt: &Attempt) -> bool {
        match (self, attempt.started_by) {
            (Self::User(user), Starter::User(starter)) => *user == starter,
            (Self::Guest(guest), Starter::Invite(invite)) => {
                let left = guest.browser_hash.as_deref().is_some_and(|browser| same(browser, &attempt.browser_hash));
                left || (attempt.nonce_hash.is_some() && guest.invite == Some(invite))
            }
            _ => false,
        }
    }

    /// Members see every attempt of their workspace, guests their own.
    pub(crate) fn may_see(&self, attempt: &Attempt) -> bool {
        matches!(self, Self::User(_)) || self.started(attempt)
    }

    pub(crate) fn refusal(&self) -> ConnectError {
        match self {
            Self::User(_) => ConnectError::NotTheStarter,
            Self::Guest(_) => ConnectError::NotThisGuest,
        }
    }

    pub(crate) fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(*user),
            Self::Guest(_) => None,
        }
    }
}

/// A link to be made.
#[derive(Debug, Clone)]
pub struct NewLink {
    pub workspace: WorkspaceId,
    pub created_by: UserId,
    pub name: String,
    pub networks: Vec<String>,
    pub max_uses: u32,
    pub expires_at: Timestamp,
}

/// An open invitation, and who asks.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub invite: Invite,
    pub workspace: Workspace,
    /// The name of the person who made the link.
    pub person: String,
}

impl Handshake {
    /// Makes a link; its token is in the answer and nowhere else.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn make_invite(&self, link: NewLink) -> Result<(Invite, Secret), ConnectError> {
        let token = random();
        let new = NewInvite {
            workspace: link.workspace,
            created_by: link.created_by,
            name: link.name,
            token_hash: hash(token.expose()),
            networks: link.networks,
            max_uses: link.max_uses,
            expires_at: link.expires_at,
        };
        Ok((invites::create(self.store(), new).await?, token))
    }

    /// Opens a link by its token.
    ///
    /// # Errors
    /// [`ConnectError::UnknownInvite`], [`ConnectError::InviteEnded`]: also when who made it may not connect channels any more.
    pub async fn invitation(&self, token: &str) -> Result<Invitation, ConnectError> {
        let invitation = self.opened_invitation(token).await?;
        match invitation.invite.standing(self.now()) {
            Standing::Open => Ok(invitation),
            standing => Err(ConnectError::InviteEnded(Box::new(closed(standing)))),
        }
    }

    /// As [`Self::invitation`], also of a link that is used up: its last guest is told whose workspace it was.
    ///
    /// # Errors
    /// As [`Self::invitation`].
    pub async fn opened_invitation(&self, token: &str) -> Result<Invitation, ConnectError> {
        let invite = self.invite_of(token).await?;
        let ended = |standing| ConnectError::InviteEnded(Box::new(closed(standing)));
        match invite.standing(self.now()) {
            Standing::Open | Standing::UsedUp => {}
            standing => return Err(ended(standing)),
        }
        let member = workspaces::membership(self.store(), invite.workspace, invite.created_by).await?;
        let person = users::by_id(self.store(), invite.created_by).await?;
        match (member, person) {
            (Some((workspace, role)), Some(person)) if role.may(Permission::ManageChannels) => {
                Ok(Invitation { invite, workspace, person: person.name })
            }
            _ => Err(ended(Standing::Revoked)),
        }
    }

    /// The link that belongs to a token, whether or not it may still be used: what began with it can be finished.
    ///
    /// # Errors
    /// [`ConnectError::UnknownInvite`].
    pub async fn invite_of(&self, token: &str) -> Result<Invite, ConnectError> {
        invites::by_token_hash(self.store(), &hash(token)).await?.ok_or(ConnectError::UnknownInvite)
    }

    /// Starts connecting an account of a guest's. `browser` is the connect cookie's value, where there is one.
    ///
    /// # Errors
    /// [`ConnectError::NotInvited`] for another network, and those of [`Self::start`].
    pub async fn start_invited(
        &self,
        invitation: &Invitation,
        network: &str,
        way: Option<&str>,
        instance: Option<&str>,
        browser: Option<&str>,
    ) -> Result<Started, ConnectError> {
        let invite = &invitation.invite;
        if !invite.networks.iter().any(|invited| invited == network) {
            let fix = format!("Choose one of: {}.", invite.networks.join(", "));
            let said = "This invitation is not for that network.";
            return Err(ConnectError::NotInvited(Finding::error("/network", "invite.other_network", said, fix)));
        }
        let user = invite.created_by;
        let start = Start { workspace: invite.workspace, user, network, way, instance, channel: None, browser };
        Box::pin(self.begin(start, Starter::Invite(invite.id))).await
    }

    /// The workspace of an attempt that this guest may see.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`] for one that was not begun by a link, [`ConnectError::NotThisGuest`].
    pub async fn workspace_for(&self, attempt: AttemptId, guest: &Guest) -> Result<WorkspaceId, ConnectError> {
        let attempt = attempts::by_id(self.store(), attempt).await?;
        if !matches!(attempt.started_by, Starter::Invite(_)) {
            return Err(ConnectError::UnknownAttempt);
        }
        let guest = Asker::Guest(guest.clone());
        if guest.may_see(&attempt) { Ok(attempt.workspace) } else { Err(guest.refusal()) }
    }
}

/// Why a link connects nothing any more.
pub(crate) fn closed(standing: Standing) -> Diagnosis {
    Diagnosis::new(match standing {
        Standing::Expired => Code::InviteExpired,
        Standing::UsedUp => Code::InviteUsedUp,
        Standing::Open | Standing::Revoked => Code::InviteRevoked,
    })
}

/// A connect that came back elsewhere, for somebody who has no account here to sign in to.
pub(crate) fn of_guest(diagnosis: Diagnosis) -> Diagnosis {
    let cause = "The connect was started from an invite link in one browser, and this is another one.";
    let mut diagnosis = diagnosis.because(cause).offering(NextKind::None, "Open the invite link", None);
    diagnosis.fix = vec![
        "Open the invite link you were sent in this browser, come back to this page, and confirm the account."
            .to_owned(),
        "If nobody sent you an invite link, close this page: nothing is connected.".to_owned(),
    ];
    diagnosis
}
