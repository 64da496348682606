//! How long it takes to check a post against every network there is.

use crier_model::{ChannelId, Document};
use crier_networks::{Registry, check, connect::Facts, registry::Settings};
use serde_json::{Map, json};
use std::{collections::BTreeMap, time::Instant};
use url::Url;

/// Checks that are measured, of all networks each.
const TIMES: usize = 500;

/// Prints a line of JSON: the networks, the median of checking a post against all of them in microseconds, and the slowest network.
pub fn measure() -> Result<(), url::ParseError> {
    let playground = Some(Url::parse("http://127.0.0.1:4011")?);
    let registry = Registry::new(&Settings { playground, ..Settings::default() });
    let text =
        "A line of words, an emoji \u{1f389}, a link https://example.org/a/long/path?with=query and a tag #crier. "
            .repeat(3);
    let body = Document::from_plain(&text);
    let part = check::PartToCheck { body: &body, media: &[], pointer: "/parts/0".to_owned() };
    let (channel, facts, settings) = (ChannelId::new(), Facts::new(), Map::new());
    let mut all = Vec::new();
    let mut each: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..TIMES {
        let mut whole = 0.0;
        for network in registry.all() {
            let began = Instant::now();
            let verdict = check::parts(network, channel, &facts, std::slice::from_ref(&part), &settings);
            let took = began.elapsed().as_secs_f64() * 1e6;
            std::hint::black_box(verdict);
            whole += took;
            each.entry(network.about().id).or_default().push(took);
        }
        all.push(whole);
    }
    let medians = each.into_iter().map(|(id, mut times)| (median(&mut times), id));
    let slowest = medians.max_by(|one, two| one.0.total_cmp(&two.0));
    let (slowest_us, slowest) = slowest.unwrap_or_default();
    let networks = registry.all().count();
    println!(
        "{}",
        json!({ "networks": networks, "all_us": median(&mut all), "slowest": slowest, "slowest_us": slowest_us })
    );
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
