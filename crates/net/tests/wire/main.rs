//! The client against real sockets: hosts, TLS servers, proxies and resolvers that behave and that do not.

#![allow(clippy::unwrap_used)]

mod addresses;
mod certificates;
mod host;
mod http2;
mod proxies;
mod redirects;
mod requests;
mod tls;
mod websockets;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crier_net::{Client, Config, Failure, FailureKind, ProxyConfig, Resolve, Stage};

/// A resolver that knows some names under `.test`, each as a list of answers given in turn (the last one for ever).
#[derive(Debug, Default)]
struct Names {
    known: HashMap<&'static str, Vec<&'static str>>,
    asked: AtomicUsize,
}

impl Names {
    fn of(known: &[(&'static str, &[&'static str])]) -> Arc<Self> {
        let known = known.iter().map(|(name, answers)| (*name, answers.to_vec())).collect();
        Arc::new(Self { known, asked: AtomicUsize::new(0) })
    }

    /// Names used all over these tests, every one of them this machine.
    fn here() -> Arc<Self> {
        Self::of(&[
            ("a.test", &["127.0.0.1"]),
            ("b.test", &["127.0.0.1"]),
            ("good.test", &["127.0.0.1"]),
            ("proxy.test", &["127.0.0.1"]),
        ])
    }
}

#[async_trait::async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answers = self.known.get(host).ok_or_else(|| io::Error::other("Name or service not known"))?;
        Ok(vec![answers[turn.min(answers.len() - 1)].parse().unwrap()])
    }
}

/// Settings that may call this machine and no proxy.
fn here() -> Config {
    Config {
        proxy: ProxyConfig::None,
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(3),
        ..Config::default()
    }
}

/// Settings that may call public addresses only.
fn public_only() -> Config {
    Config { allow: vec![], ..here() }
}

fn client() -> Client {
    Client::with_resolver(here(), Names::here()).unwrap()
}

#[track_caller]
fn assert_failed(failure: &Failure, stage: Stage, kind: FailureKind, maybe_received: bool) {
    assert_eq!((failure.stage, failure.kind, failure.maybe_received), (stage, kind, maybe_received), "{failure}");
}
