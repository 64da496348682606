//! The networks there are. Adding one is one line in [`Registry::new`].

use crate::{
    Network,
    bluesky::{Bluesky, Directory},
    chat_webhook::ChatWebhook,
    devto::DevTo,
    discord::Discord,
    dribbble::Dribbble,
    facebook::Facebook,
    farcaster::Farcaster,
    ghost::Ghost,
    google::{business::BusinessProfile, youtube::YouTube},
    hashnode::Hashnode,
    instagram::{linked::Instagram, standalone::InstagramStandalone},
    kick::Kick,
    lemmy::Lemmy,
    linkedin::{LinkedIn, page::LinkedInPage},
    listmonk::Listmonk,
    mastodon::{Mastodon, friendica::Friendica, pixelfed::Pixelfed},
    matrix::Matrix,
    medium::Medium,
    mewe::MeWe,
    misskey::Misskey,
    nostr::Nostr,
    peertube::PeerTube,
    pinterest::Pinterest,
    playground::Playground,
    playground_pages::PlaygroundPages,
    reddit::Reddit,
    rss::Rss,
    slack::Slack,
    telegram::Telegram,
    threads::Threads,
    tiktok::{TikTok, business::TikTokBusiness},
    tumblr::Tumblr,
    twitch::Twitch,
    vk::Vk,
    webhook::Webhook,
    whop::Whop,
    wordpress::WordPress,
    x::X,
};
use std::sync::Arc;
use url::Url;

/// What some networks must be told at start.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Origin of the built-in Playground; none when it is off.
    pub playground: Option<Url>,
    /// Where Bluesky's accounts are looked up.
    pub bluesky: Directory,
}

#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Registry {
    networks: Arc<[Box<dyn Network>]>,
    converts_films: bool,
}

impl Registry {
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let playground = settings.playground.as_ref().map(Playground::new);
        let pages = settings.playground.as_ref().map(PlaygroundPages::new);
        let networks: Vec<Option<Box<dyn Network>>> = vec![
            playground.map(|it| Box::new(it) as _),
            pages.map(|it| Box::new(it) as _),
            Some(Box::new(Mastodon)),
            Some(Box::new(Pixelfed)),
            Some(Box::new(PeerTube)),
            Some(Box::new(Friendica)),
            Some(Box::new(Bluesky::new(settings.bluesky.clone()))),
            Some(Box::new(Misskey)),
            Some(Box::new(Nostr)),
            Some(Box::new(Lemmy)),
            Some(Box::new(Matrix)),
            Some(Box::new(Telegram)),
            Some(Box::new(Discord)),
            Some(Box::new(Slack)),
            Some(Box::new(X)),
            Some(Box::new(WordPress)),
            Some(Box::new(Ghost)),
            Some(Box::new(Listmonk)),
            Some(Box::new(ChatWebhook::Mattermost)),
            Some(Box::new(ChatWebhook::Teams)),
            Some(Box::new(ChatWebhook::Google)),
            Some(Box::new(Threads)),
            Some(Box::new(Facebook)),
            Some(Box::new(Instagram)),
            Some(Box::new(InstagramStandalone)),
            Some(Box::new(YouTube)),
            Some(Box::new(BusinessProfile)),
            Some(Box::new(LinkedIn)),
            Some(Box::new(LinkedInPage)),
            Some(Box::new(DevTo)),
            Some(Box::new(Hashnode)),
            Some(Box::new(Medium)),
            Some(Box::new(Tumblr)),
            Some(Box::new(Pinterest)),
            Some(Box::new(Reddit)),
            Some(Box::new(TikTok)),
            Some(Box::new(TikTokBusiness)),
            Some(Box::new(Twitch)),
            Some(Box::new(Kick)),
            Some(Box::new(Vk)),
            Some(Box::new(Dribbble)),
            Some(Box::new(Farcaster)),
            Some(Box::new(Whop)),
            Some(Box::new(MeWe)),
            Some(Box::new(Webhook)),
            Some(Box::new(Rss)),
        ];
        Self { networks: networks.into_iter().flatten().collect(), converts_films: false }
    }

    /// A registry of these alone, for tests.
    #[must_use]
    pub fn of(networks: Vec<Box<dyn Network>>) -> Self {
        Self { networks: networks.into(), converts_films: false }
    }

    /// Of an installation that can make other videos of videos, or can't: what its networks take depends on it.
    #[must_use]
    pub fn converting_films(self, converts_films: bool) -> Self {
        Self { converts_films, ..self }
    }

    #[must_use]
    pub fn converts_films(&self) -> bool {
        self.converts_films
    }

    #[must_use]
    pub fn get(&self, id: &str) -> Option<&dyn Network> {
        self.all().find(|network| network.about().id == id)
    }

    pub fn all(&self) -> impl Iterator<Item = &dyn Network> {
        self.networks.iter().map(AsRef::as_ref)
    }
}
