//! Whether a post may go to a channel, by the network's rules. The composer, the API and the engine ask the same function.

use crate::{Network, connect::Facts, fit, publish::MediaItem, text};
use crier_model::rendition::Fit;
use crier_model::rules::{MediaRules, PartsKind, Rules, Unit};
use crier_model::{ChannelId, Document, Finding};
use jsonschema::{Validator, error::ValidationErrorKind};
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// One part as a channel would get it.
#[derive(Debug, Clone)]
pub struct PartToCheck<'a> {
    pub body: &'a Document,
    pub media: &'a [MediaItem],
    /// JSON Pointer of the part in the input, for example `/parts/0` or `/variants/ID/parts/0`.
    pub pointer: String,
}

/// How long a part is, as the network measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    pub used: usize,
    pub max: usize,
    pub unit: Unit,
    /// The text as the network will get it.
    pub text: String,
    /// The same as its readers will see it.
    pub shown: Document,
    /// Links found in it.
    pub links: Vec<String>,
    /// What becomes of its files, in order.
    pub files: Vec<Fit>,
}

/// What a channel would say to the parts.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub parts: Vec<Measure>,
    pub findings: Vec<Finding>,
}

/// Measures and checks `parts` for one channel. What is wrong with `settings` is pointed at under
/// `/variants/CHANNEL/settings`, where they live whatever parts they go with.
pub fn parts(
    network: &dyn Network,
    channel: ChannelId,
    facts: &Facts,
    parts: &[PartToCheck<'_>],
    settings: &Map<String, Value>,
) -> Verdict {
    let rules = network.rules(facts);
    let name = network.about().name;
    let mut verdict = Verdict::default();
    let found = &mut verdict.findings;
    if parts.is_empty() {
        found.push(empty("/parts", name));
    }
    for (index, part) in parts.iter().enumerate() {
        let text = network.render(part.body);
        let whole = &rules;
        let rules = whole.of_part(index);
        // Whoever reads it has to know that it is not the post that is too long.
        let name = match whole.parts.kind {
            PartsKind::Comment if rules != *whole => format!("A comment on {name}"),
            _ => name.to_owned(),
        };
        check_text(&name, &rules, part, &text, found);
        let files = check_media(&name, &rules.media, part, found);
        verdict.parts.push(Measure {
            used: text::measure(&text, &rules.text),
            max: rules.text.max_of(!part.media.is_empty()),
            unit: rules.text.unit,
            links: text::urls(&text).into_iter().map(str::to_owned).collect(),
            text,
            shown: network.shown(part.body),
            files,
        });
    }
    found.extend(too_many_parts(name, &rules, parts));
    let base = format!("/variants/{channel}/settings");
    let wrong = wrong_settings(name, &Schema::of(network), settings, &base);
    if wrong.is_empty() {
        found.extend(network.check(facts, parts, settings));
    }
    found.extend(wrong);
    for finding in &mut verdict.findings {
        finding.channel_id = Some(channel);
        // A network knows its settings only by their own names.
        if let Some(rest) = finding.pointer.strip_prefix("/settings") {
            finding.pointer = format!("{base}{rest}");
        }
    }
    verdict
}

/// What a network says to a comment that goes below a post by itself: words alone, without settings.
pub fn comment(network: &dyn Network, facts: &Facts, body: &Document, pointer: String) -> Vec<Finding> {
    let (text, name) = (network.render(body), network.about().name);
    let part = PartToCheck { body, media: &[], pointer };
    if text.trim().is_empty() {
        let at = format!("{}/text", part.pointer);
        return vec![Finding::error(at, "text.empty", "A comment needs words.", "Write something, or take it out.")];
    }
    let mut rules = network.rules(facts).of_part(1);
    // It has no further part that some of it could go into.
    rules.parts.max = 1;
    let mut found = Vec::new();
    check_text(&format!("A comment on {name}"), &rules, &part, &text, &mut found);
    found.extend(network.check(facts, std::slice::from_ref(&part), &Map::new()));
    found.retain(|finding| finding.pointer.starts_with(&part.pointer));
    found
}

fn empty(pointer: &str, name: &str) -> Finding {
    let message = format!("{name} does not take a post without words or files.");
    Finding::error(pointer, "text.empty", message, "Write something or add a file.")
}

fn check_text(name: &str, rules: &Rules, part: &PartToCheck<'_>, text: &str, found: &mut Vec<Finding>) {
    let pointer = format!("{}/text", part.pointer);
    if rules.text.required_without_media && part.media.is_empty() && text.trim().is_empty() {
        found.push(empty(&pointer, name));
    }
    let words = if rules.text.unit == Unit::Byte { "bytes" } else { "characters" };
    let used = text::measure(text, &rules.text);
    let max = rules.text.max_of(!part.media.is_empty());
    let limits = [(used, max, words), (text.len(), rules.text.max_bytes.unwrap_or(usize::MAX), "bytes")];
    if let Some((used, max, words)) = limits.into_iter().find(|(used, max, _)| used > max) {
        let over = used - max;
        let beside = if max < rules.text.max { " beside files" } else { "" };
        let message = format!("{name} takes {max} {words}{beside}; this is {used}, {over} too many.");
        let fix = if rules.parts.kind == PartsKind::Thread && rules.parts.max > 1 {
            format!("Shorten it by {over} {words}, or move some of it into a further part of the thread.")
        } else {
            format!("Shorten it by {over} {words}.")
        };
        found.push(Finding::error(pointer, "text.too_long", message, fix));
    }
}

/// What becomes of each file.
fn check_media(name: &str, rules: &MediaRules, part: &PartToCheck<'_>, found: &mut Vec<Finding>) -> Vec<Fit> {
    let mut fits = Vec::new();
    if part.media.len() > rules.max_count {
        let pointer = format!("{}/media/{}", part.pointer, rules.max_count);
        let (count, max) = (part.media.len(), rules.max_count);
        let (message, fix) = match max {
            0 => (format!("{name} takes no files."), "Remove the files for this channel.".to_owned()),
            _ => (format!("{name} takes at most {max} files; there are {count}."), format!("Remove {}.", count - max)),
        };
        found.push(Finding::error(pointer, "media.too_many", message, fix));
    }
    found.extend(together(name, rules, part));
    found.extend(too_large_together(name, rules, part));
    for (index, item) in part.media.iter().enumerate().take(rules.max_count) {
        let pointer = format!("{}/media/{index}", part.pointer);
        match fit::fit(name, rules, item, &pointer) {
            Ok(fit) => fits.push(fit),
            Err(finding) => {
                fits.push(Fit::Not);
                found.push(*finding);
            }
        }
        let brought = rules.brought.iter().any(|kind| item.mime.starts_with(kind.as_str()));
        if rules.fetched && item.url.is_none() && !brought {
            let message = format!("{name} fetches files from their address, and {} has no public one.", item.name);
            let fix = "Make this server reachable from outside, or remove the file for this channel.";
            found.push(Finding::error(&pointer, "media.not_public", message, fix));
        }
        let alt = item.alt.chars().count();
        if let Some(max) = rules.alt_max.filter(|max| alt > *max) {
            let over = alt - max;
            let message = format!("{name} takes descriptions of {max} characters; this is {alt}, {over} too many.");
            let fix = format!("Shorten the description by {over} characters.");
            found.push(Finding::error(format!("{pointer}/alt"), "alt.too_long", message, fix));
        }
    }
    // Those beyond the number it takes don't go whatever they are.
    fits.resize(part.media.len(), Fit::Not);
    fits
}

/// A file that goes alone, and does not.
fn together(name: &str, rules: &MediaRules, part: &PartToCheck<'_>) -> Option<Finding> {
    let index = part.media.iter().position(|item| rules.goes_alone(&item.mime)).filter(|_| part.media.len() > 1)?;
    let item = &part.media[index];
    let pointer = format!("{}/media/{index}", part.pointer);
    let message = format!("{name} takes {} files only alone, and {} is not.", short_type(&item.mime), item.name);
    let fix = "Remove the other files for this channel, or move some to another part.";
    Some(Finding::error(pointer, "media.mixed", message, fix))
}

fn too_large_together(name: &str, rules: &MediaRules, part: &PartToCheck<'_>) -> Option<Finding> {
    let size = |item: &MediaItem| match fit::fit(name, rules, item, "") {
        Ok(Fit::Made(recipe)) => item.size.min(recipe.max_bytes),
        _ => item.size,
    };
    let (total, max) = (part.media.iter().map(size).sum::<u64>(), rules.max_total_bytes?);
    (total > max && part.media.len() > 1).then(|| {
        let (max, total) = (megabytes(max), megabytes(total));
        let message = format!("{name} takes files of {max} together; these have {total}.");
        let fix = "Make them smaller, or move some to another part.";
        Finding::error(format!("{}/media", part.pointer), "media.too_large", message, fix)
    })
}

/// For networks that take one video, and a picture beside it for its thumbnail.
pub(crate) fn one_video(name: &str, part: &PartToCheck<'_>) -> Option<Finding> {
    let mut videos = part.media.iter().enumerate().filter(|(_, item)| item.is_film()).map(|(index, _)| index);
    match (videos.next(), videos.next()) {
        (None, _) => {
            let message = format!("{name} takes a video, and there is none.");
            Some(Finding::error(format!("{}/media", part.pointer), "media.missing", message, "Add a video."))
        }
        (Some(_), Some(second)) => {
            let at = format!("{}/media/{second}", part.pointer);
            let message = format!("{name} takes one video; the other file may be a picture, its thumbnail.");
            Some(Finding::error(at, "media.too_many", message, "Remove one video for this channel."))
        }
        (Some(_), None) => None,
    }
}

/// `image/png` → `PNG`, as people call it.
pub(crate) fn short_type(mime: &str) -> String {
    let name = mime.rsplit('/').next().unwrap_or(mime);
    name.split('+').next().unwrap_or(name).trim_start_matches("x-").to_uppercase()
}

pub(crate) fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000),
    }
}

fn too_many_parts(name: &str, rules: &Rules, parts: &[PartToCheck<'_>]) -> Option<Finding> {
    let max = if rules.parts.kind == PartsKind::None { 1 } else { rules.parts.max };
    let first = parts.get(max)?;
    let message = match rules.parts.kind {
        PartsKind::None => format!("{name} has no threads or comments, and there are {} parts.", parts.len()),
        _ => format!("{name} takes at most {max} parts; there are {}.", parts.len()),
    };
    let fix = format!("Remove {} for this channel.", parts.len() - max);
    Some(Finding::error(&first.pointer, "parts.too_many", message, fix))
}

/// What a network's settings must be.
struct Schema {
    value: Value,
    validator: Result<Validator, String>,
}

impl Schema {
    /// A network's schema is the same for as long as the program runs, so it is made once: making it takes longer than all the rest.
    fn of(network: &dyn Network) -> Arc<Self> {
        static MADE: LazyLock<Mutex<HashMap<&'static str, Arc<Schema>>>> = LazyLock::new(Mutex::default);
        // A network that panicked over its schema has left nothing half made.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let schema = made.entry(network.about().id).or_insert_with(|| {
            let value = network.settings_schema();
            let validator = jsonschema::validator_for(&value).map_err(|error| error.to_string());
            Arc::new(Self { value, validator })
        });
        schema.clone()
    }
}

fn wrong_settings(name: &str, schema: &Schema, settings: &Map<String, Value>, base: &str) -> Vec<Finding> {
    let given = Value::Object(settings.clone());
    let validator = match &schema.validator {
        Ok(validator) => validator,
        Err(error) => {
            let message = format!("The settings of {name} can't be checked: {error}.");
            return vec![Finding::error(base, "settings.invalid", message, "Please report this.")];
        }
    };
    let wrong = validator.iter_errors(&given).map(|error| {
        if let ValidationErrorKind::Required { property } = error.kind()
            && let Some(property) = property.as_str()
        {
            let title = schema.value["properties"][property]["title"].as_str().unwrap_or(property);
            let (message, fix) = (format!("{name} needs “{title}”."), format!("Choose “{title}” for this channel."));
            return Finding::error(format!("{base}/{property}"), "settings.missing", message, fix);
        }
        let at = error.instance_path().to_string();
        let message = format!("{name} does not take this: {error}.");
        let setting = at.trim_start_matches('/');
        let fix = if setting.is_empty() {
            "Use only the settings that the network has.".to_owned()
        } else {
            format!("Choose another value for “{setting}”, or leave it out.")
        };
        Finding::error(format!("{base}{at}"), "settings.invalid", message, fix)
    });
    wrong.collect()
}
