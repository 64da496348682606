//! The one client for everything that leaves: HTTP and WebSockets through the operator's proxy, to vetted addresses only, with
//! limits on time and size and with failures that say how far a request had come.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = crier_net::Client::new(crier_net::Config::default())?;
//! let answer = client
//!     .post("https://api.example.org/statuses")
//!     .bearer("token")
//!     .json(&serde_json::json!({ "status": "hello" }))
//!     .send()
//!     .await?;
//! let created: serde_json::Value = answer.json()?;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod body;
mod classify;
mod client;
mod config;
mod connector;
mod dial;
mod failure;
mod heard;
mod measure;
mod multipart;
mod name;
mod name_servers;
mod proxy;
mod reach;
mod redact;
mod redirect;
mod request;
mod resolver;
mod retry_after;
mod tls;
mod vet;
mod websocket;

pub use answer::{Answer, Download};
pub use body::Body;
pub use client::Client;
pub use config::{Config, ConfigError, NoProxy, ProxyConfig};
pub use failure::{Failure, FailureKind, Stage};
pub use heard::{Heard, Last};
pub use http::Method;
pub use measure::Waited;
pub use multipart::Multipart;
pub use name::is_public_name;
pub use name_servers::NameServer;
pub use reach::Reach;
pub use redact::redact;
pub use request::Request;
pub use resolver::{Resolve, SystemResolver};
pub use tls::install_crypto_provider;
pub use url::Url;
pub use vet::Allow;
pub use websocket::{Message, WebSocket};
