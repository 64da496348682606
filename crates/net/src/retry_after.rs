//! When a host wants to be asked again, and what time it thinks it is.

use std::time::SystemTime;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

/// Rate limit headers that name the end of the current window (as a time, or as seconds from now), each with the one that tells how
/// much of it is left.
const WINDOWS: [(&str, &str); 5] = [
    ("x-ratelimit-reset-after", "x-ratelimit-remaining"),
    ("ratelimit-reset", "ratelimit-remaining"),
    ("x-ratelimit-reset", "x-ratelimit-remaining"),
    ("x-rate-limit-reset", "x-rate-limit-remaining"),
    ("x-app-limit-reset", "x-app-limit-remaining"),
];

/// Numbers below this are seconds from now: as seconds since 1970 they would lie before 2001.
const FIRST_EPOCH: f64 = 1e9;
/// Numbers from here on are milliseconds since 1970: as seconds they would lie beyond the year 5000.
const FIRST_EPOCH_MILLIS: f64 = 1e11;

/// The moment from which the host may be asked again, by our clock, if the answer names one: `Retry-After` in seconds or as a
/// date (RFC 9110, 10.2.3), or the end of the rate limits' windows that are used up. Of a 429 that calls none of them used up, the
/// first one named is taken for it.
pub(crate) fn retry_after(status: u16, headers: &HeaderMap, received: Timestamp) -> Option<Timestamp> {
    let ahead = -clock_skew(headers, received).unwrap_or_default();
    if let Some(moment) = text(headers, "retry-after").and_then(|text| moment(text, received, ahead)) {
        return Some(moment);
    }
    let windows = windows(headers, received, ahead);
    end_of_used_up(&windows).or_else(|| windows.first().filter(|_| status == 429).map(|(_, end)| *end))
}

/// The end of the rate limits' windows that an answer calls used up: one that was given, but is the last for now.
pub(crate) fn used_up(headers: &HeaderMap, received: Timestamp) -> Option<Timestamp> {
    let ahead = -clock_skew(headers, received).unwrap_or_default();
    end_of_used_up(&windows(headers, received, ahead))
}

/// What is left of a window, where that is said, and its end.
type Window = (Option<f64>, Timestamp);

fn end_of_used_up(windows: &[Window]) -> Option<Timestamp> {
    windows.iter().filter(|(left, _)| *left == Some(0.0)).map(|(_, end)| *end).max()
}

fn windows(headers: &HeaderMap, received: Timestamp, ahead: SignedDuration) -> Vec<Window> {
    let separate = WINDOWS.iter().filter_map(|(reset, remaining)| {
        let left = text(headers, remaining).and_then(|left| left.parse::<f64>().ok());
        Some((left, moment(text(headers, reset)?, received, ahead)?))
    });
    let together = headers.get_all("ratelimit").iter().filter_map(|value| value.to_str().ok()).flat_map(policies);
    let together = together.filter_map(|(left, reset)| Some((Some(left), moment(&reset, received, ahead)?)));
    separate.chain(together).collect()
}

/// What is left of each policy of a `RateLimit` field, and the seconds to its end: `"daily";r=0;t=60, "burst";r=3;t=1`
/// (draft-ietf-httpapi-ratelimit-headers-10, September 2025), or `limit=10, remaining=0, reset=60` (its versions 03 to 07).
fn policies(field: &str) -> Vec<(f64, String)> {
    let earlier = field.contains("reset=");
    let items: Vec<&str> = if earlier { vec![field] } else { field.split(',').collect() };
    let of = |item: &str| {
        let parameter = |names: [&str; 2]| {
            let pairs = item.split([';', ',']).filter_map(|part| part.trim().split_once('='));
            pairs.filter(|(name, _)| names.contains(name)).map(|(_, value)| value.to_owned()).next()
        };
        Some((parameter(["r", "remaining"])?.parse().ok()?, parameter(["t", "reset"])?))
    };
    items.into_iter().filter_map(of).collect()
}

/// How far our clock is ahead of the host's `Date`, exact to about a second.
pub(crate) fn clock_skew(headers: &HeaderMap, received: Timestamp) -> Option<SignedDuration> {
    let theirs = http_date(text(headers, "date")?)?;
    Some(received.duration_since(theirs))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Reads seconds from now, seconds or milliseconds since 1970, an HTTP date or an ISO one. `ahead` is how far the host's clock is
/// ahead of ours; moments by its clock are brought to ours.
fn moment(text: &str, received: Timestamp, ahead: SignedDuration) -> Option<Timestamp> {
    // `RateLimit-Reset: 12;w=60` and lists name the nearest window first.
    let text = text.split([';']).next().unwrap_or(text).trim();
    let theirs = match text.parse::<f64>() {
        Ok(number) if !number.is_finite() || number < 0.0 => return None,
        Ok(seconds) if seconds < FIRST_EPOCH => {
            return received.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok();
        }
        Ok(millis) if millis >= FIRST_EPOCH_MILLIS => {
            Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(millis / 1e3).ok()?).ok()?
        }
        Ok(seconds) => Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()?,
        Err(_) => http_date(text).or_else(|| text.parse().ok())?,
    };
    theirs.checked_sub(ahead).ok()
}

fn http_date(text: &str) -> Option<Timestamp> {
    let time: SystemTime = httpdate::parse_http_date(text).ok()?;
    Timestamp::try_from(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const NOW: &str = "2026-03-01T12:00:00Z";

    fn after(status: u16, headers: &[(&'static str, &str)]) -> Option<i64> {
        let now: Timestamp = NOW.parse().unwrap();
        let moment = retry_after(status, &map(headers), now)?;
        Some(moment.duration_since(now).as_secs())
    }

    fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn seconds_and_dates() {
        assert_eq!(after(429, &[("retry-after", "120")]), Some(120));
        assert_eq!(after(503, &[("retry-after", "Sun, 01 Mar 2026 12:05:00 GMT")]), Some(300));
        assert_eq!(after(503, &[("retry-after", "soon")]), None);
        assert_eq!(after(503, &[("retry-after", "-5")]), None);
    }

    #[test]
    fn dates_are_read_by_the_hosts_own_clock() {
        let headers = [("retry-after", "Sun, 01 Mar 2026 13:05:00 GMT"), ("date", "Sun, 01 Mar 2026 13:00:00 GMT")];
        assert_eq!(after(503, &headers), Some(300));
        let now = NOW.parse().unwrap();
        assert_eq!(clock_skew(&map(&headers), now), Some(SignedDuration::from_hours(-1)));
    }

    #[test]
    fn ends_of_windows() {
        assert_eq!(after(429, &[("x-ratelimit-reset", "2026-03-01T12:01:00.000Z")]), Some(60));
        assert_eq!(after(429, &[("ratelimit-reset", "1772366460")]), Some(60));
        assert_eq!(after(429, &[("x-rate-limit-reset", "1772366460000")]), Some(60));
        assert_eq!(after(429, &[("x-ratelimit-reset", "42.5")]), Some(42));
        assert_eq!(after(200, &[("ratelimit-reset", "1772366460"), ("ratelimit-remaining", "12")]), None);
        assert_eq!(after(200, &[("ratelimit-reset", "1772366460"), ("ratelimit-remaining", "0")]), Some(60));
        assert_eq!(after(429, &[("retry-after", "5"), ("x-ratelimit-reset", "600")]), Some(5));
        let discord = [("x-ratelimit-reset", "1772366460.25"), ("x-ratelimit-reset-after", "61.5")];
        assert_eq!(after(429, &discord), Some(61));
    }

    #[test]
    fn of_several_windows_the_used_up_one_counts() {
        let mut headers = vec![
            ("x-rate-limit-remaining", "3"),
            ("x-rate-limit-reset", "1772366460"),
            ("x-app-limit-remaining", "0"),
            ("x-app-limit-reset", "1772370000"),
        ];
        assert_eq!(after(429, &headers), Some(3600));
        assert_eq!(after(200, &headers), Some(3600));
        headers[2].1 = "1";
        assert_eq!(after(200, &headers), None);
        assert_eq!(after(429, &headers), Some(60));
    }

    #[test]
    fn the_standard_field_is_read_as_it_was_and_as_it_is() {
        let field = |value| after(200, &[("ratelimit", value)]);
        assert_eq!(field("\"default\";r=0;t=30"), Some(30));
        assert_eq!(field("\"burst\";r=0;t=1, \"daily\";r=0;t=60;pk=:aGVsbG8=:"), Some(60));
        assert_eq!(field("\"burst\";r=2;t=1, \"daily\";r=9;t=60"), None);
        assert_eq!(field("limit=10, remaining=0, reset=50"), Some(50));
        assert_eq!(field("limit=10;w=60, remaining=3, reset=50"), None);
        assert_eq!(after(429, &[("ratelimit", "\"default\";r=5;t=7")]), Some(7));
        assert_eq!(after(429, &[("ratelimit", "nonsense")]), None);
    }

    #[test]
    fn nonsense_is_no_moment() {
        for value in ["1e400", "NaN", "inf", "9e99", ""] {
            assert_eq!(after(429, &[("retry-after", value)]), None, "{value}");
        }
    }
}
