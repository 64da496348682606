//! `crier doctor`: whether everything that connecting and publishing needs is there.

use crate::{Failed, config::Config, parts};
use crier_connect::Report;

/// Makes every check; of networks only those named, or all.
pub async fn examine(config: &Config, only: &[String]) -> Result<Report, Failed> {
    let registry = parts::registry(config);
    if let Some(unknown) = only.iter().find(|id| registry.get(id).is_none()) {
        let known: Vec<_> = registry.all().map(|network| network.about().id).collect();
        return Err(Failed(format!("there is no network “{unknown}”; there are {}", known.join(", "))));
    }
    let opened = async {
        let store = parts::store(config).await?;
        store.migrate().await.map_err(|error| Failed::to("migrating the database", error))?;
        Ok::<_, Failed>(store)
    };
    let store = match opened.await {
        Ok(store) => store,
        Err(error) => {
            return Ok(Report::without_database(&parts::house(config)?, &config.public_url, &error.to_string()));
        }
    };
    let net = parts::net(config)?;
    let library = parts::library(config, &store, &net)?;
    let handshake = parts::handshake(config, &store, &net, &registry, &library);
    let report = parts::doctor(config, handshake)?.report(only.to_vec()).await;
    store.close().await.map_err(|error| Failed::to("closing the database", error))?;
    Ok(report)
}

/// The report in JSON.
pub fn json(report: &Report) -> Result<String, Failed> {
    serde_json::to_string_pretty(report).map_err(|error| Failed(error.to_string()))
}
