//! Every app is a bot, too: accounts write to it, and it answers. As with Telegram's, one program at a time reads what a bot is
//! told, and a message is given again until the program asks for those after it.

use std::collections::{HashSet, VecDeque};

use jiff::Timestamp;

use crate::accounts::AccountId;

/// Of all chats together; older ones are forgotten, and so are all at a restart.
const KEPT: usize = 500;
pub(crate) const TEXT_MAX: usize = 1000;
/// With this an account lets the bot post as it.
pub(crate) const CONNECT: &str = "/connect ";

#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) client_id: String,
    pub(crate) account: AccountId,
    pub(crate) by_bot: bool,
    pub(crate) text: String,
    /// The access token that comes with a [`CONNECT`].
    pub(crate) token: Option<String>,
    pub(crate) at: Timestamp,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Chats {
    last: u64,
    messages: VecDeque<Message>,
    /// Up to which message each bot has taken what it was told.
    taken: std::collections::HashMap<String, u64>,
    listening: HashSet<String>,
}

impl Chats {
    pub(crate) fn add(&mut self, message: Message) {
        self.last += 1;
        self.messages.push_back(Message { id: self.last, ..message });
        if self.messages.len() > KEPT {
            self.messages.pop_front();
        }
    }

    /// What a bot was told and has not taken; `after` takes everything up to it.
    pub(crate) fn told(&mut self, client_id: &str, after: Option<u64>) -> Vec<Message> {
        let taken = self.taken.entry(client_id.to_owned()).or_default();
        *taken = (*taken).max(after.unwrap_or_default());
        let is_new = |message: &&Message| message.client_id == client_id && !message.by_bot && message.id > *taken;
        self.messages.iter().filter(is_new).cloned().collect()
    }

    /// A chat, oldest first.
    pub(crate) fn between(&self, client_id: &str, account: AccountId) -> Vec<&Message> {
        self.messages.iter().filter(|it| it.client_id == client_id && it.account == account).collect()
    }

    /// Takes the one place from which a bot is read; false when it is taken.
    pub(crate) fn sit(&mut self, client_id: &str) -> bool {
        self.listening.insert(client_id.to_owned())
    }

    pub(crate) fn leave(&mut self, client_id: &str) {
        self.listening.remove(client_id);
    }
}
