//! Sending a file in pieces that can be taken up again
//! (<https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>, 2026): a session knows how much it has, and gives
//! what became of the file however often it is asked.

use crate::publish::{Cx, MediaItem};
use crate::{Detail, Refusal, call};
use bytes::Bytes;
use crier_net::Answer;
use std::time::Duration;

/// Bytes of a piece; a multiple of 256 KiB.
const PIECE: u64 = 16 * 1024 * 1024;
const UPLOAD: Duration = Duration::from_secs(240);

/// Where a session stands.
enum Stand {
    /// It has so many bytes.
    Has(u64),
    Done(Box<Answer>),
}

/// Sends what a session does not have yet, and gives its last answer.
///
/// # Errors
/// A lost answer is [`Refusal::Unknown`], of which the session will know. That the session has ended is
/// [`Refusal::Content`] with status 404 or 410.
pub(super) async fn send(
    cx: &Cx<'_>,
    session: &str,
    media: &MediaItem,
    refused: fn(&Answer) -> Refusal,
) -> Result<Answer, Refusal> {
    let total = media.size;
    let put = async |range: String, piece: Bytes| {
        let request = cx.net.put(session).bearer(cx.credentials.access_token.expose()).header("content-range", range);
        let request = request.body(piece, &media.mime).timeout(UPLOAD);
        call::judged(request, cx.credentials, |answer| stand(answer, refused)).await
    };
    let mut has = match put(format!("bytes */{total}"), Bytes::new()).await? {
        Stand::Done(answer) => return Ok(*answer),
        Stand::Has(has) => has,
    };
    while has < total {
        let end = total.min(has + PIECE);
        let piece = cx.media.piece(media, has, end).await?;
        match put(format!("bytes {has}-{}/{total}", end - 1), piece).await? {
            Stand::Done(answer) => return Ok(*answer),
            Stand::Has(now) if now > has && now <= total => has = now,
            Stand::Has(_) => break,
        }
    }
    Err(Refusal::Temporary(Detail::new("the upload does not go on")))
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
