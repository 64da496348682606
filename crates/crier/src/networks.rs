//! `crier networks`: what one can publish to.

use crate::{Failed, config::Config, parts};
use crier_networks::Connect;
use serde_json::json;

pub fn told(config: &Config, as_json: bool) -> Result<String, Failed> {
    let registry = parts::registry(config);
    let with_apps = config.networks_with_apps();
    let rows = registry.all().map(|network| {
        let about = network.about();
        let connect = match network.connect() {
            Connect::OAuth2(_) => "oauth2",
            Connect::Form(_) => "form",
        };
        let configured = about.works_at_once || with_apps.contains(about.id);
        (about, connect, configured)
    });
    if as_json {
        let rows: Vec<_> = rows
            .map(|(about, connect, configured)| {
                json!({ "id": about.id, "name": about.name, "connect": connect, "configured": configured, "summary": about.summary })
            })
            .collect();
        return serde_json::to_string_pretty(&rows).map_err(|error| Failed(error.to_string()));
    }
    let line = |(about, connect, configured): (&crier_networks::About, &str, bool)| {
        let state = if configured { "ready" } else { "needs an app" };
        format!("{:<14} {:<8} {:<14} {}", about.id, connect, state, about.summary)
    };
    Ok(rows.map(line).collect::<Vec<_>>().join("\n"))
}
