//! Bringing a video to TikTok: it is begun, and then brought in pieces, in order.

use super::{API, Begun, State, ask, state};
use crate::publish::{Cx, MediaItem};
use crate::{Detail, Refusal, call};
use serde_json::{Value, json};
use std::time::Duration;

/// The size of a piece. A video of less than two pieces is brought whole; of a longer one the last piece takes what is left over.
const PIECE: u64 = 32 * 1024 * 1024;
const UPLOAD: Duration = Duration::from_secs(300);

/// How many pieces a video of this size has, and how large they are.
fn pieces(size: u64) -> (u64, u64) {
    if size < 2 * PIECE { (1, size) } else { (size / PIECE, PIECE) }
}

pub async fn begin(cx: &Cx<'_>, media: &MediaItem, info: Option<Value>) -> Result<Begun, Refusal> {
    let (count, piece) = pieces(media.size);
    let mut wish = json!({
        "source_info": {
            "source": "FILE_UPLOAD", "video_size": media.size, "chunk_size": piece, "total_chunk_count": count,
        },
    });
    let kind = match info {
        Some(info) => {
            wish["post_info"] = info;
            "video"
        }
        None => "inbox/video",
    };
    let request = cx.net.post(format!("{API}/post/publish/{kind}/init/")).json(&wish);
    ask(request, cx.credentials).await
}

/// Brings what is not yet there. One that was brought before goes its way already.
pub async fn bring(cx: &Cx<'_>, media: &MediaItem, begun: &Begun) -> Result<(), Refusal> {
    let none = || Refusal::Temporary(Detail::new("TikTok named no place for the video"));
    let place = begun.upload_url.as_deref().ok_or_else(none)?;
    let State { status, uploaded_bytes, .. } = state(cx, &begun.publish_id).await?;
    if status != "PROCESSING_UPLOAD" {
        return Ok(());
    }
    let size = media.size;
    let (count, piece) = pieces(size);
    for index in 0..count {
        let (start, end) = (index * piece, if index + 1 == count { size } else { (index + 1) * piece });
        if end <= uploaded_bytes {
            continue;
        }
        let content = cx.body_of(media, start, end).await?;
        let request = cx.net.put(place).header("content-range", format!("bytes {start}-{}/{size}", end - 1));
        let request = request.body(content, &media.mime).timeout(UPLOAD);
        // The place speaks for itself; the token is none of its business.
        call::send(request, cx.credentials, |refusal| refusal).await.map_err(Refusal::harmless)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{PIECE, pieces};

    #[test]
    fn no_piece_is_too_small_and_the_last_takes_the_rest() {
        assert_eq!(pieces(3), (1, 3));
        assert_eq!(pieces(2 * PIECE - 1), (1, 2 * PIECE - 1));
        assert_eq!(pieces(2 * PIECE), (2, PIECE));
        assert_eq!(pieces(3 * PIECE + 7), (3, PIECE));
    }
}
