//! Asking relays to delete (NIP-09): they and the apps that heard of the note may heed it or not.

use super::event::Key;
use super::{Nostr, hand_over, note, relays_of};
use crate::afterwards::{Account, Delete};
use crate::publish::Sent;
use crate::{Refusal, connect::Facts};
use async_trait::async_trait;

/// A request for deletion.
const KIND: u16 = 5;

#[async_trait]
impl Delete for Nostr {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let key = Key::of(&account.credentials.access_token)?;
        // Those that took the note, where that is known.
        let took: Option<&Facts> = sent.data.as_object();
        let relays = relays_of(took.filter(|told| told.contains_key(super::RELAYS_FACT)).unwrap_or(account.facts));
        let tags = vec![vec!["e".to_owned(), sent.remote_id.clone()], vec!["k".to_owned(), note::KIND.to_string()]];
        let event = key.sign(account.now.as_second(), KIND, tags, String::new())?;
        hand_over(account.net, account.now, &key, &relays, &event).await.map(drop)
    }
}
