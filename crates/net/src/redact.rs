//! Removing secrets from text that will be kept or shown.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

const MASK: &str = "***";

/// A copy of `text` in which everything that looks like a secret is `***`: bearer and basic credentials, names and passwords in
/// addresses, the values of fields such as `code=`, `client_secret` and `access_token` in forms, queries, headers and JSON (cut off
/// or escaped JSON too), JSON web tokens, private keys, and tokens known by their shape. In doubt it masks.
///
/// Doing it twice changes nothing more.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut text = text.to_owned();
    // What a mask leaves behind can form a pattern of its own. Each change leaves fewer characters that are no mask, so this ends.
    loop {
        let masked = mask(&text);
        if masked == text {
            return masked;
        }
        text = masked;
    }
}

fn mask(text: &str) -> String {
    let text = PRIVATE_KEY.replace_all(text, "-----PRIVATE KEY ***-----");
    let text = replace(&USER_INFO, text, |found| format!("{}{MASK}@", &found[1]));
    let text = replace(&CREDENTIALS, text, |found| {
        let word = found[3].trim_end_matches('=').to_ascii_lowercase();
        if WORDS_AFTER_SCHEME.contains(&word.as_str()) {
            found[0].to_owned()
        } else {
            format!("{}{}{MASK}", &found[1], &found[2])
        }
    });
    let text = replace(&FIELD, text, mask_field);
    let text = replace(&CODE, text, |found| {
        let short_number = found[2].len() <= 4 && found[2].bytes().all(|byte| byte.is_ascii_digit());
        if short_number { found[0].to_owned() } else { format!("{}{MASK}", &found[1]) }
    });
    let text = replace(&HOOK, text, |found| {
        let before = found.get(1).or_else(|| found.get(2)).map_or("", |before| before.as_str());
        format!("{before}{MASK}")
    });
    replace(&SHAPES, text, |_| MASK.to_owned()).into_owned()
}

fn replace<'a>(pattern: &Regex, text: Cow<'a, str>, with: impl Fn(&Captures<'_>) -> String) -> Cow<'a, str> {
    match pattern.replace_all(&text, with) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

fn mask_field(found: &Captures<'_>) -> String {
    let [whole, name, separator, value] = [0, 1, 2, 3].map(|index| found.get(index).map_or("", |m| m.as_str()));
    let prose = separator.trim_end() == ":" && !value.starts_with(['"', '\'', '\\']);
    // "Error validating access token: Session has expired" is worth keeping; a password may be any word.
    if prose && !name.to_ascii_lowercase().contains("pass") && !looks_random(value) {
        return whole.to_owned();
    }
    let quote_end = value.find(['"', '\'']).map_or(0, |at| at + 1);
    let opening = if value[..quote_end].trim_matches('\\').len() <= 1 { &value[..quote_end] } else { "" };
    format!("{name}{separator}{opening}{MASK}")
}

fn looks_random(value: &str) -> bool {
    value.len() >= 20 || (value.len() >= 6 && value.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Words that follow "bearer" or "basic" in prose and in `WWW-Authenticate`.
const WORDS_AFTER_SCHEME: [&str; 14] = [
    "access",
    "and",
    "auth",
    "authentication",
    "authorization",
    "credentials",
    "error",
    "is",
    "realm",
    "scheme",
    "scope",
    "setup",
    "token",
    "tokens",
];

fn pattern(text: &str) -> Regex {
    match Regex::new(text) {
        Ok(pattern) => pattern,
        // All patterns are constants of this file, compiled by its tests.
        Err(error) => unreachable!("{error}"),
    }
}

static PRIVATE_KEY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*-----|\z)"));

static USER_INFO: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#]+@"));

static CREDENTIALS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(bearer|basic|dpop|digest)(\s+|%20|\+)([a-z0-9._~+/=%-]+)"));

/// A field whose name ends in a word for a secret, its separator, and its value: quoted, quoted with escaped quotes, or bare.
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)([a-z0-9_.\[-]*",
        r"(?:secret|password|passwd|passphrase|passcode|pwd|token|verifier|signature|sig|assertion|api[_-]?key|private[_-]?key|",
        r"secret[_-]?key|access[_-]?key|jwt|credentials?|authorization|cookie|session[_-]?id|device[_-]?code|nonce|proof|nsec|otp)",
        r"\]?)",
        r#"(\\*["']?\s*(?:=|:|%3d|%3a)\s*)"#,
        r#"("(?:[^"\\]|\\.)*|\\+"(?:[^"\\]|\\\\+.)*|'[^']*|[^\s&"'<>\\]+)"#,
    ))
});

/// An authorisation code in a query or form, also inside an encoded address.
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)((?:\b|%[0-9a-f]{2})code(?:=|%3d))([^\s&"'<>\\]+)"#));

/// Addresses whose path is the secret.
static HOOK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)(/api/webhooks/[0-9]+/|hooks\.slack\.com/(?:services|workflows)/|/bot[0-9]+:)[a-z0-9_/-]+",
        r"|(/hooks/)[a-z0-9]{26}\b", // Mattermost
    ))
});

static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){0,3}", // JSON web tokens
        r"|\bnsec1[a-z0-9]{20,}",                                           // Nostr
        r"|\bxox[a-z]-[A-Za-z0-9-]{10,}",                                   // Slack
        r"|\bgh[a-z]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}",      // GitHub
        r"|\bEAA[A-Za-z0-9]{20,}|\bIG[A-Z]{2}[A-Za-z0-9_-]{30,}",           // Facebook, Instagram
        r"|\bya29\.[A-Za-z0-9_-]{10,}|\b1//[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{10,}", // Google
        r"|\bsk-[A-Za-z0-9_-]{20,}",                                        // several AI services
        r"|\b[0-9]{6,12}:[A-Za-z0-9_-]{30,}",                               // Telegram
        r"|\b[a-z0-9]{4}(?:-[a-z0-9]{4}){3}\b",                             // Bluesky app passwords
    ))
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn masks_what_is_secret() {
        for (text, redacted) in [
            ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
            ("http://user:pa@ss@proxy.test:3128/", "http://***@proxy.test:3128/"),
            ("https://chat.test/hooks/xen487axgfn5iqpgr3yw4kd3ac said no", "https://chat.test/hooks/*** said no"),
            ("https://a.test/hooks/posts", "https://a.test/hooks/posts"),
            ("https://a.test/workflows/1?sp=run&sig=AbC_d-1", "https://a.test/workflows/1?sp=run&sig=***"),
            ("https://a.test/cb?code=abc123def&state=1", "https://a.test/cb?code=***&state=1"),
            (
                "grant_type=authorization_code&code=x9876&client_secret=s3",
                "grant_type=authorization_code&code=***&client_secret=***",
            ),
            (r#"{"access_token":"abc","token_type":"bearer"}"#, r#"{"access_token":"***","token_type":"bearer"}"#),
            (r#"{"password": "a\"b c"}"#, r#"{"password": "***"}"#),
            (r#"{"refresh_token":"cut of"#, r#"{"refresh_token":"***"#),
            (r#""{\"client_secret\":\"abc\\\"def\"}""#, r#""{\"client_secret\":\"***\"}""#),
            ("next=https%3A%2F%2Fa.test%2F%3Fcode%3Dabcdef", "next=https%3A%2F%2Fa.test%2F%3Fcode%3D***"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "jwt *** end"),
            ("POST /bot123456:AAbbCC/sendMessage", "POST /bot123456:***"),
            ("password: hunter2", "password: ***"),
            ("X-Api-Key: k3y123456", "X-Api-Key: ***"),
            (
                "https://a.test/api/dev/token?loginRequestToken=a1b2-c3",
                "https://a.test/api/dev/token?loginRequestToken=***",
            ),
            (r#"{"apiToken":"abc","expiresAt":"2026-12-24"}"#, r#"{"apiToken":"***","expiresAt":"2026-12-24"}"#),
        ] {
            assert_eq!(redact(text), redacted, "{text}");
        }
    }

    #[test]
    fn keeps_what_is_evidence() {
        for text in [
            "Error validating access token: Session has expired",
            r#"WWW-Authenticate: Bearer realm="api", error="invalid_scope""#,
            r#"{"error":{"code":190,"error_subcode":463,"message":"no"}}"#,
            "status code=400",
            "connecting to api.example.org:443 (93.184.215.14:443): Connection refused (os error 111)",
            "550e8400-e29b-41d4-a716-446655440000",
            "token_type=bearer&expires_in=3600",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn private_keys_vanish_even_cut_off() {
        for text in [
            "a -----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY----- b",
            "a -----BEGIN PRIVATE KEY-----\nMIIEow",
        ] {
            assert!(!redact(text).contains("MIIEow"), "{text}");
        }
    }

    const SHAPES_OF_TEXT: [&str; 18] = [
        "Authorization: Bearer SECRET",
        "authorization: basic SECRET",
        "https://name:SECRET@host.test/path",
        "https://SECRET@host.test",
        "GET /callback?code=SECRET&state=x HTTP/1.1",
        "client_id=a&client_secret=SECRET",
        "password=SECRET&x=y",
        "password: SECRET",
        "{\"access_token\": \"SECRET\"}",
        "{\"refreshToken\":\"SECRET\"",
        "{\\\"id_token\\\":\\\"SECRET\\\"}",
        "oauth_token=x&oauth_token_secret=SECRET",
        "Cookie: session_id=SECRET; theme=dark",
        "{'apiKey': 'SECRET'}",
        "code_verifier=SECRET",
        "u=https%3A%2F%2Fa%2F%3Faccess_token%3DSECRET%26b%3Dc",
        "eyJhbGciOiJIUzI1NiJ9.SECRET.c2lnbmF0dXJl",
        "https://discord.test/api/webhooks/12345/SECRET",
    ];

    proptest! {
        #[test]
        fn no_secret_survives(
            secret in "[A-Za-z][A-Za-z0-9]{10,38}[0-9]",
            shape in prop::sample::select(&SHAPES_OF_TEXT[..]),
            before in "[a-z ,.\n{}\\[\\]]{0,20}",
            after in "[a-z ,.\n{}\\[\\]&?\"]{0,20}",
        ) {
            let text = format!("{before} {} {after}", shape.replace("SECRET", &secret));
            let redacted = redact(&text);
            prop_assert!(!redacted.contains(&secret), "{redacted}");
        }

        #[test]
        fn twice_is_once(text in "(?s)(code=|token|password|\"|'|\\\\|:|=|%3D|://|@|Bearer |[a-z0-9 ]{1,6}|.){0,24}") {
            let once = redact(&text);
            prop_assert_eq!(redact(&once), once);
        }

        #[test]
        fn plain_words_are_kept(text in "[A-Z][a-z]{1,9}( [a-z]{1,9}){0,8}") {
            prop_assume!(!text.to_lowercase().contains("bearer") && !text.contains("basic") && !text.contains("digest") && !text.contains("dpop"));
            prop_assert_eq!(redact(&text), text);
        }
    }
}
