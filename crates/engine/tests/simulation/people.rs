//! People, who look every few hours at what waits for them and decide.

use crate::year::Year;
use crier_model::publication::{PublicationState as State, held};
use crier_store::publications::{self, Publication};
use jiff::SignedDuration;

/// How long they leave something lying.
const PATIENCE: SignedDuration = SignedDuration::from_hours(3);

pub async fn look(year: &Year) {
    for channel in year.channels.values() {
        for state in [State::Held, State::Unconfirmed, State::Failed] {
            for publication in publications::on_channel(&year.store, *channel, state, 100).await.unwrap() {
                if year.now().duration_since(publication.updated_at) > PATIENCE {
                    decide(year, &publication).await;
                }
            }
        }
    }
}

async fn decide(year: &Year, publication: &Publication) {
    let (store, workspace, id) = (&year.store, year.workspace, publication.id);
    let code = publication.reason.as_ref().map_or("", |reason| reason.code.as_str());
    match publication.state {
        State::Unconfirmed => {
            let texts = &year.planned.iter().find(|planned| planned.publication == id).unwrap().texts;
            let is_there = {
                let state = year.world.state.lock().unwrap();
                texts.iter().all(|text| state.seen.iter().any(|seen| seen.text == *text))
            };
            if is_there {
                publications::resolve_published(store, workspace, id, "https://network.test/1", None).await.unwrap();
            } else {
                publications::resolve_send_again(store, workspace, id).await.unwrap();
            }
        }
        // These end by themselves.
        State::Held if [held::RECONNECT, held::PAUSED, held::CAP].contains(&code) => {}
        // Every other is not worth it any more.
        _ if publication.version % 2 == 0 => {
            publications::cancel(store, workspace, id).await.unwrap();
        }
        _ => {
            publications::retry(store, workspace, id, year.now()).await.unwrap();
        }
    }
}
