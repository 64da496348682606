//! The log, on standard error, and the spans for traces beside it.

use crate::{
    config::{Config, LogFormat},
    traces::{self, Exporter},
};
use tracing::Level;
use tracing_subscriber::{EnvFilter, Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts the log. Where traces are wanted, what sends them on is to be run.
pub fn start(config: &Config) -> Option<Exporter> {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = match config.log_format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    };
    let (spans, exporter) = config.tracing.clone().map(traces::traces).unzip();
    // What is traced does not depend on what is logged.
    let spans = spans.map(|spans| spans.with_filter(Targets::new().with_target("crier", Level::INFO)));
    tracing_subscriber::registry().with(log.with_filter(filter)).with(spans).init();
    exporter
}
