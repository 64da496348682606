//! `GET /events`: tells an open timeline that there is something new.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _};
use tokio_stream::wrappers::BroadcastStream;

use crate::state::Shared;

pub(crate) async fn events(State(shared): State<Shared>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut closing = shared.closing();
    let ended = async move {
        // An error means that the state is gone, which ends the stream as well.
        let _ = closing.wait_for(|closing| *closing).await;
    };
    // Having missed some news is news, too.
    let news = BroadcastStream::new(shared.news())
        .map(|_| Ok(Event::default().event("timeline").data("changed")))
        .take_until(Box::pin(ended));
    Sse::new(news).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}
