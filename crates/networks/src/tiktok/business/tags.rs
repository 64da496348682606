//! What is laid under a video and where it was: tracks of the Commercial Music Library and places.
//!
//! After <https://business-api.tiktok.com/portal/docs?id=1825119063013505> and the page of `/business/publish/location/` (November
//! 2026). Tracks can't be searched by their names: TikTok gives the hundred most popular of a genre.

use super::{TikTokBusiness, ask};
use crate::Refusal;
use crate::choosing::Access;
use crate::lookup::{Lookup, LookupItem};
use async_trait::async_trait;
use serde::Deserialize;

pub const MUSIC: &str = "musicSearch";
pub const PLACE: &str = "locationSearch";

#[derive(Deserialize)]
struct Tracks {
    #[serde(default)]
    list: Vec<Track>,
}

#[derive(Deserialize)]
struct Track {
    #[serde(default)]
    commercial_music_name: String,
    #[serde(default)]
    artist: String,
    #[serde(default)]
    full_duration_song_clip: Option<Clip>,
    #[serde(default)]
    trending_song_clip: Option<Clip>,
}

#[derive(Deserialize)]
struct Clip {
    #[serde(default)]
    song_clip_id: String,
}

impl Track {
    /// Posts take the id of a clip alone, and not every track has one.
    fn item(self) -> Option<LookupItem> {
        let clips = [self.full_duration_song_clip, self.trending_song_clip].into_iter().flatten();
        let id = clips.map(|clip| clip.song_clip_id).find(|id| !id.is_empty())?;
        Some(LookupItem { id, name: self.commercial_music_name, detail: self.artist })
    }
}

#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    locations: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    location_id: String,
    location_name: String,
    #[serde(default)]
    location_address: String,
}

#[async_trait]
impl Lookup for TikTokBusiness {
    fn names(&self) -> &'static [&'static str] {
        &[MUSIC, PLACE]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let query = query.trim();
        if name == MUSIC {
            let genre = query.to_uppercase();
            let genre = if genre.is_empty() { "ALL" } else { &genre };
            let path = "/discovery/cml/trending_list/";
            let tracks: Tracks = ask(access.net, access.credentials, path, &[("genre", genre)]).await?;
            return Ok(tracks.list.into_iter().filter_map(Track::item).collect());
        }
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let query: String = query.chars().take(100).collect();
        let path = "/business/publish/location/";
        let places: Places = ask(access.net, access.credentials, path, &[("search_query", &query)]).await?;
        let item = |place: Place| LookupItem {
            // A post names a place by both.
            id: format!("{} {}", place.location_id, place.location_name),
            name: place.location_name,
            detail: place.location_address,
        };
        Ok(places.locations.into_iter().map(item).collect())
    }
}
