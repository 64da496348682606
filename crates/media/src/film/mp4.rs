//! MP4 and QuickTime: boxes in boxes (ISO/IEC 14496-12; QuickTime File Format, 2012).

use super::{Film, FilmKind, Unreadable};
use crate::boxes::{boxes, inside, number};
use crier_model::FrameRate;
use std::io::{Read, Seek, SeekFrom};

/// The index of a film is some megabytes for hours; one that is larger is no film for a network.
const MAX_INDEX: u64 = 64 * 1024 * 1024;
/// Boxes at the top of a file; a fragmented film has two for some seconds each.
const MAX_BOXES: usize = 100_000;

/// Brands of files that look alike and are none: pictures and sound.
const OTHERS: [&[u8; 4]; 12] =
    [b"avif", b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"M4A ", b"M4B "];
/// What a QuickTime film without a brand begins with.
const OLD: [&[u8; 4]; 5] = [b"moov", b"mdat", b"wide", b"free", b"skip"];

/// The kind that the head of a file tells.
pub fn kind(head: &[u8]) -> Option<FilmKind> {
    let name: &[u8; 4] = head.get(4..8)?.try_into().ok()?;
    if name != b"ftyp" {
        return OLD.contains(&name).then_some(FilmKind::QuickTime);
    }
    let brand: &[u8; 4] = head.get(8..12)?.try_into().ok()?;
    match brand {
        b"qt  " => Some(FilmKind::QuickTime),
        other if OTHERS.contains(&other) => None,
        _ => Some(FilmKind::Mp4),
    }
}

/// A box: its name, and where what it holds begins and ends.
struct Boxed {
    name: [u8; 4],
    from: u64,
    to: u64,
}

pub fn read(file: &mut (impl Read + Seek), length: u64) -> Result<Film, Unreadable> {
    let (mut at, mut index, mut media, mut fragment) = (0, None, false, None);
    for _ in 0..MAX_BOXES {
        let Some(next) = head(file, at, length)? else { break };
        if next.to > length {
            return Err(Unreadable::Wrong("it is cut off"));
        }
        let to = next.to;
        match &next.name {
            b"moov" if next.to - next.from > MAX_INDEX => return Err(Unreadable::Wrong("its index is too large")),
            b"moov" => index = Some(held(file, &next)?),
            b"mdat" => media = true,
            b"moof" => fragment = Some(next),
            _ => {}
        }
        at = to;
    }
    let index = index.ok_or(Unreadable::Wrong("it has no index"))?;
    if !media {
        return Err(Unreadable::Wrong("it has no pictures in it"));
    }
    let mut film = film(&index).ok_or(Unreadable::Wrong("its index can’t be read"))?;
    let is_told = film.duration_ms > 0 && film.frame_rate.is_some();
    if let Some(last) = fragment.filter(|last| !is_told && last.to - last.from <= MAX_INDEX) {
        let last = held(file, &last)?;
        if film.duration_ms == 0 {
            film.duration_ms = pieces(&last, &index).filter_map(|piece| piece.end()).max().unwrap_or(0);
        }
        film.frame_rate = film.frame_rate.or_else(|| pieces(&last, &index).find_map(|piece| piece.frame_rate()));
    }
    Ok(film)
}

fn held(file: &mut (impl Read + Seek), of: &Boxed) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = vec![0; usize::try_from(of.to - of.from).unwrap_or_default()];
    file.seek(SeekFrom::Start(of.from))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What a fragment has of one track.
struct Piece<'a> {
    track: &'a [u8],
    /// Ticks a second.
    scale: u64,
    /// In ticks.
    begins: u64,
    /// In ticks.
    lasts: u64,
    samples: u64,
}

impl Piece<'_> {
    /// When it ends, in milliseconds.
    fn end(&self) -> Option<u64> {
        self.begins.checked_add(self.lasts)?.checked_mul(1000)?.checked_div(self.scale)
    }

    /// Of pictures.
    fn frame_rate(&self) -> Option<FrameRate> {
        let is_picture = handler(self.track) == Some(b"vide");
        FrameRate::of(self.samples, self.lasts, self.scale).filter(|_| is_picture)
    }
}

/// The pieces of a fragment.
fn pieces<'a>(fragment: &'a [u8], index: &'a [u8]) -> impl Iterator<Item = Piece<'a>> {
    boxes(fragment).filter(|(name, _)| *name == b"traf").filter_map(|(_, part)| {
        let head = inside(part, &[b"tfhd"])?;
        let is_its = |track: &[u8]| {
            let of = inside(track, &[b"tkhd"]);
            of.and_then(|of| of.get(track_id(of)..track_id(of) + 4)) == head.get(4..8)
        };
        let (_, track) = boxes(index).find(|(name, held)| *name == b"trak" && is_its(held))?;
        let (scale, _) = times(inside(track, &[b"mdia", b"mdhd"])?)?;
        let begins = inside(part, &[b"tfdt"])?;
        let begins = number(if *begins.first()? == 1 { begins.get(4..12)? } else { begins.get(4..8)? });
        let runs = boxes(part).filter(|(name, _)| *name == b"trun").filter_map(|(_, run)| run_length(run, usual(head)));
        let (samples, lasts) = runs.fold((0u64, 0u64), |(samples, lasts), (more, longer)| {
            (samples.saturating_add(more), lasts.saturating_add(longer))
        });
        Some(Piece { track, scale, begins, lasts, samples })
    })
}

/// Where the head of a track has its id.
fn track_id(head: &[u8]) -> usize {
    if head.first() == Some(&1) { 20 } else { 12 }
}

/// How long a sample of a fragment's track usually is, as its head says (14496-12, 8.8.7).
fn usual(head: &[u8]) -> u64 {
    let flags = head.get(1..4).map_or(0, number);
    let before = 8 + if flags & 1 == 0 { 0 } else { 8 } + if flags & 2 == 0 { 0 } else { 4 };
    if flags & 8 == 0 { 0 } else { head.get(before..before + 4).map_or(0, number) }
}

/// How many samples a run has and how long they are together (14496-12, 8.8.8).
fn run_length(run: &[u8], usual: u64) -> Option<(u64, u64)> {
    let (flags, count) = (number(run.get(1..4)?), number(run.get(4..8)?));
    if flags & 0x100 == 0 {
        return Some((count, count.checked_mul(usual)?));
    }
    let from = 8 + if flags & 1 == 0 { 0 } else { 4 } + if flags & 4 == 0 { 0 } else { 4 };
    let each = 4 * usize::try_from((flags >> 8 & 0xF).count_ones()).ok()?;
    let samples = run.get(from..)?.chunks_exact(each).take(usize::try_from(count).ok()?);
    Some(samples.fold((0, 0), |(count, lasts), sample| (count + 1, lasts + number(&sample[..4]))))
}

/// The box at a place of the file; none at its end.
fn head(file: &mut (impl Read + Seek), at: u64, length: u64) -> Result<Option<Boxed>, Unreadable> {
    if at + 8 > length {
        // Some writers leave a few bytes behind.
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut head = [0; 16];
    file.read_exact(&mut head[..8])?;
    let name = [head[4], head[5], head[6], head[7]];
    let (size, from) = match number(&head[..4]) {
        0 => (length - at, at + 8),
        1 => {
            file.read_exact(&mut head[8..])?;
            (number(&head[8..]), at + 16)
        }
        size => (size, at + 8),
    };
    let to = at.checked_add(size).filter(|to| *to >= from).ok_or(Unreadable::Wrong("its boxes are damaged"))?;
    Ok(Some(Boxed { name, from, to }))
}

fn film(index: &[u8]) -> Option<Film> {
    let duration_ms = whole_length(index).unwrap_or(0);
    let mut film = Film { duration_ms, width: 0, height: 0, codecs: Vec::new(), frame_rate: None };
    for (_, track) in boxes(index).filter(|(name, _)| *name == b"trak") {
        let handler = handler(track)?;
        if handler != b"vide" && handler != b"soun" {
            continue;
        }
        let Some(described) = inside(track, &[b"mdia", b"minf", b"stbl", b"stsd"]) else { continue };
        // Its version and flags, and how many descriptions follow.
        let Some((coding, sample)) = boxes(described.get(8..)?).next() else { continue };
        let codec = codec(coding, sample);
        if handler == b"vide" {
            // A cover picture is a track of its own.
            if film.width > 0 || ["jpeg", "png"].contains(&codec.as_str()) {
                continue;
            }
            let size = |at: usize| Some(u32::try_from(number(sample.get(at..at + 2)?)).unwrap_or_default());
            (film.width, film.height) = (size(24)?, size(26)?);
            if is_turned(inside(track, &[b"tkhd"])?) {
                (film.width, film.height) = (film.height, film.width);
            }
            film.frame_rate = frame_rate(track);
        }
        film.duration_ms = film.duration_ms.max(track_length(track).unwrap_or(0));
        if !film.codecs.contains(&codec) {
            film.codecs.push(codec);
        }
    }
    Some(film)
}

/// Of the whole film, in milliseconds; a fragmented one says it in another place.
fn whole_length(index: &[u8]) -> Option<u64> {
    let head = inside(index, &[b"mvhd"])?;
    let (scale, length) = times(head)?;
    let fragments = || Some(number(inside(index, &[b"mvex", b"mehd"])?.get(4..)?));
    let length = if length == 0 { fragments()? } else { length };
    length.checked_mul(1000)?.checked_div(scale)
}

fn track_length(track: &[u8]) -> Option<u64> {
    let (scale, length) = times(inside(track, &[b"mdia", b"mdhd"])?)?;
    length.checked_mul(1000)?.checked_div(scale)
}

/// What a track is of: `vide`, `soun` or something else.
fn handler(track: &[u8]) -> Option<&[u8]> {
    inside(track, &[b"mdia", b"hdlr"])?.get(8..12)
}

/// Of a track whose samples are told in the index (14496-12, 8.6.1.2); those of a fragmented film are not.
fn frame_rate(track: &[u8]) -> Option<FrameRate> {
    let (scale, _) = times(inside(track, &[b"mdia", b"mdhd"])?)?;
    let lengths = inside(track, &[b"mdia", b"minf", b"stbl", b"stts"])?;
    let entries = lengths.get(8..)?.chunks_exact(8).map(|entry| (number(&entry[..4]), number(&entry[4..])));
    let (frames, ticks) = entries.fold((0, 0u64), |(frames, ticks), (count, each)| {
        (frames + count, ticks.saturating_add(count.saturating_mul(each)))
    });
    FrameRate::of(frames, ticks, scale)
}

/// Ticks a second and length in ticks, of a head in either version.
fn times(head: &[u8]) -> Option<(u64, u64)> {
    let (scale, length) = if *head.first()? == 1 {
        (head.get(20..24)?, head.get(24..32)?)
    } else {
        (head.get(12..16)?, head.get(16..20)?)
    };
    let length = if length.iter().all(|byte| *byte == 0xFF) { 0 } else { number(length) };
    Some((number(scale), length))
}

/// Whether a track is shown a quarter turned: its matrix has nothing on the diagonal.
fn is_turned(head: &[u8]) -> bool {
    let matrix = if head.first() == Some(&1) { 52 } else { 40 };
    let at = |place: usize| head.get(matrix + place * 4..matrix + place * 4 + 4).map(number);
    at(0) == Some(0) && at(4) == Some(0) && at(1) != Some(0)
}

/// How a coding is commonly called.
fn codec(coding: &[u8], sample: &[u8]) -> String {
    let name = match coding {
        b"avc1" | b"avc3" => "h264",
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "hevc",
        b"av01" => "av1",
        b"vp08" => "vp8",
        b"vp09" => "vp9",
        b"mp4a" => sound(sample),
        b"Opus" => "opus",
        b"fLaC" => "flac",
        b"ac-3" => "ac3",
        b"ec-3" => "eac3",
        b".mp3" => "mp3",
        b"mp4v" => "mpeg4",
        b"png " => "png",
        other => return String::from_utf8_lossy(other).trim().to_lowercase(),
    };
    name.to_owned()
}

/// Of `mp4a`, which is AAC unless its descriptor says MP3 (ISO/IEC 14496-1, 7.2.6.6).
fn sound(sample: &[u8]) -> &'static str {
    let esds = sample.windows(4).position(|name| name == b"esds").map(|at| &sample[at..]);
    // The decoder's configuration: its tag, its length in one to four bytes, and the kind.
    let kind = esds.and_then(|esds| {
        let at = esds.iter().position(|byte| *byte == 0x04)?;
        esds.get(at + 1..)?.iter().position(|byte| byte & 0x80 == 0).and_then(|more| esds.get(at + 2 + more))
    });
    if matches!(kind, Some(0x69 | 0x6B)) { "mp3" } else { "aac" }
}
