//! What a post would be on each of its channels, before it is saved: the one check that the composer, the API and an import
//! ask. Drafts may be unfinished; what is to go out may not.

use crate::{following, media_source};
use crier_media::Library;
use crier_model::{
    ChannelId, Document, Finding, MediaId, Timestamp, WorkspaceId,
    channel::ChannelState,
    post::{Content, MediaUse, Part, Timing, ValidPost},
    recurrence::Repeat,
    rules::MediaRules,
};
use crier_networks::{
    Network, Registry,
    check::{self, PartToCheck, Verdict},
    publish::MediaItem,
};
use crier_store::{
    Store, StoreError,
    channels::{self, Channel},
    media::{self, Media},
    publications::Loaded,
    workspaces,
};
use jiff::{SignedDuration, tz::TimeZone};
use std::collections::{HashMap, HashSet};

/// A time that has just passed while somebody was filling in the form still means "now".
const JUST_PASSED: SignedDuration = SignedDuration::from_secs(90);
/// The longest wait between two parts.
const LONGEST_DELAY_MINUTES: u32 = 2 * 60;
/// How far ahead a post may be scheduled.
const FARTHEST: SignedDuration = SignedDuration::from_hours(24 * 366 * 5);

/// A post as it was written, not yet known to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub content: Content,
    pub channels: Vec<ChannelId>,
    pub timing: Timing,
    /// IANA name.
    pub time_zone: String,
    pub repeat: Option<Repeat>,
}

/// What one channel says.
#[derive(Debug, Clone)]
pub struct OnChannel {
    pub channel: ChannelId,
    pub verdict: Verdict,
}

/// What the check found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// In the order of the draft's channels; unknown ones are left out.
    pub channels: Vec<OnChannel>,
    /// What concerns the post as a whole.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Whether the post may be scheduled as it stands.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.all().any(Finding::is_error)
    }

    /// Every finding, those of the whole post first.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.channels.iter().flat_map(|on| &on.verdict.findings))
    }
}

/// Measures and checks a draft on every channel. Three queries, however many channels and files.
///
/// # Errors
/// Only when the database fails; everything wrong with the draft is a finding.
pub async fn check(
    store: &Store,
    registry: &Registry,
    library: &Library,
    workspace: WorkspaceId,
    draft: &Draft,
) -> Result<Checked, StoreError> {
    let following = draft.content.variants.values().flat_map(|variant| variant.plugs.iter().map(|plug| plug.by));
    let wanted: Vec<ChannelId> = draft.channels.iter().copied().chain(following).collect();
    let here = channels::get_many(store, workspace, &wanted).await?;
    let here: HashMap<ChannelId, Channel> = here.into_iter().map(|channel| (channel.id, channel)).collect();
    let files = media::get_many(store, workspace, &draft.content.media()).await?;
    let files: HashMap<MediaId, Media> = files.into_iter().map(|file| (file.id, file)).collect();

    let mut checked = Checked { findings: about_the_whole(draft, store.now()), ..Checked::default() };
    checked.findings.extend(unknown_files(&draft.content, &files));
    if !matches!(draft.timing, Timing::Draft(_)) && workspaces::get(store, workspace).await?.paused_at.is_some() {
        checked.findings.push(paused());
    }
    let mut seen = HashSet::new();
    for (index, id) in draft.channels.iter().enumerate() {
        let pointer = format!("/channels/{index}");
        let Some(channel) = here.get(id) else {
            let message = "There is no such channel in this workspace.";
            checked.findings.push(Finding::error(pointer, "channel.unknown", message, "Choose another channel."));
            continue;
        };
        if !seen.insert(*id) {
            let message = format!("{} is chosen twice.", channel.name);
            checked.findings.push(Finding::error(pointer, "channel.twice", message, "Choose it once."));
            continue;
        }
        let mut on = on_channel((registry, library), draft, channel, &files, &pointer);
        on.verdict.findings.extend(following::check(registry, &here, channel, draft.content.plugs_for(*id)));
        checked.channels.push(on);
    }
    Ok(checked)
}

/// What a channel says to other words for what is published there, part by part; its files and settings stay. What is wrong is pointed at
/// under `/parts`.
///
/// # Errors
/// Only when the database fails.
pub async fn check_words(
    store: &Store,
    library: &Library,
    network: &dyn Network,
    job: &Loaded,
    words: &[Document],
) -> Result<Vec<Finding>, StoreError> {
    let content = &job.post.content;
    let files = media::get_many(store, job.post.workspace, &content.media()).await?;
    let files: HashMap<MediaId, Media> = files.into_iter().map(|file| (file.id, file)).collect();
    // What is published had files that fitted, or were made to.
    let parts = content.parts_for(job.channel.id);
    let facts = job.channel.settings.as_object().cloned().unwrap_or_default();
    let rules = network.rules(&facts);
    let media = |(i, part)| items(part, &files, true, library, &rules.of_part(i).media);
    let media: Vec<Vec<MediaItem>> = parts.iter().enumerate().map(media).collect();
    let part = |(i, body)| {
        let media = media.get(i).map(Vec::as_slice).unwrap_or_default();
        PartToCheck { body, media, pointer: format!("/parts/{i}") }
    };
    let parts: Vec<PartToCheck<'_>> = words.iter().enumerate().map(part).collect();
    let settings = content.settings_for(job.channel.id);
    Ok(check::parts(network, job.channel.id, &facts, &parts, &settings).findings)
}

/// The post, when nothing stands against saving it: anything for what is to go out, only what can't be stored for a draft.
///
/// # Errors
/// What was found.
pub fn admit(draft: Draft, checked: Checked) -> Result<ValidPost, Checked> {
    let stands = match draft.timing {
        Timing::Draft(_) => !checked.findings.iter().any(Finding::is_error),
        Timing::At(_) | Timing::Now | Timing::NextSlot => checked.is_ok(),
    };
    if !stands {
        return Err(checked);
    }
    let Draft { content, channels, timing, time_zone, repeat } = draft;
    Ok(ValidPost { content, channels, timing, time_zone, repeat })
}

/// Whether a new time for a post can be one.
#[must_use]
pub fn wrong_time(at: Timestamp, now: Timestamp) -> Option<Finding> {
    let (code, message, fix) = if at < now - JUST_PASSED {
        (
            "due_at.past",
            format!("The time {at:.0} has passed; it is {now:.0} now."),
            "Choose a time to come, or publish now.",
        )
    } else if at > now + FARTHEST {
        ("due_at.too_far", format!("The time {at:.0} is more than five years ahead."), "Choose an earlier time.")
    } else {
        return None;
    };
    Some(Finding::error("/due_at", code, message, fix))
}

/// Whether a name is that of a time zone.
#[must_use]
pub fn wrong_time_zone(name: &str) -> Option<Finding> {
    TimeZone::get(name).is_err().then(|| {
        let message = format!("“{name}” is no time zone.");
        Finding::error("/time_zone", "time_zone.unknown", message, "Use a name such as Europe/Berlin.")
    })
}

fn about_the_whole(draft: &Draft, now: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Timing::At(at) = draft.timing {
        found.extend(wrong_time(at, now));
    }
    found.extend(wrong_time_zone(&draft.time_zone));
    found.extend(wrong_repeat(draft));
    if draft.channels.is_empty() && !matches!(draft.timing, Timing::Draft(_)) {
        let message = "No channel is chosen, so there is nowhere to publish.";
        found.push(Finding::error("/channels", "channels.none", message, "Choose at least one channel."));
    }
    found.extend(all_parts(&draft.content).filter_map(|(pointer, part)| wrong_delay(&pointer, part)));
    found
}

/// The most exceptions.
const MOST_EXCEPTIONS: usize = 1000;

fn wrong_repeat(draft: &Draft) -> Option<Finding> {
    let repeat = draft.repeat.as_ref()?;
    let zone = TimeZone::get(&draft.time_zone).ok()?;
    let (pointer, code, message, fix) = match draft.timing {
        Timing::NextSlot => {
            let message = "A post in a queue goes out at a slot, and does not repeat.";
            ("/repeat", "repeat.slot", message, "Choose a time, or take the repeat out.")
        }
        Timing::Now => {
            let message = "A post that repeats needs a time to start from.";
            ("/repeat", "repeat.now", message, "Choose a time, or take the repeat out.")
        }
        Timing::At(at) if repeat.moments(zone.to_datetime(at), &zone).next().is_none() => {
            let message = "The rule has no day at or after the time of the post.";
            ("/repeat/rule", "repeat.never", message, "Choose another rule, or an earlier time.")
        }
        _ if repeat.except.len() > MOST_EXCEPTIONS => (
            "/repeat/except",
            "repeat.exceptions",
            "There are more than 1000 exceptions.",
            "End the rule earlier instead.",
        ),
        Timing::At(_) | Timing::Draft(_) => return None,
    };
    Some(Finding::error(pointer, code, message, fix))
}

fn wrong_delay(pointer: &str, part: &Part) -> Option<Finding> {
    let (code, message, fix) = if part.delay_minutes > 0 && pointer.ends_with("/parts/0") {
        (
            "delay.first",
            "The first part has no part before it to wait for.".to_owned(),
            "Move the time of the post instead.",
        )
    } else if part.delay_minutes > LONGEST_DELAY_MINUTES {
        let message = format!("A part can wait at most {LONGEST_DELAY_MINUTES} minutes after the one before it.");
        ("delay.too_long", message, "Shorten the delay.")
    } else {
        return None;
    };
    Some(Finding::error(format!("{pointer}/delay_minutes"), code, message, fix))
}

/// Every part there is, with its place in the input.
fn all_parts(content: &Content) -> impl Iterator<Item = (String, &Part)> {
    let global = content.parts.iter().enumerate().map(|(i, part)| (format!("/parts/{i}"), part));
    let tailored = content.variants.iter().flat_map(|(channel, variant)| {
        let parts = variant.parts.iter().flatten().enumerate();
        parts.map(move |(i, part)| (format!("/variants/{channel}/parts/{i}"), part))
    });
    global.chain(tailored)
}

fn unknown_files(content: &Content, files: &HashMap<MediaId, Media>) -> Vec<Finding> {
    let unknown = |(pointer, part): (String, &Part)| {
        let missing = part.media.iter().enumerate().filter(|(_, used)| !files.contains_key(&used.id));
        let finding = |(index, _): (usize, &MediaUse)| {
            let message = "This file is not in the library of the workspace; it may have been deleted.";
            Finding::error(
                format!("{pointer}/media/{index}/id"),
                "media.unknown",
                message,
                "Upload it again, or remove it.",
            )
        };
        missing.map(finding).collect::<Vec<_>>()
    };
    all_parts(content).flat_map(unknown).collect()
}

fn on_channel(
    (registry, library): (&Registry, &Library),
    draft: &Draft,
    channel: &Channel,
    files: &HashMap<MediaId, Media>,
    pointer: &str,
) -> OnChannel {
    let mut verdict = match registry.get(&channel.network) {
        Some(network) => {
            let facts = channel.settings.as_object().cloned().unwrap_or_default();
            let tailored = draft.content.variants.get(&channel.id).is_some_and(|variant| variant.parts.is_some());
            let base = if tailored { format!("/variants/{}", channel.id) } else { String::new() };
            let parts = draft.content.parts_for(channel.id);
            let rules = network.rules(&facts);
            let films = registry.converts_films();
            let media = |(i, part)| items(part, files, films, library, &rules.of_part(i).media);
            let media: Vec<Vec<MediaItem>> = parts.iter().enumerate().map(media).collect();
            let parts: Vec<PartToCheck<'_>> = parts
                .iter()
                .zip(&media)
                .enumerate()
                .map(|(i, (part, media))| PartToCheck { body: &part.body, media, pointer: format!("{base}/parts/{i}") })
                .collect();
            check::parts(network, channel.id, &facts, &parts, &draft.content.settings_for(channel.id))
        }
        None => {
            let message = format!("“{}” is not among the networks of this installation.", channel.network);
            let finding = Finding::error(pointer, "network.unknown", message, "Remove the channel from this post.");
            Verdict { findings: vec![finding.on(channel.id)], ..Verdict::default() }
        }
    };
    verdict.findings.extend(resting(channel, pointer));
    OnChannel { channel: channel.id, verdict }
}

/// A workspace that is paused is no error: the post waits for it.
fn paused() -> Finding {
    let message = "The workspace is paused; the post will be held until somebody lets it go on.";
    let fix = "Let the workspace go on in its settings.";
    Finding::error("/channels", "workspace.paused", message, fix).warning()
}

/// A channel that takes nothing now is no error: the post waits for it.
fn resting(channel: &Channel, pointer: &str) -> Option<Finding> {
    let (code, message, fix) = match channel.state {
        ChannelState::Active => return None,
        ChannelState::Disabled => (
            "channel.disabled",
            format!("{} is switched off; the post will be held until it is enabled.", channel.name),
            "Enable the channel.",
        ),
        ChannelState::NeedsReconnect => (
            "channel.needs_reconnect",
            format!("{} needs reconnecting; the post will be held until then.", channel.name),
            "Reconnect the channel.",
        ),
    };
    Some(Finding::error(pointer, code, message, fix).warning().on(channel.id))
}

fn items(
    part: &Part,
    files: &HashMap<MediaId, Media>,
    films: bool,
    library: &Library,
    rules: &MediaRules,
) -> Vec<MediaItem> {
    let item = |used: &MediaUse| {
        let file = files.get(&used.id)?;
        Some(media_source::item(file, used, films, library.address(&file.storage_key, rules.copies())))
    };
    part.media.iter().filter_map(item).collect()
}
