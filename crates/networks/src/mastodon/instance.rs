//! What a server of the Mastodon API says of itself: its limits, and how far it is Mastodon.

use super::{Flavour, refine};
use crate::connect::Facts;
use crate::{Credentials, Refusal, call};
use crier_net::Client;
use serde::{Deserialize, Serialize};

/// Kept as the channel's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Limits {
    pub version: String,
    /// Host of the accounts' addresses; it may differ from the server's.
    pub domain: Option<String>,
    pub max_chars: usize,
    /// What a link counts as; none where the server doesn't say.
    pub link_length: Option<usize>,
    pub max_media: usize,
    pub alt_max: usize,
    pub mime: Vec<String>,
    pub image_max_bytes: u64,
    pub video_max_bytes: u64,
    /// Width times height; none where the server doesn't say.
    pub image_max_pixels: Option<u64>,
    pub video_max_pixels: Option<u64>,
    /// Frames a second; none where the server doesn't say, and where it wasn't asked yet.
    #[serde(default)]
    pub video_max_frame_rate: Option<u32>,
    /// Whether it is Mastodon or a close fork, whose limits and habits are documented.
    pub is_mastodon: bool,
    /// Whether it honours `Idempotency-Key`.
    pub idempotent: bool,
}

impl Default for Limits {
    /// Mastodon's own, as its source has them (4.6).
    fn default() -> Self {
        let mime = [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/heic",
            "image/heif",
            "image/webp",
            "image/avif",
            "video/webm",
            "video/mp4",
            "video/quicktime",
            "video/ogg",
            "audio/wave",
            "audio/wav",
            "audio/mpeg",
            "audio/mp3",
            "audio/ogg",
            "audio/vorbis",
            "audio/webm",
            "audio/flac",
            "audio/aac",
            "audio/m4a",
            "audio/x-m4a",
            "audio/mp4",
            "audio/3gpp",
        ];
        Self {
            version: String::new(),
            domain: None,
            max_chars: 500,
            link_length: Some(23),
            max_media: 4,
            alt_max: 1500,
            mime: mime.map(str::to_owned).to_vec(),
            image_max_bytes: 16_777_216,
            video_max_bytes: 103_809_024,
            image_max_pixels: Some(33_177_600),
            video_max_pixels: Some(8_294_400),
            video_max_frame_rate: Some(120),
            is_mastodon: true,
            idempotent: true,
        }
    }
}

impl Limits {
    /// Those learnt at connect; the usual ones where nothing was.
    pub fn of(facts: &Facts, usual: fn() -> Self) -> Self {
        if facts.is_empty() {
            return usual();
        }
        serde_json::from_value(serde_json::Value::Object(facts.clone())).unwrap_or_else(|_| usual())
    }

    pub fn facts(&self) -> Facts {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(facts)) => facts,
            _ => Facts::new(),
        }
    }

    /// Asks the server, by the newer address first.
    pub async fn ask(net: &Client, origin: &str, flavour: &Flavour) -> Result<Self, Refusal> {
        let mut answer = Err(None);
        for version in ["v2", "v1"] {
            let request = net.get(format!("{origin}/api/{version}/instance"));
            match call::ask::<About>(request, &Credentials::default(), refine).await {
                Ok(about) => return Ok(about.limits((flavour.usual)())),
                Err(refusal) if is_no(&refusal) => answer = Err(Some(refusal)),
                Err(refusal) => return Err(refusal),
            }
        }
        answer
            .map_err(|refusal| refusal.unwrap_or_else(|| Refusal::Content(super::not_compatible(origin, flavour.name))))
    }
}

/// Whether the server answered and has nothing at that address, in contrast to a server that is down or busy.
pub(super) fn is_no(refusal: &Refusal) -> bool {
    refusal.detail().status.is_some_and(|status| status < 500 && status != 429)
}

/// `GET /api/v2/instance` and, with fewer members, `/api/v1/instance`.
#[derive(Deserialize)]
struct About {
    version: String,
    #[serde(default)]
    domain: Option<String>,
    /// v1's name for the domain; Pleroma puts an address there.
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    configuration: Configuration,
    /// Pleroma, and forks from before the configuration was told.
    #[serde(default)]
    max_toot_chars: Option<usize>,
    #[serde(default)]
    max_media_attachments: Option<usize>,
    #[serde(default)]
    description_limit: Option<usize>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Configuration {
    statuses: Statuses,
    media_attachments: Attachments,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Statuses {
    max_characters: Option<usize>,
    max_media_attachments: Option<usize>,
    characters_reserved_per_url: Option<usize>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attachments {
    description_limit: Option<usize>,
    supported_mime_types: Option<Vec<String>>,
    image_size_limit: Option<u64>,
    video_size_limit: Option<u64>,
    image_matrix_limit: Option<u64>,
    video_matrix_limit: Option<u64>,
    video_frame_rate_limit: Option<u32>,
}

impl About {
    /// What it says, and what is usual where it doesn't.
    fn limits(self, usual: Limits) -> Limits {
        let Configuration { statuses, media_attachments: media } = self.configuration;
        let is_mastodon = is_mastodon(&self.version);
        Limits {
            domain: self.domain.or(self.uri).map(|domain| host_of(&domain)),
            max_chars: statuses.max_characters.or(self.max_toot_chars).unwrap_or(usual.max_chars),
            link_length: statuses.characters_reserved_per_url.or(usual.link_length.filter(|_| is_mastodon)),
            max_media: statuses.max_media_attachments.or(self.max_media_attachments).unwrap_or(usual.max_media),
            alt_max: media.description_limit.or(self.description_limit).unwrap_or(usual.alt_max),
            mime: media.supported_mime_types.filter(|mime| !mime.is_empty()).unwrap_or(usual.mime),
            image_max_bytes: media.image_size_limit.unwrap_or(usual.image_max_bytes),
            video_max_bytes: media.video_size_limit.unwrap_or(usual.video_max_bytes),
            image_max_pixels: media.image_matrix_limit.or(usual.image_max_pixels.filter(|_| is_mastodon)),
            video_max_pixels: media.video_matrix_limit.or(usual.video_max_pixels.filter(|_| is_mastodon)),
            video_max_frame_rate: media.video_frame_rate_limit.or(usual.video_max_frame_rate.filter(|_| is_mastodon)),
            is_mastodon,
            idempotent: is_mastodon || ["Pleroma", "Akkoma"].iter().any(|name| self.version.contains(name)),
            version: self.version,
        }
    }
}

/// Other servers either count their own versions from 0 or say in brackets what they are: `2.7.2 (compatible; …)`.
fn is_mastodon(version: &str) -> bool {
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= 2) && !version.contains('(')
}

fn host_of(domain: &str) -> String {
    let bare = domain.split_once("://").map_or(domain, |(_, rest)| rest);
    bare.split('/').next().unwrap_or(bare).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_tell_mastodon_from_others() {
        for version in ["4.3.0", "v2.7.0", "4.4.0-alpha.1+glitch", "3.5.3"] {
            assert!(is_mastodon(version), "{version}");
        }
        for version in
            ["2.7.2 (compatible; Pleroma 2.6.0)", "0.17.3+git-abc", "4.0.0 (not true; really snac/2.75)", "x"]
        {
            assert!(!is_mastodon(version), "{version}");
        }
    }

    #[test]
    fn limits_survive_as_facts_and_an_old_servers_are_the_usual() {
        let about: About =
            serde_json::from_value(json!({ "version": "3.3.0", "uri": "https://Old.example/" })).unwrap();
        let limits = about.limits(Limits::default());
        assert_eq!(
            (limits.max_chars, limits.link_length, limits.domain.as_deref()),
            (500, Some(23), Some("old.example"))
        );
        assert_eq!(Limits::of(&limits.facts(), Limits::default), limits);
        assert_eq!(Limits::of(&Facts::new(), Limits::default), Limits::default());
        let pleroma = json!({ "version": "2.7.2 (compatible; Pleroma 2.6.0)", "max_toot_chars": 5000 });
        let limits = serde_json::from_value::<About>(pleroma).unwrap().limits(Limits::default());
        assert_eq!((limits.max_chars, limits.link_length, limits.idempotent), (5000, None, true));
    }
}
