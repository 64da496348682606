//! `crier networks`: what one can publish to.

use crate::{Failed, config::Config, parts};
use serde_json::json;

pub fn told(config: &Config, as_json: bool) -> Result<String, Failed> {
    let registry = parts::registry(config);
    let with_apps = config.networks_with_apps();
    let rows = registry.all().map(|network| {
        let about = network.about();
        let ways: Vec<_> = network.ways().iter().map(|way| way.id).collect();
        let configured = about.works_at_once || with_apps.contains(about.id);
        (about, ways, configured)
    });
    if as_json {
        let rows: Vec<_> = rows
            .map(|(about, ways, configured)| {
                json!({ "id": about.id, "name": about.name, "ways": ways, "configured": configured, "summary": about.summary })
            })
            .collect();
        return serde_json::to_string_pretty(&rows).map_err(|error| Failed(error.to_string()));
    }
    let line = |(about, ways, configured): (&crier_networks::About, Vec<&str>, bool)| {
        let state = if configured { "ready" } else { "needs an app" };
        format!("{:<14} {:<20} {:<14} {}", about.id, ways.join(", "), state, about.summary)
    };
    Ok(rows.map(line).collect::<Vec<_>>().join("\n"))
}
