//! What may be done to posts once they are out: the one check that the composer, the API and the settings of a channel ask.

use crier_model::{
    ChannelId, Document, Finding,
    plug::{Act, Following, LATEST_MINUTES, MOST_FOLLOWING, MOST_LIKES, Rule, SOONEST_MINUTES},
};
use crier_networks::{Network, Registry, check, plugs::Whose};
use crier_store::channels::Channel;
use std::collections::{HashMap, HashSet};

/// Whose posts channels of a network can do it to; none where they can't.
fn whose(network: &dyn Network, act: Act) -> Option<Whose> {
    match act {
        Act::Repost => network.reposts().map(crier_networks::plugs::Reposts::whose),
        Act::Comment => network.comments().map(crier_networks::plugs::Comments::whose),
    }
}

/// Whether a channel of this network can do it to its own posts when they have likes enough.
#[must_use]
pub fn can_at_likes(network: &dyn Network, act: Act) -> bool {
    network.post_metrics().is_some() && whose(network, act).is_some()
}

/// What is wrong with rules of a channel, pointed at under the name of the act.
#[must_use]
pub fn check_rules(network: &dyn Network, channel: &Channel, rules: &[Rule]) -> Vec<Finding> {
    let name = network.about().name;
    let mut found = Vec::new();
    for rule in rules {
        let pointer = format!("/{}", rule.act);
        if !(1..=MOST_LIKES).contains(&rule.likes) {
            let message = format!("A number of likes is from 1 to {MOST_LIKES}.");
            found.push(Finding::error(format!("{pointer}/likes"), "likes.out_of_range", message, "Choose another."));
        }
        if !rule.enabled {
            continue;
        }
        if !can_at_likes(network, rule.act) {
            let message = format!("{name} lets no app {} and tell likes.", rule.act);
            found.push(Finding::error(&pointer, "plug.cannot", message, "Switch it off."));
        } else if rule.act == Act::Comment {
            found.extend(words(network, channel, rule.body.as_ref(), pointer));
        }
    }
    found
}

/// What is wrong with what is to follow a post on the channel `of`, where `here` are the channels that are known. It is pointed at
/// under `/variants/CHANNEL/plugs`.
pub(crate) fn check(
    registry: &Registry,
    here: &HashMap<ChannelId, Channel>,
    of: &Channel,
    following: &[Following],
) -> Vec<Finding> {
    let base = format!("/variants/{}/plugs", of.id);
    let mut found = Vec::new();
    if following.len() > MOST_FOLLOWING {
        let message = format!("At most {MOST_FOLLOWING} follow a post; there are {}.", following.len());
        found.push(Finding::error(&base, "plugs.too_many", message, "Take some out."));
    }
    let mut seen = HashSet::new();
    for (index, plug) in following.iter().enumerate() {
        let pointer = format!("{base}/{index}");
        if !(SOONEST_MINUTES..=LATEST_MINUTES).contains(&plug.after_minutes) {
            let message =
                format!("It follows {SOONEST_MINUTES} minutes to {} hours after the post.", LATEST_MINUTES / 60);
            let at = format!("{pointer}/after_minutes");
            found.push(Finding::error(at, "plug.out_of_range", message, "Choose another time."));
        }
        let Some(by) = here.get(&plug.by) else {
            let message = "There is no such channel in this workspace.";
            found.push(Finding::error(format!("{pointer}/by"), "channel.unknown", message, "Choose another channel."));
            continue;
        };
        if !seen.insert((plug.act, plug.by)) {
            let message = format!("{} does it once for a post; this is the second time.", by.name);
            found.push(Finding::error(format!("{pointer}/by"), "plug.twice", message, "Take it out."));
        }
        match able(registry, by, of, plug.act) {
            Ok(network) if plug.act == Act::Comment => found.extend(words(network, by, plug.body.as_ref(), pointer)),
            Ok(_) => {}
            Err(message) => {
                let fix = "Choose another channel, or take it out.";
                found.push(Finding::error(format!("{pointer}/by"), "plug.cannot", message, fix));
            }
        }
    }
    found.into_iter().map(|finding| finding.on(of.id)).collect()
}

/// The network of `by`, if that channel can do it to posts on the channel `of`; else why it can't.
fn able<'a>(registry: &'a Registry, by: &Channel, of: &Channel, act: Act) -> Result<&'a dyn Network, String> {
    let unknown = |id: &str| format!("“{id}” is not among the networks of this installation.");
    let network = registry.get(&by.network).ok_or_else(|| unknown(&by.network))?;
    let others = registry.get(&of.network).ok_or_else(|| unknown(&of.network))?;
    let name = network.about().name;
    if network.family() != others.family() {
        return Err(format!("{} is on {name}, and can’t {act} what is on {}.", by.name, others.about().name));
    }
    match whose(network, act) {
        None => Err(format!("{name} lets no app {act}.")),
        Some(Whose::Own) if by.id != of.id => {
            Err(format!("On {name}, apps can only {act} below a channel’s own posts."))
        }
        Some(Whose::SameServer) if by.instance != of.instance => {
            Err(format!("{} is on another server than the post, and can’t {act} there.", by.name))
        }
        Some(_) => Ok(network),
    }
}

fn words(network: &dyn Network, channel: &Channel, body: Option<&Document>, pointer: String) -> Vec<Finding> {
    let facts = channel.settings.as_object().cloned().unwrap_or_default();
    check::comment(network, &facts, &body.cloned().unwrap_or_default(), pointer)
}
