//! Sending a file in pieces that can be taken up again
//! (<https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>, 2026, and
//! <https://github.com/kukhariev/node-uploadx/blob/master/proto.md>, which speaks the same): a session knows how much it has, and nothing
//! comes of the file before its last piece is there.

use crate::publish::{Cx, MediaItem, WHOLE};
use crate::{Detail, Refusal, call};
use bytes::Bytes;
use crier_net::Answer;
use std::time::Duration;

/// Bytes of a piece; a multiple of 256 KiB.
const PIECE: u64 = WHOLE;
const UPLOAD: Duration = Duration::from_secs(240);

/// A file on its way.
pub(crate) struct Session<'a> {
    pub address: &'a str,
    pub media: &'a MediaItem,
    /// What the pieces are said to be.
    pub mime: &'a str,
    pub refused: fn(&Answer) -> Refusal,
}

/// Where a session stands.
enum Stand {
    /// It has so many bytes.
    Has(u64),
    Done(Box<Answer>),
}

impl Session<'_> {
    /// Sends all but the last piece, if it does not have it yet.
    ///
    /// # Errors
    /// None that hides anything: without its last piece, nothing comes of the file.
    pub async fn prepare(&self, cx: &Cx<'_>) -> Result<(), Refusal> {
        let before_last = self.media.size.saturating_sub(1) / PIECE * PIECE;
        if before_last > 0 {
            self.send_up_to(cx, before_last).await.map_err(Refusal::harmless)?;
        }
        Ok(())
    }

    /// Sends what the session does not have yet, and gives its last answer.
    ///
    /// # Errors
    /// A lost answer is [`Refusal::Unknown`], of which the session will know. That the session has ended is
    /// [`Refusal::Content`] with status 404 or 410.
    pub async fn finish(&self, cx: &Cx<'_>) -> Result<Answer, Refusal> {
        let stalled = || Refusal::Temporary(Detail::new("the upload does not go on"));
        self.send_up_to(cx, self.media.size).await?.ok_or_else(stalled)
    }

    /// Sends the pieces up to `until`; the session's last answer, once it has given it.
    async fn send_up_to(&self, cx: &Cx<'_>, until: u64) -> Result<Option<Answer>, Refusal> {
        let total = self.media.size;
        let mut has = match self.put(cx, format!("bytes */{total}"), Bytes::new()).await? {
            Stand::Done(answer) => return Ok(Some(*answer)),
            Stand::Has(has) => has,
        };
        while has < until {
            let end = until.min(has + PIECE);
            let piece = cx.media.piece(self.media, has, end).await?;
            match self.put(cx, format!("bytes {has}-{}/{total}", end - 1), piece).await? {
                Stand::Done(answer) => return Ok(Some(*answer)),
                Stand::Has(now) if now > has && now <= total => has = now,
                Stand::Has(_) => return Err(Refusal::Temporary(Detail::new("the upload does not go on"))),
            }
        }
        Ok(None)
    }

    async fn put(&self, cx: &Cx<'_>, range: String, piece: Bytes) -> Result<Stand, Refusal> {
        let request = cx.net.put(self.address).bearer(cx.credentials.access_token.expose());
        let request = request.header("content-range", range).body(piece, self.mime).timeout(UPLOAD);
        call::judged(request, cx.credentials, |answer| stand(answer, self.refused)).await
    }
}

/// 308 with the range that is there; without one, nothing is.
fn stand(answer: Answer, refused: fn(&Answer) -> Refusal) -> Result<Stand, Refusal> {
    if answer.is_success() {
        return Ok(Stand::Done(Box::new(answer)));
    }
    if answer.status() != 308 {
        return Err(refused(&answer));
    }
    let last = answer.header("range").and_then(|range| range.rsplit_once('-')?.1.parse::<u64>().ok());
    Ok(Stand::Has(last.map_or(0, |last| last + 1)))
}
