//! WebM: elements in elements (RFC 8794, RFC 9559).

use super::{Film, Unreadable};
use crate::boxes::number;
use crier_model::FrameRate;
use std::io::{Read, Seek, SeekFrom};

const HEAD: u64 = 0x1A45_DFA3;
const DOC_TYPE: u64 = 0x4282;
const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_A966;
const SCALE: u64 = 0x002A_D7B1;
const DURATION: u64 = 0x4489;
const TRACKS: u64 = 0x1654_AE6B;
const TRACK: u64 = 0xAE;
const CODEC: u64 = 0x86;
const FRAME_LASTS: u64 = 0x0023_E383;
const VIDEO: u64 = 0xE0;
const WIDTH: u64 = 0xB0;
const HEIGHT: u64 = 0xBA;
const CLUSTER: u64 = 0x1F43_B675;
const CLUSTER_TIME: u64 = 0xE7;

/// In a second.
const NANOS: u64 = 1_000_000_000;
/// The heads that are read are some kilobytes.
const MAX_ELEMENT: u64 = 1024 * 1024;
const MAX_ELEMENTS: usize = 100_000;

/// Whether a file begins as WebM; Matroska, which is alike, is another type.
pub fn begins(head: &[u8]) -> bool {
    let kind = || {
        let (id, held, _) = elements(head).next()?;
        let (_, name, _) = elements(held).find(|(id, ..)| *id == DOC_TYPE)?;
        Some(id == HEAD && name == b"webm")
    };
    kind().unwrap_or(false)
}

pub fn read(file: &mut (impl Read + Seek), length: u64) -> Result<Film, Unreadable> {
    let cut = || Unreadable::Wrong("it is cut off");
    let (_, from, to) = head(file, 0)?.ok_or_else(cut)?;
    let (segment, mut at, end) = head(file, to.filter(|to| *to > from).ok_or_else(cut)?)?.ok_or_else(cut)?;
    if segment != SEGMENT || end.is_some_and(|end| end > length) {
        return Err(cut());
    }
    let mut film = Film { duration_ms: 0, width: 0, height: 0, codecs: Vec::new(), frame_rate: None };
    let (mut scale, mut last) = (1_000_000, 0);
    for _ in 0..MAX_ELEMENTS {
        let Some((id, from, to)) = head(file, at)?.filter(|_| at < end.unwrap_or(length)) else { break };
        // Only a live recording leaves the length of a cluster open; then those within follow one by one.
        let to = match to {
            Some(to) if to > length => return Err(cut()),
            Some(to) => to,
            None => from,
        };
        match id {
            INFO => {
                let held = held(file, from, to)?;
                let of = |wanted| elements(&held).find(|(id, ..)| *id == wanted).map(|(_, held, _)| held);
                scale = of(SCALE).map_or(scale, number).max(1);
                film.duration_ms = of(DURATION).map_or(0, |length| millis(float(length), scale));
            }
            TRACKS => tracks(&held(file, from, to)?, &mut film),
            CLUSTER => {
                let start = held(file, from, to.min(from + 64).min(length))?;
                last = elements(&start).find(|(id, ..)| *id == CLUSTER_TIME).map_or(last, |(_, time, _)| number(time));
            }
            _ => {}
        }
        at = to;
    }
    if film.duration_ms == 0 {
        // A recording that was never finished says where its last piece begins.
        #[allow(clippy::cast_precision_loss, reason = "milliseconds")]
        let last = last as f64;
        film.duration_ms = millis(last, scale);
    }
    Ok(film)
}

/// The element at a place: its id, where what it holds begins, and where it ends if it says so.
fn head(file: &mut (impl Read + Seek), at: u64) -> Result<Option<(u64, u64, Option<u64>)>, Unreadable> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(12).read_to_end(&mut bytes)?;
    Ok(element(&bytes).map(|(id, size, from)| {
        let from = at + from as u64;
        (id, from, size.map(|size| from.saturating_add(size)))
    }))
}

fn held(file: &mut (impl Read + Seek), from: u64, to: u64) -> Result<Vec<u8>, Unreadable> {
    if to - from > MAX_ELEMENT {
        return Err(Unreadable::Wrong("its head is too large"));
    }
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(to - from).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Id, size and where what is held begins; a size of all ones is unknown.
fn element(bytes: &[u8]) -> Option<(u64, Option<u64>, usize)> {
    let width = |byte: u8| usize::try_from(byte.leading_zeros()).map_or(9, |zeros| zeros + 1);
    let id_width = Some(width(*bytes.first()?)).filter(|width| *width <= 4)?;
    let id = number(bytes.get(..id_width)?);
    let size_width = Some(width(*bytes.get(id_width)?)).filter(|width| *width <= 8)?;
    let raw = number(bytes.get(id_width..id_width + size_width)?);
    let bits = (1u64 << (7 * size_width)) - 1;
    let size = raw & bits;
    Some((id, (size != bits).then_some(size), id_width + size_width))
}

/// The elements in a piece that is in memory: id, what it holds, and where it ends; the last may be cut off.
fn elements(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8], usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let (id, size, from) = element(rest)?;
        let to = size.and_then(|size| usize::try_from(size).ok()).map_or(rest.len(), |size| from.saturating_add(size));
        let held = rest.get(from..to.min(rest.len()))?;
        at += to;
        Some((id, held, at))
    })
}

fn tracks(held: &[u8], film: &mut Film) {
    for (_, track, _) in elements(held).filter(|(id, ..)| *id == TRACK) {
        let of = |wanted| elements(track).find(|(id, ..)| *id == wanted).map(|(_, held, _)| held);
        if let Some(video) = of(VIDEO).filter(|_| film.width == 0) {
            let pixels = |wanted| elements(video).find(|(id, ..)| *id == wanted).map_or(0, |(_, held, _)| number(held));
            film.width = u32::try_from(pixels(WIDTH)).unwrap_or_default();
            film.height = u32::try_from(pixels(HEIGHT)).unwrap_or_default();
            film.frame_rate = of(FRAME_LASTS).and_then(|lasts| FrameRate::of(1, number(lasts), NANOS));
        }
        let Some(codec) = of(CODEC) else { continue };
        let codec = match codec {
            b"V_VP8" => "vp8",
            b"V_VP9" => "vp9",
            b"V_AV1" => "av1",
            b"A_OPUS" => "opus",
            b"A_VORBIS" => "vorbis",
            other => &String::from_utf8_lossy(other).trim_end_matches('\0').to_lowercase(),
        };
        if !film.codecs.iter().any(|known| known == codec) {
            film.codecs.push(codec.to_owned());
        }
    }
}

fn float(bytes: &[u8]) -> f64 {
    match bytes {
        [a, b, c, d] => f32::from_be_bytes([*a, *b, *c, *d]).into(),
        bytes => bytes.try_into().map_or(0.0, f64::from_be_bytes),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "clamped")]
fn millis(ticks: f64, scale: u64) -> u64 {
    (ticks * scale as f64 / 1_000_000.0).clamp(0.0, 1e15) as u64
}
