//! How often somebody without a session may ask, so that passwords can't be guessed and links are no lever.

use crate::problem::Problem;
use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, StatusCode},
};
use crier_model::InviteId;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
};

const fn a(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// Counters in memory, for one process: tries are slowed down, not locked out, so that nobody can lock out somebody else.
pub(crate) struct Limits {
    sign_in_address: DefaultKeyedRateLimiter<IpAddr>,
    sign_in_account: DefaultKeyedRateLimiter<String>,
    sign_up_address: DefaultKeyedRateLimiter<IpAddr>,
    invite_opened: DefaultKeyedRateLimiter<IpAddr>,
    invited_address: DefaultKeyedRateLimiter<IpAddr>,
    invited_link: DefaultKeyedRateLimiter<InviteId>,
    handed_over: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_in_address: RateLimiter::keyed(Quota::per_minute(a(20)).allow_burst(a(40))),
            sign_in_account: RateLimiter::keyed(Quota::per_minute(a(5)).allow_burst(a(10))),
            sign_up_address: RateLimiter::keyed(Quota::per_minute(a(3)).allow_burst(a(30))),
            invite_opened: RateLimiter::keyed(Quota::per_minute(a(20)).allow_burst(a(60))),
            invited_address: RateLimiter::keyed(Quota::per_minute(a(10)).allow_burst(a(30))),
            invited_link: RateLimiter::keyed(Quota::per_minute(a(20)).allow_burst(a(60))),
            handed_over: RateLimiter::keyed(Quota::per_minute(a(20)).allow_burst(a(60))),
        }
    }
}

impl Limits {
    pub fn sign_in(&self, from: IpAddr, email: &str) -> Result<(), Problem> {
        take(&self.sign_in_address, &from)?;
        take(&self.sign_in_account, &email.trim().to_lowercase())
    }

    pub fn sign_up(&self, from: IpAddr) -> Result<(), Problem> {
        take(&self.sign_up_address, &from)
    }

    /// Tokens of invite links can't be guessed; this keeps those who try from being a load.
    pub fn open_invite(&self, from: IpAddr) -> Result<(), Problem> {
        take(&self.invite_opened, &from)
    }

    /// What a guest has this server ask a network for.
    pub fn guest(&self, from: IpAddr, invite: InviteId) -> Result<(), Problem> {
        take(&self.invited_address, &from)?;
        take(&self.invited_link, &invite)
    }

    /// As [`Self::guest`], where only the browser is known.
    pub fn guest_address(&self, from: IpAddr) -> Result<(), Problem> {
        take(&self.invited_address, &from)
    }

    /// Codes and tokens of hand-overs can't be guessed; this keeps those who try from being a load.
    pub fn hand_over(&self, from: IpAddr) -> Result<(), Problem> {
        take(&self.handed_over, &from)
    }
}

fn take<K: Clone + Eq + Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Problem> {
    // Keys whose allowance is whole again say nothing any more.
    if limiter.len() > 10_000 {
        limiter.retain_recent();
    }
    let Err(not_until) = limiter.check_key(key) else { return Ok(()) };
    let wait = not_until.wait_time_from(governor::clock::DefaultClock::default().now());
    let seconds = wait.as_secs() + 1;
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate.limited", "Too many tries");
    Err(Problem {
        retry_after: Some(seconds),
        ..problem.detail("There were more tries in a short time than anybody needs.")
    })
}

/// Where a request comes from: the peer, or the last address that a trusted proxy wrote. An IPv6 address counts with its /64,
/// which one household has whole.
pub(crate) fn client_address(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpAddr]) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical());
    let peer = peer.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    let mut address = peer;
    if trusted.contains(&peer) {
        let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<IpAddr> =
            forwarded.flat_map(|v| v.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
        address = hops.into_iter().rev().find(|hop| !trusted.contains(hop)).unwrap_or(peer);
    }
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let trusted: Vec<IpAddr> = trusted.iter().map(|ip| ip.parse().unwrap()).collect();
        client_address(&headers, &extensions, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_entry() {
        assert_eq!(from("203.0.113.9", "198.51.100.1", &[]), "203.0.113.9");
        assert_eq!(from("127.0.0.1", "6.6.6.6, 198.51.100.1", &["127.0.0.1"]), "198.51.100.1");
        assert_eq!(from("127.0.0.1", "198.51.100.1, 10.0.0.2", &["127.0.0.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(from("2001:db8:1:2:3:4:5:6", "", &[]), "2001:db8:1:2::");
    }

    #[test]
    fn tries_on_one_account_are_slowed_down_whatever_their_address() {
        let limits = Limits::default();
        let tries = |n: u8| limits.sign_in(IpAddr::from([203, 0, 113, n]), "Ada@example.org");
        assert!((0..10).all(|n| tries(n).is_ok()));
        let problem = tries(11).unwrap_err();
        assert_eq!((problem.status, problem.retry_after.is_some()), (429, true));
        assert!(limits.sign_in(IpAddr::from([203, 0, 113, 1]), "bob@example.org").is_ok());
    }
}
