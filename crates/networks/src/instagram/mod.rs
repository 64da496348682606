//! Instagram, for professional accounts (business or creator): through the Facebook page that an account is linked to, or by Instagram's
//! own sign-in (`standalone`). Both publish alike, at different hosts.
//!
//! After <https://developers.facebook.com/documentation/instagram-platform/content-publishing> and the references beside it (June to
//! August 2026, version 26): containers of pictures, reels, carousels and stories, comments, the Audio API. Instagram fetches
//! files itself; through a page it can be brought videos.

mod afterwards;
pub mod linked;
mod publish;
pub mod standalone;

use crate::check::PartToCheck;
use crate::meta;
use crate::publish::MediaItem;
use crate::{Refusal, settings, text};
use crier_model::Finding;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const TAGS: usize = 30;
const MENTIONS: usize = 20;
const FILES: usize = 10;
/// The most bytes of a video that is no reel: in a carousel or a story.
const SHORT_VIDEO: u64 = 100_000_000;

/// What becomes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PostType {
    #[default]
    Post,
    Story,
}

/// How a trial reel comes to be shown to followers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Graduation {
    #[default]
    Manual,
    SsPerformance,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Kind", description = "A story shows each file for a day, without the text.")]
    post_type: PostType,
    #[schemars(
        title = "Collaborators",
        description = "Accounts that are asked to publish it with you; up to three.",
        length(max = 3),
        inner(regex(pattern = r"^@?[A-Za-z0-9._]{1,30}$"))
    )]
    collaborators: Vec<String>,
    #[schemars(title = "Reel in the feed too", description = "Else a reel is shown among the reels alone.")]
    share_to_feed: bool,
    #[schemars(
        title = "Cover of a reel",
        description = "The moment whose picture is the cover, in thousandths of a second.",
        range(max = 900_000)
    )]
    thumb_offset: u32,
    #[schemars(title = "Trial reel", description = "Shown to people who don't follow you, at first.")]
    is_trial_reel: bool,
    #[schemars(
        title = "End of the trial",
        description = "Followers see it when you say so, or by itself when it does well (“SS_PERFORMANCE”)."
    )]
    graduation_strategy: Graduation,
    #[schemars(
        title = "Music",
        description = "Sound of Instagram's that is laid under a reel. Search for its name.",
        length(max = 64),
        extend("x-lookup" = "audioSearch")
    )]
    audio: String,
    #[schemars(title = "How loud the music is", description = "Of 100.", range(max = 100))]
    audio_volume: u8,
    #[schemars(title = "How loud the video's own sound is", description = "Of 100, beside music.", range(max = 100))]
    video_volume: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            post_type: PostType::Post,
            collaborators: Vec::new(),
            share_to_feed: true,
            thumb_offset: 0,
            is_trial_reel: false,
            graduation_strategy: Graduation::Manual,
            audio: String::new(),
            audio_volume: 100,
            video_volume: 100,
        }
    }
}

fn rules() -> Rules {
    let images = MediaKind::up_to(8_000_000, &["image/jpeg"]);
    let videos = MediaKind::up_to(300_000_000, &["video/mp4", "video/quicktime"]);
    let videos = videos.films(3, 15 * 60, &["h264", "hevc", "aac"]).frames(23, 60).of_gifs();
    let videos = MediaKind { max_width: Some(1920), ..videos };
    Rules {
        text: TextRules::up_to(2200, Unit::Utf16),
        media: MediaRules { fetched: true, ..MediaRules::up_to(FILES, vec![images, videos], Some(1000)) },
        // What follows a post is a comment below it.
        parts: PartsRules { max: 25, kind: PartsKind::Comment, max_text: None, max_media: Some(0) },
    }
}

/// What Instagram minds besides its rules.
fn check(parts: &[PartToCheck<'_>], given: &Map<String, Value>) -> Vec<Finding> {
    let (Ok(settings), Some((first, further))) = (settings::read::<Settings>(given), parts.split_first()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if settings.post_type == PostType::Story {
        found.extend(meta::check_story("Instagram", first, further));
    } else {
        // Nothing at all is found by the rules.
        if first.media.is_empty() && !first.body.is_empty() {
            let message = "Instagram does not take a post without a picture or a video.";
            found.push(Finding::error(format!("{}/media", first.pointer), "media.missing", message, "Add one."));
        }
        found.extend(first.media.iter().enumerate().filter_map(|(index, item)| out_of_shape(first, index, item)));
    }
    let is_reel = settings.post_type == PostType::Post && first.media.len() == 1;
    if !is_reel {
        found.extend(first.media.iter().enumerate().filter_map(|(index, item)| too_heavy(first, index, item)));
    }
    found.extend(parts.iter().flat_map(too_many_names));
    found.extend(only_on_reels(first, &settings));
    found.extend(without_collaborators(&settings));
    found
}

/// Pictures of posts are between 4:5 and 1.91:1.
fn out_of_shape(part: &PartToCheck<'_>, index: usize, item: &MediaItem) -> Option<Finding> {
    let (width, height) = (u64::from(item.width), u64::from(item.height));
    // A size of 0 is an unknown one.
    let fits = width == 0 || height == 0 || (5 * width >= 4 * height && 100 * width <= 191 * height);
    (!item.is_film() && !fits).then(|| {
        let message = format!(
            "Instagram takes pictures between 4:5 (high) and 1.91:1 (wide) in a post; {} is {width} × {height}.",
            item.name
        );
        let pointer = format!("{}/media/{index}", part.pointer);
        Finding::error(pointer, "media.ratio", message, "Crop it, or publish it as a story.")
    })
}

fn too_heavy(part: &PartToCheck<'_>, index: usize, item: &MediaItem) -> Option<Finding> {
    (item.is_film() && item.size > SHORT_VIDEO).then(|| {
        let message = format!(
            "Instagram takes videos of up to {} MB in stories and beside other files; {} is larger.",
            SHORT_VIDEO / 1_000_000,
            item.name
        );
        let pointer = format!("{}/media/{index}", part.pointer);
        Finding::error(pointer, "media.too_large", message, "Make it smaller, or publish it alone, as a reel.")
    })
}

fn too_many_names(part: &PartToCheck<'_>) -> Vec<Finding> {
    let words = part.body.to_plain();
    let (mut tags, mut mentions) = (0, 0);
    for entity in text::find(&words) {
        match entity.kind {
            text::Kind::Tag(_) => tags += 1,
            text::Kind::Mention { .. } => mentions += 1,
            text::Kind::Link => {}
        }
    }
    let limits =
        [("hashtags", "text.too_many_tags", tags, TAGS), ("mentions", "text.too_many_mentions", mentions, MENTIONS)];
    let over = limits.into_iter().filter(|(.., has, max)| has > max);
    let finding = |(what, code, has, max): (&str, &str, usize, usize)| {
        let message = format!("Instagram takes {max} {what}; there are {has}.");
        Finding::error(format!("{}/text", part.pointer), code, message, format!("Remove {}.", has - max))
    };
    over.map(finding).collect()
}

/// Music, a trial and a cover are a reel's: of one video in a post.
fn only_on_reels(first: &PartToCheck<'_>, settings: &Settings) -> Vec<Finding> {
    let is_reel = settings.post_type == PostType::Post && matches!(first.media, [one] if one.is_film());
    if is_reel {
        return Vec::new();
    }
    let wanted = [
        ("audio", "Music", !settings.audio.is_empty()),
        ("is_trial_reel", "A trial", settings.is_trial_reel),
        ("thumb_offset", "A cover", settings.thumb_offset > 0),
    ];
    let finding = |(name, what, _): (&str, &str, bool)| {
        let message = format!("{what} goes with a reel on Instagram: a post of exactly one video.");
        Finding::error(format!("/settings/{name}"), "settings.invalid", message, "Leave it out, or use one video.")
    };
    wanted.into_iter().filter(|(.., is)| *is).map(finding).collect()
}

fn without_collaborators(settings: &Settings) -> Option<Finding> {
    (settings.post_type == PostType::Story && !settings.collaborators.is_empty()).then(|| {
        let message = "A story on Instagram has no collaborators.";
        Finding::error("/settings/collaborators", "settings.invalid", message, "Remove them, or publish it as a post.")
    })
}

/// Which field Instagram's words and numbers are about
/// (<https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/error-codes>, June 2026).
fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match meta::subcode(&refusal) {
        Some(2_207_010) => refusal.at("/text"),
        Some(2_207_057) => refusal.at("/settings/thumb_offset"),
        Some(2_207_081) => refusal.at("/settings/is_trial_reel"),
        Some(
            36_001 | 36_003 | 2_207_004 | 2_207_005 | 2_207_009 | 2_207_023 | 2_207_026 | 2_207_028 | 2_207_052
            | 2_207_077,
        ) => refusal.at("/media"),
        _ if speaks_of(&["collaborator"]) => refusal.at("/settings/collaborators"),
        _ if speaks_of(&["audio"]) => refusal.at("/settings/audio"),
        _ if speaks_of(&["caption"]) => refusal.at("/text"),
        _ if speaks_of(&["image", "video", "media", "aspect ratio", "attachments"]) => refusal.at("/media"),
        _ => refusal,
    }
}
