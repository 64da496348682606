//! Posts that come again: occurrences of series and turns of evergreen queues, written when they have come near.

use crate::work::{Done, Handler, HandlerError, subject};
use async_trait::async_trait;
use crier_store::{Store, due, evergreen, posts::series};

/// Does the work of kind [`due::kind::REPEAT`].
#[derive(Debug, Clone)]
pub struct Repeats(pub Store);

/// Does the work of kind [`due::kind::EVERGREEN`].
#[derive(Debug, Clone)]
pub struct Evergreens(pub Store);

#[async_trait]
impl Handler for Repeats {
    fn kind(&self) -> &'static str {
        due::kind::REPEAT
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        series::make_ahead(&self.0, subject(work)?, work.fence).await?;
        Ok(Done::Settled)
    }
}

#[async_trait]
impl Handler for Evergreens {
    fn kind(&self) -> &'static str {
        due::kind::EVERGREEN
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        evergreen::take_turn(&self.0, subject(work)?, work.fence).await?;
        Ok(Done::Settled)
    }
}
