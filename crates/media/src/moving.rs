//! Pictures that move: how long one round of them takes, and how many they are a second. Read from their blocks, without decoding.

use crate::{Kind, avif};
use crier_model::FrameRate;

/// What browsers show of a frame that asks for less: a tenth of a second (what is below 20 ms).
const SLOWEST_MS: u64 = 100;

/// How a picture moves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Motion {
    /// Of one round.
    pub duration_ms: u64,
    /// On the average; none where only the length is read.
    pub frame_rate: Option<FrameRate>,
}

/// How the picture moves; none where it stands still.
pub(crate) fn motion(kind: Kind, bytes: &[u8]) -> Option<Motion> {
    let frames = match kind {
        Kind::Gif => gif(bytes),
        Kind::WebP => webp(bytes),
        Kind::Png => png(bytes),
        Kind::Avif => return Some(Motion { duration_ms: avif::duration_ms(bytes)?, frame_rate: None }),
        _ => return None,
    };
    let duration_ms = frames.iter().map(|ms| if *ms < 20 { SLOWEST_MS } else { *ms }).sum();
    (frames.len() > 1)
        .then(|| Motion { duration_ms, frame_rate: FrameRate::of(frames.len() as u64, duration_ms, 1000) })
}

/// The delays of a GIF's frames (GIF89a, 20 and 23).
fn gif(bytes: &[u8]) -> Vec<u64> {
    let table = |packed: u8| if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) };
    let mut frames = Vec::new();
    let mut walk = || {
        let (mut at, mut delay) = (13 + table(*bytes.get(10)?), 0);
        loop {
            match *bytes.get(at)? {
                0x21 => {
                    if *bytes.get(at + 1)? == 0xF9 {
                        delay = 10 * u64::from(u16::from_le_bytes([*bytes.get(at + 4)?, *bytes.get(at + 5)?]));
                    }
                    at += 2;
                }
                0x2C => {
                    frames.push(delay);
                    delay = 0;
                    at += 10 + table(*bytes.get(at + 9)?) + 1;
                }
                _ => return None::<()>,
            }
            // The data, in blocks that end with an empty one.
            loop {
                let length = usize::from(*bytes.get(at)?);
                at += 1 + length;
                if length == 0 {
                    break;
                }
            }
        }
    };
    walk();
    frames
}

/// The delays of a WebP's frames (RFC 9649, 2.7.1.1).
fn webp(bytes: &[u8]) -> Vec<u64> {
    let (mut frames, mut rest) = (Vec::new(), bytes.get(12..).unwrap_or_default());
    while let Some((head, held)) = rest.split_first_chunk::<8>() {
        if let (b"ANMF", Some(&[a, b, c])) = (&head[..4], held.get(12..15)) {
            frames.push(u64::from(u32::from_le_bytes([a, b, c, 0])));
        }
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        rest = held.get(size + size % 2..).unwrap_or_default();
    }
    frames
}

/// The delays of an animated PNG's frames (PNG third edition, 11.3.6.2).
fn png(bytes: &[u8]) -> Vec<u64> {
    let (mut frames, mut rest) = (Vec::new(), bytes.get(8..).unwrap_or_default());
    while let Some((head, held)) = rest.split_first_chunk::<8>() {
        if let (b"fcTL", Some(&[a, b, c, d])) = (&head[4..], held.get(20..24)) {
            let (parts, of) = (u64::from(u16::from_be_bytes([a, b])), u64::from(u16::from_be_bytes([c, d])));
            frames.push(parts * 1000 / if of == 0 { 100 } else { of });
        }
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        rest = held.get(size.saturating_add(4)..).unwrap_or_default();
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Delay, Frame, RgbaImage, codecs::gif::GifEncoder};
    use std::time::Duration;

    fn frames(count: usize, ms: u64) -> Vec<u8> {
        let frame = || {
            Frame::from_parts(RgbaImage::new(4, 4), 0, 0, Delay::from_saturating_duration(Duration::from_millis(ms)))
        };
        let mut bytes = Vec::new();
        GifEncoder::new(&mut bytes).encode_frames((0..count).map(|_| frame())).unwrap();
        bytes
    }

    fn moves(duration_ms: u64, per_second: u32) -> Option<Motion> {
        Some(Motion { duration_ms, frame_rate: Some(FrameRate::per_second(per_second)) })
    }

    #[test]
    fn a_moving_picture_lasts_as_long_as_its_frames_and_one_frame_stands_still() {
        assert_eq!(motion(Kind::Gif, &frames(3, 200)), moves(600, 5));
        assert_eq!(motion(Kind::Gif, &frames(2, 0)), moves(200, 10));
        assert_eq!(motion(Kind::Gif, &frames(1, 200)), None);
        assert_eq!(motion(Kind::Jpeg, &[]), None);
    }

    #[test]
    fn frames_of_webp_and_png_are_counted_by_their_chunks() {
        let mut webp = b"RIFF\0\0\0\0WEBP".to_vec();
        for ms in [40u8, 60] {
            webp.extend(b"ANMF\x10\0\0\0");
            webp.extend([0; 12]);
            webp.extend([ms, 0, 0, 0]);
        }
        assert_eq!(motion(Kind::WebP, &webp), moves(100, 20));
        let mut png = vec![0; 8];
        for _ in 0..2 {
            png.extend(b"\0\0\0\x1afcTL");
            png.extend([0; 20]);
            png.extend([0, 1, 0, 4, 0, 0]);
            png.extend([0; 4]);
        }
        assert_eq!(motion(Kind::Png, &png), moves(500, 4));
    }
}
