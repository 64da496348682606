//! Whether a file fits a network, and what is to be made of it where it does not. The check says it to people and the engine
//! does it, by the same function.

use crate::{
    check::{megabytes, short_type},
    publish::MediaItem,
};
use crier_model::{
    Finding,
    rendition::{Fit, Recipe},
    rules::{MediaKind, MediaRules},
};

/// Types that can be made of a picture, the best first.
const PICTURES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];
/// The one type of pictures that move of which others are made.
const GIF: &str = "image/gif";
/// The type that is made of a video.
const FILM: &str = "video/mp4";
/// What a made video is coded in.
const CODECS: [&str; 2] = ["h264", "aac"];
/// Fewer bits a second show nothing.
const FEWEST_BITS: u64 = 250_000;

/// Something that speaks against a file as it is.
struct Wrong {
    code: &'static str,
    message: String,
    fix: String,
}

impl Wrong {
    fn new(code: &'static str, message: String, fix: impl Into<String>) -> Self {
        Self { code, message, fix: fix.into() }
    }

    fn at(self, pointer: &str) -> Box<Finding> {
        Box::new(Finding::error(pointer, self.code, self.message, self.fix))
    }
}

/// What becomes of a file on its way to a network called `name`.
///
/// # Errors
/// Why it can't go, where nothing that fits can be made of it.
pub fn fit(name: &str, rules: &MediaRules, item: &MediaItem, pointer: &str) -> Result<Fit, Box<Finding>> {
    let own = rules.kinds.iter().find(|kind| kind.mime.contains(&item.mime));
    let Some(kind) = own.or_else(|| made_kind(rules, item)) else {
        return Err(not_taken(name, rules, item).at(pointer));
    };
    if let Some(wrong) = incurable(name, kind, item) {
        return Err(wrong.at(pointer));
    }
    let wrong = match own {
        Some(kind) => curable(name, kind, item),
        None => Some(not_taken(name, rules, item)),
    };
    let Some(wrong) = wrong else { return Ok(Fit::AsItIs) };
    match recipe(kind, item) {
        Some(recipe) if item.convertible => Ok(Fit::Made(recipe)),
        _ => Err(said_of_making(wrong, item).at(pointer)),
    }
}

/// The kind that another file made of this one would be of.
fn made_kind<'a>(rules: &'a MediaRules, item: &MediaItem) -> Option<&'a MediaKind> {
    if !item.convertible {
        return None;
    }
    let made: &[&str] = if item.is_film() || item.is_moving_gif() { &[FILM] } else { &PICTURES };
    let kind = |mime: &&str| rules.kinds.iter().find(|kind| kind.mime.iter().any(|taken| taken == mime));
    made.iter().find_map(kind).filter(|kind| kind.of_gifs || !item.is_moving_gif())
}

fn not_taken(name: &str, rules: &MediaRules, item: &MediaItem) -> Wrong {
    let taken = rules.kinds.iter().flat_map(|kind| &kind.mime).map(|mime| short_type(mime));
    let taken = taken.collect::<Vec<_>>().join(", ");
    let message = format!("{name} does not take {} files ({}).", short_type(&item.mime), item.name);
    Wrong::new("media.type", message, format!("Use one of these: {taken}."))
}

/// What no other size or coding mends: shape and length are the maker's choice, and nothing is gained by enlarging.
fn incurable(name: &str, kind: &MediaKind, item: &MediaItem) -> Option<Wrong> {
    wrong_shape(name, kind, item).or_else(|| too_small(name, kind, item)).or_else(|| wrong_length(name, kind, item))
}

fn wrong_shape(name: &str, kind: &MediaKind, item: &MediaItem) -> Option<Wrong> {
    let (width, height) = (item.width, item.height);
    // A size of 0 is an unknown one.
    if width == 0 || height == 0 {
        return None;
    }
    let what = short_type(&item.mime);
    let (short, long) = (width.min(height), width.max(height));
    if let Some(max) = kind.max_ratio.filter(|max| long > short.saturating_mul(*max)) {
        let message = format!("{name} takes {what} files up to {max} times as long as wide; {} is longer.", item.name);
        return Some(Wrong::new("media.ratio", message, "Crop it so that its sides differ less."));
    }
    let (narrow, wide) = (kind.narrowest, kind.widest);
    if let Some(least) = narrow.filter(|least| least.is_missed_by(width, height)) {
        let shape = shape(least.width, least.height);
        let message = format!("{name} takes {what} files of {shape} or wider; {} is narrower.", item.name);
        return Some(Wrong::new("media.ratio", message, format!("Crop it to {shape} or wider.")));
    }
    let most = wide.filter(|most| most.is_passed_by(width, height))?;
    let shape = shape(most.width, most.height);
    let message = format!("{name} takes {what} files of {shape} or narrower; {} is wider.", item.name);
    Some(Wrong::new("media.ratio", message, format!("Crop it to {shape} or narrower.")))
}

/// `191:100` → `1.91:1`, as people say it.
fn shape(width: u32, height: u32) -> String {
    let hundredths = u64::from(width) * 100 / u64::from(height.max(1));
    match (height, width) {
        (100, _) => format!("{}.{:02}:1", hundredths / 100, hundredths % 100),
        (_, 100) => {
            let hundredths = u64::from(height) * 100 / u64::from(width.max(1));
            format!("1:{}.{:02}", hundredths / 100, hundredths % 100)
        }
        _ => format!("{width}:{height}"),
    }
}

fn too_small(name: &str, kind: &MediaKind, item: &MediaItem) -> Option<Wrong> {
    let short = item.width.min(item.height);
    let min = kind.min_side.filter(|min| short > 0 && short < *min)?;
    let what = short_type(&item.mime);
    let message = format!("{name} takes {what} files of at least {min} pixels a side; {} has {short}.", item.name);
    Some(Wrong::new("media.too_small", message, "Use a larger one."))
}

fn wrong_length(name: &str, kind: &MediaKind, item: &MediaItem) -> Option<Wrong> {
    // A length of 0 is an unknown one, or that of what stands still.
    let lasts = Some(item.duration_ms).filter(|lasts| *lasts > 0)?;
    let (has, file) = (length(lasts), &item.name);
    if let Some(max) = kind.max_duration_ms.filter(|max| lasts > *max).map(length) {
        let message = format!("{name} takes videos of up to {max}; {file} lasts {has}.");
        return Some(Wrong::new("media.too_long", message, format!("Cut it to {max}.")));
    }
    let min = kind.min_duration_ms.filter(|min| lasts < *min).map(length)?;
    let message = format!("{name} takes videos of at least {min}; {file} lasts {has}.");
    Some(Wrong::new("media.too_short", message, format!("Use one of at least {min}.")))
}

/// `140000` → `2:20 minutes`.
fn length(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 if !ms.is_multiple_of(1000) => format!("{seconds}.{} seconds", ms % 1000 / 100),
        0..60 => format!("{seconds} seconds"),
        60..3600 if seconds.is_multiple_of(60) => format!("{} minutes", seconds / 60),
        60..3600 => format!("{}:{:02} minutes", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02} hours", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// What another size or coding mends.
fn curable(name: &str, kind: &MediaKind, item: &MediaItem) -> Option<Wrong> {
    let what = short_type(&item.mime);
    if item.size > kind.max_bytes {
        let (max, size) = (megabytes(kind.max_bytes), megabytes(item.size));
        let message = format!("{name} takes {what} files up to {max}; {} has {size}.", item.name);
        return Some(Wrong::new("media.too_large", message, format!("Make it smaller than {max}.")));
    }
    let sides = [("wide", item.width, kind.max_width), ("high", item.height, kind.max_height)];
    let over = sides.into_iter().find_map(|(word, has, max)| Some((word, has, max.filter(|max| has > *max)?)));
    if let Some((word, has, max)) = over {
        let message = format!("{name} takes {what} files up to {max} pixels {word}; {} is {has}.", item.name);
        return Some(Wrong::new("media.too_large", message, format!("Scale it to at most {max} pixels {word}.")));
    }
    let pixels = u64::from(item.width) * u64::from(item.height);
    if let Some(max) = kind.max_pixels.filter(|max| pixels > *max) {
        let message = format!("{name} takes {what} files of up to {max} pixels in all; {} has {pixels}.", item.name);
        return Some(Wrong::new("media.too_large", message, "Scale it down."));
    }
    let together = item.width.saturating_add(item.height);
    if let Some(max) = kind.max_sides.filter(|max| together > *max) {
        let message =
            format!("{name} takes {what} files whose sides are {max} pixels together; {} has {together}.", item.name);
        let fix = format!("Scale it until width and height are at most {max} pixels together.");
        return Some(Wrong::new("media.too_large", message, fix));
    }
    wrong_coding(name, kind, item).or_else(|| wrong_frame_rate(name, kind, item))
}

fn wrong_coding(name: &str, kind: &MediaKind, item: &MediaItem) -> Option<Wrong> {
    let other = item.codecs.iter().find(|codec| !kind.codecs.is_empty() && !kind.codecs.contains(codec))?;
    let (what, taken) = (short_type(&item.mime), kind.codecs.join(", "));
    let message = format!("{name} takes {what} files coded in {taken}; {} is coded in {other}.", item.name);
    Some(Wrong::new("media.codec", message, "Export it as MP4 with H.264 and AAC."))
}

fn wrong_frame_rate(name: &str, kind: &MediaKind, item: &MediaItem) -> Option<Wrong> {
    let (has, file) = (item.frame_rate?, &item.name);
    if let Some(max) = kind.max_frame_rate.filter(|max| has.rounded() > *max) {
        let message = format!("{name} takes videos of up to {max} frames a second; {file} has {has}.");
        return Some(Wrong::new("media.frame_rate", message, format!("Export it with {max} frames a second.")));
    }
    let min = kind.min_frame_rate.filter(|min| has.rounded() < *min)?;
    let message = format!("{name} takes videos of at least {min} frames a second; {file} has {has}.");
    Some(Wrong::new("media.frame_rate", message, format!("Export it with {min} frames a second.")))
}

/// What is to be made of the file to be of this kind; none where nothing can be.
fn recipe(kind: &MediaKind, item: &MediaItem) -> Option<Recipe> {
    let takes = |mime: &str| kind.mime.iter().any(|taken| taken == mime);
    let mime = if item.is_moving_gif() && takes(GIF) {
        vec![GIF.to_owned()]
    } else if item.is_film() || item.is_moving_gif() {
        let coded = kind.codecs.is_empty() || CODECS.iter().all(|codec| kind.codecs.iter().any(|it| it == codec));
        let bits = kind.max_bytes.saturating_mul(8000).checked_div(item.duration_ms).unwrap_or(u64::MAX);
        if !takes(FILM) || !coded || bits < FEWEST_BITS {
            return None;
        }
        vec![FILM.to_owned()]
    } else {
        // What has lost nothing so far need not lose anything now.
        let own = PICTURES.into_iter().find(|mime| *mime == item.mime && takes(mime));
        let others = PICTURES.into_iter().filter(|mime| Some(*mime) != own && takes(mime));
        own.into_iter().chain(others).map(str::to_owned).collect()
    };
    if mime.is_empty() {
        return None;
    }
    let (width, height) = scaled(kind, item).unzip();
    Some(Recipe { mime, max_bytes: kind.max_bytes, width, height, frame_rate: paced(kind, item) })
}

/// The frames a second within the limits that are nearest to what it has; none where it fits already or isn't known.
fn paced(kind: &MediaKind, item: &MediaItem) -> Option<u32> {
    let has = item.frame_rate?.rounded();
    let within = has.max(kind.min_frame_rate.unwrap_or(has)).min(kind.max_frame_rate.unwrap_or(u32::MAX));
    (within != has).then_some(within)
}

/// The size within the limits, shaped as before; none where it fits already or isn't known.
fn scaled(kind: &MediaKind, item: &MediaItem) -> Option<(u32, u32)> {
    let (width, height) = (f64::from(item.width), f64::from(item.height));
    if item.width == 0 || item.height == 0 {
        return None;
    }
    let side = |max: Option<u32>, has: f64| max.map_or(1.0, |max| f64::from(max) / has);
    #[allow(clippy::cast_precision_loss, reason = "some million pixels")]
    let area = kind.max_pixels.map_or(1.0, |max| (max as f64 / (width * height)).sqrt());
    let sides = side(kind.max_sides, width + height);
    let factor = side(kind.max_width, width).min(side(kind.max_height, height)).min(area).min(sides);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "less than what it was")]
    let pixels = |has: f64| ((has * factor) as u32).max(1);
    (factor < 1.0).then(|| (pixels(width), pixels(height)))
}

/// With why nothing is made of it.
fn said_of_making(mut wrong: Wrong, item: &MediaItem) -> Wrong {
    let why = match () {
        () if (item.is_film() || item.is_moving_gif()) && !item.convertible => {
            " This server could do it with ffmpeg, which it does not have: see its manual under “Media”."
        }
        () if item.is_film() => " It is too long to be made that small here.",
        () if item.duration_ms > 0 => " It moves, and is not made a still one.",
        () => return wrong,
    };
    wrong.fix.push_str(why);
    wrong
}

impl MediaItem {
    /// Whether it is a video.
    #[must_use]
    pub fn is_film(&self) -> bool {
        self.mime.starts_with("video/")
    }

    /// Whether it is a GIF that does not stand still.
    #[must_use]
    pub fn is_moving_gif(&self) -> bool {
        self.mime == GIF && self.duration_ms > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_model::{FrameRate, MediaId, rules::Ratio};

    fn item(mime: &str, size: u64, width: u32, height: u32) -> MediaItem {
        MediaItem {
            id: MediaId::new(),
            name: "a".into(),
            mime: mime.into(),
            size,
            width,
            height,
            duration_ms: 0,
            codecs: Vec::new(),
            frame_rate: None,
            convertible: true,
            alt: String::new(),
            sha256: String::new(),
            url: None,
        }
    }

    fn gif(size: u64, convertible: bool) -> MediaItem {
        MediaItem { duration_ms: 4000, convertible, ..item("image/gif", size, 600, 400) }
    }

    #[test]
    fn a_gif_that_moves_goes_on_moving() {
        let pictures = || MediaKind { max_width: Some(300), ..MediaKind::up_to(1000, &["image/jpeg", "image/gif"]) };
        let recipe = |mime: &str, max_bytes, size: Option<(u32, u32)>| {
            let (width, height) = size.unzip();
            Ok(Fit::Made(Recipe { mime: vec![mime.into()], max_bytes, width, height, frame_rate: None }))
        };
        assert_eq!(of(pictures(), &gif(1001, true)), recipe("image/gif", 1000, Some((300, 200))));
        assert_eq!(of(pictures(), &gif(1001, false)), Err("media.too_large".into()));
        // One that stands still is a picture like any other.
        let still = MediaItem { duration_ms: 0, ..gif(1001, true) };
        assert_eq!(of(pictures(), &still), recipe_of_pictures());
        // Where no GIF is taken, it is made a video of, if the network is one where that stands for it.
        let films = MediaKind::up_to(1_000_000, &["video/mp4"]).films(3, 60, &["h264", "aac"]);
        let both =
            |of_gifs| rules(vec![MediaKind::up_to(1000, &["image/jpeg"]), MediaKind { of_gifs, ..films.clone() }]);
        let fitted = |rules: &MediaRules, item: &MediaItem| fit("It", rules, item, "").map_err(|finding| finding.code);
        assert_eq!(fitted(&both(true), &gif(1, true)), recipe("video/mp4", 1_000_000, None));
        assert_eq!(fitted(&both(false), &gif(1, true)), Err("media.type".into()));
        assert_eq!(fitted(&both(true), &gif(1, false)), Err("media.type".into()));
        let short = MediaItem { duration_ms: 1000, ..gif(1, true) };
        assert_eq!(fitted(&both(true), &short), Err("media.too_short".into()));
    }

    fn recipe_of_pictures() -> Result<Fit, String> {
        let mime = vec!["image/jpeg".to_owned()];
        Ok(Fit::Made(Recipe { mime, max_bytes: 1000, width: Some(300), height: Some(200), frame_rate: None }))
    }

    fn film(seconds: u64, size: u64) -> MediaItem {
        MediaItem {
            duration_ms: seconds * 1000,
            codecs: vec!["h264".into(), "aac".into()],
            ..item("video/mp4", size, 1920, 1080)
        }
    }

    fn rules(kinds: Vec<MediaKind>) -> MediaRules {
        MediaRules::up_to(4, kinds, None)
    }

    fn of(kind: MediaKind, item: &MediaItem) -> Result<Fit, String> {
        fit("It", &rules(vec![kind]), item, "/parts/0/media/0").map_err(|finding| finding.code)
    }

    #[test]
    fn what_fits_goes_as_it_is_and_what_can_be_made_to_fit_is_made() {
        let jpeg = || MediaKind::up_to(1000, &["image/jpeg"]);
        assert_eq!(of(jpeg(), &item("image/jpeg", 1000, 10, 10)), Ok(Fit::AsItIs));
        let mime = vec!["image/jpeg".to_owned()];
        let made = |width, height| Recipe { mime: mime.clone(), max_bytes: 1000, width, height, frame_rate: None };
        assert_eq!(of(jpeg(), &item("image/jpeg", 1001, 10, 10)), Ok(Fit::Made(made(None, None))));
        assert_eq!(of(jpeg(), &item("image/avif", 1, 10, 10)), Ok(Fit::Made(made(None, None))));
        let small = MediaKind { max_width: Some(1600), ..jpeg() };
        assert_eq!(of(small, &item("image/jpeg", 1, 3200, 2000)), Ok(Fit::Made(made(Some(1600), Some(1000)))));
        let fixed = MediaItem { convertible: false, ..item("image/jpeg", 1001, 10, 10) };
        assert_eq!(of(jpeg(), &fixed), Err("media.too_large".into()));
    }

    #[test]
    fn a_picture_keeps_its_type_where_that_is_taken_and_small_enough() {
        let kind = MediaKind::up_to(1000, &["image/jpeg", "image/png"]);
        let Ok(Fit::Made(recipe)) = of(kind, &item("image/png", 1001, 10, 10)) else { panic!("it is made") };
        assert_eq!(recipe.mime, ["image/png", "image/jpeg"]);
    }

    #[test]
    fn shape_and_length_are_told_and_never_mended_silently() {
        let kind = MediaKind {
            narrowest: Some(Ratio::of(4, 5)),
            widest: Some(Ratio::of(191, 100)),
            ..MediaKind::up_to(1000, &["image/jpeg"])
        };
        assert_eq!(of(kind.clone(), &item("image/jpeg", 1, 800, 1000)), Ok(Fit::AsItIs));
        assert_eq!(of(kind.clone(), &item("image/jpeg", 1, 799, 1000)), Err("media.ratio".into()));
        assert_eq!(of(kind, &item("image/jpeg", 1, 192, 100)), Err("media.ratio".into()));
        let videos = || MediaKind::up_to(1_000_000_000, &["video/mp4"]).films(3, 140, &["h264", "aac"]);
        assert_eq!(of(videos(), &film(140, 1)), Ok(Fit::AsItIs));
        assert_eq!(of(videos(), &film(141, 1)), Err("media.too_long".into()));
        assert_eq!(of(videos(), &film(2, 1)), Err("media.too_short".into()));
        let found = fit("X", &rules(vec![videos()]), &film(141, 1), "/a").unwrap_err();
        assert_eq!(found.message, "X takes videos of up to 2:20 minutes; a lasts 2:21 minutes.");
    }

    #[test]
    fn a_video_is_made_where_it_may_be_and_where_the_bits_suffice() {
        let kind = MediaKind::up_to(10_000_000, &["video/mp4"]).films(0, 0, &["h264", "aac"]);
        let recipe = made_film(10_000_000, None);
        assert_eq!(of(kind.clone(), &film(60, 10_000_001)), Ok(Fit::Made(recipe.clone())));
        let hevc = MediaItem { codecs: vec!["hevc".into(), "aac".into()], ..film(60, 1) };
        assert_eq!(of(kind.clone(), &hevc), Ok(Fit::Made(recipe.clone())));
        let mov = MediaItem { mime: "video/quicktime".into(), ..film(60, 1) };
        assert_eq!(of(kind.clone(), &mov), Ok(Fit::Made(recipe)));
        assert_eq!(of(kind.clone(), &film(3600, 10_000_001)), Err("media.too_large".into()));
        let bare = MediaItem { convertible: false, ..mov };
        assert_eq!(of(kind, &bare), Err("media.type".into()));
    }

    fn made_film(max_bytes: u64, frame_rate: Option<u32>) -> Recipe {
        Recipe { mime: vec!["video/mp4".into()], max_bytes, width: None, height: None, frame_rate }
    }

    #[test]
    fn a_video_has_as_many_frames_a_second_as_are_taken() {
        let kind = || MediaKind::up_to(10_000_000, &["video/mp4"]).films(0, 0, &["h264", "aac"]).frames(23, 60);
        let at = |thousandths| MediaItem { frame_rate: Some(FrameRate::of_thousandths(thousandths)), ..film(60, 1) };
        let made = |frame_rate| Ok(Fit::Made(made_film(10_000_000, Some(frame_rate))));
        // A camera that keeps about to its rate does not have it made anew for a hundredth.
        for within in [23_000, 23_976, 29_970, 60_000, 60_020] {
            assert_eq!(of(kind(), &at(within)), Ok(Fit::AsItIs), "{within}");
        }
        assert_eq!(of(kind(), &film(60, 1)), Ok(Fit::AsItIs), "unknown");
        for (has, becomes) in [(61_000, 60), (120_000, 60), (15_000, 23), (40, 23)] {
            assert_eq!(of(kind(), &at(has)), made(becomes), "{has}");
        }
        // What is made for another reason keeps its own, or comes within.
        let large = |thousandths| MediaItem { size: 10_000_001, ..at(thousandths) };
        assert_eq!(of(kind(), &large(30_000)), Ok(Fit::Made(made_film(10_000_000, None))));
        assert_eq!(of(kind(), &large(90_000)), made(60));
        // Either limit may stand alone.
        assert_eq!(of(kind().frames(0, 60), &at(15_000)), Ok(Fit::AsItIs));
        assert_eq!(of(kind().frames(24, 0), &at(240_000)), Ok(Fit::AsItIs));
        let gif = MediaItem { frame_rate: Some(FrameRate::per_second(10)), ..gif(1, true) };
        assert_eq!(of(MediaKind { of_gifs: true, ..kind() }, &gif), made(23));
    }

    #[test]
    fn how_many_frames_a_second_are_taken_is_said_where_no_others_can_be_made() {
        let kind = || rules(vec![MediaKind::up_to(10, &["video/mp4"]).frames(23, 60)]);
        let found = |thousandths| {
            let frame_rate = Some(FrameRate::of_thousandths(thousandths));
            let found =
                fit("X", &kind(), &MediaItem { frame_rate, convertible: false, ..film(60, 1) }, "/a").unwrap_err();
            assert_eq!((found.code.as_str(), found.pointer.as_str()), ("media.frame_rate", "/a"));
            (found.message, found.fix)
        };
        let (message, fix) = found(119_880);
        assert_eq!(message, "X takes videos of up to 60 frames a second; a has 119.88.");
        assert!(fix.starts_with("Export it with 60 frames a second.") && fix.contains("ffmpeg"), "{fix}");
        let (message, fix) = found(12_500);
        assert_eq!(message, "X takes videos of at least 23 frames a second; a has 12.5.");
        assert!(fix.starts_with("Export it with 23 frames a second."), "{fix}");
    }

    #[test]
    fn why_nothing_is_made_of_a_file_is_said() {
        let kind = || rules(vec![MediaKind::up_to(10, &["image/gif", "image/webp", "video/mp4"])]);
        let fix = |item: &MediaItem| fit("It", &kind(), item, "").unwrap_err().fix;
        let moving = MediaItem { duration_ms: 1, convertible: false, ..item("image/webp", 11, 1, 1) };
        assert!(fix(&moving).contains("moves"));
        let gif = MediaItem { mime: "image/gif".into(), ..moving };
        assert!(fix(&gif).contains("ffmpeg"));
        let video = MediaItem { convertible: false, ..film(60, 11) };
        assert!(fix(&video).contains("ffmpeg"));
    }
}
