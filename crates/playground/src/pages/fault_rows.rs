//! The rows of the fault panel: one for each way to fail.

use crate::endpoint::Endpoint;
use crate::faults::{Kind, Shape};
use crate::oauth::scopes::Scope;

/// A row of the panel. Its id is also the id of the fault that it sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What it will break.
    pub(crate) breaks: &'static str,
    /// The one setting that it has, if any.
    pub(crate) setting: Option<Setting>,
    /// Where it happens unless said otherwise; everywhere it can if none.
    pub(crate) usual: Option<Endpoint>,
    /// Makes the fault from what was entered.
    pub(crate) make: fn(&str) -> Option<Kind>,
    /// What is entered for a fault that is set already.
    pub(crate) read: fn(&Kind) -> Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) label: &'static str,
    pub(crate) usual: &'static str,
    pub(crate) input: Input,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    Number { min: i64, max: i64 },
    Text { needed: bool },
    Choice(fn() -> Vec<&'static str>),
}

const fn number(label: &'static str, usual: &'static str, min: i64, max: i64) -> Option<Setting> {
    Some(Setting { label, usual, input: Input::Number { min, max } })
}

const fn choice(label: &'static str, usual: &'static str, choices: fn() -> Vec<&'static str>) -> Option<Setting> {
    Some(Setting { label, usual, input: Input::Choice(choices) })
}

fn none(_: &Kind) -> Option<String> {
    None
}

pub(crate) const ROWS: [Row; 19] = [
    Row {
        id: "expire-code",
        title: "The code has expired",
        breaks: "Connecting: the token endpoint answers invalid_grant, as after a minute of waiting.",
        setting: None,
        usual: Some(Endpoint::Token),
        make: |_| Some(Kind::ExpireCode),
        read: none,
    },
    Row {
        id: "delay",
        title: "Slow answers",
        breaks: "Whatever does not wait long enough.",
        setting: number("Milliseconds", "3000", 1, 600_000),
        usual: Some(Endpoint::Token),
        make: |text| Some(Kind::Delay { ms: text.parse().ok()? }),
        read: |kind| match kind {
            Kind::Delay { ms } => Some(ms.to_string()),
            _ => None,
        },
    },
    Row {
        id: "status",
        title: "Server errors",
        breaks: "The request is not processed. Repeating it later works.",
        setting: choice("Status", "503", || vec!["500", "502", "503"]),
        usual: None,
        make: |text| Some(Kind::Status { code: text.parse().ok()? }),
        read: |kind| match kind {
            Kind::Status { code } => Some(code.to_string()),
            _ => None,
        },
    },
    Row {
        id: "rate-limit",
        title: "Too many requests",
        breaks: "429 with Retry-After: who asks again sooner is refused again.",
        setting: number("Seconds to wait", "30", 0, 86_400),
        usual: Some(Endpoint::Posts),
        make: |text| Some(Kind::RateLimit { retry_after: text.parse().ok()? }),
        read: |kind| match kind {
            Kind::RateLimit { retry_after } => Some(retry_after.to_string()),
            _ => None,
        },
    },
    Row {
        id: "reset-before",
        title: "Connection reset, nothing done",
        breaks: "The connection ends without an answer, and the request was not processed.",
        setting: None,
        usual: Some(Endpoint::Posts),
        make: |_| Some(Kind::Reset { processed: false }),
        read: none,
    },
    Row {
        id: "reset-after",
        title: "Connection reset, but done",
        breaks: "The connection ends without an answer although the post is out or the code is used: \
                 a blind retry posts twice.",
        setting: None,
        usual: Some(Endpoint::Posts),
        make: |_| Some(Kind::Reset { processed: true }),
        read: none,
    },
    Row {
        id: "html-page",
        title: "A web page instead of JSON",
        breaks: "200 with HTML, as a captive portal or a firewall answers.",
        setting: None,
        usual: Some(Endpoint::Token),
        make: |_| Some(Kind::HtmlPage),
        read: none,
    },
    Row {
        id: "broken-json",
        title: "Broken JSON",
        breaks: "200 with JSON that stops in the middle.",
        setting: None,
        usual: Some(Endpoint::Token),
        make: |_| Some(Kind::BrokenJson),
        read: none,
    },
    Row {
        id: "big-body",
        title: "A huge answer",
        breaks: "Memory, where answers are read without a limit.",
        setting: number("Bytes", "10485760", 1, 67_108_864),
        usual: Some(Endpoint::Me),
        make: |text| Some(Kind::BigBody { bytes: text.parse().ok()? }),
        read: |kind| match kind {
            Kind::BigBody { bytes } => Some(bytes.to_string()),
            _ => None,
        },
    },
    Row {
        id: "clock",
        title: "A clock that is off",
        breaks: "The Date of the answers, by which clocks are compared.",
        setting: number("Seconds ahead", "300", -31_536_000, 31_536_000),
        usual: None,
        make: |text| Some(Kind::Clock { seconds: text.parse().ok()? }),
        read: |kind| match kind {
            Kind::Clock { seconds } => Some(seconds.to_string()),
            _ => None,
        },
    },
    Row {
        id: "revoke-tokens",
        title: "Tokens revoked",
        breaks: "Every connection of the account: access and refresh tokens stop working for good.",
        setting: None,
        usual: Some(Endpoint::Posts),
        make: |_| Some(Kind::RevokeTokens),
        read: none,
    },
    Row {
        id: "rotate-keys",
        title: "Client secrets changed",
        breaks: "Every app with a secret, until it is given a new one under Apps.",
        setting: None,
        usual: Some(Endpoint::Token),
        make: |_| Some(Kind::RotateKeys),
        read: none,
    },
    Row {
        id: "rename",
        title: "Account renamed",
        breaks: "Whatever takes the handle for the account. Its id stays.",
        setting: Some(Setting { label: "New handle", usual: "", input: Input::Text { needed: false } }),
        usual: Some(Endpoint::Me),
        make: |text| {
            let to = (!text.is_empty()).then(|| text.to_owned());
            Some(Kind::Rename { to })
        },
        read: |kind| match kind {
            Kind::Rename { to } => to.clone(),
            _ => None,
        },
    },
    Row {
        id: "deny-scope",
        title: "A permission withheld",
        breaks: "What needs that permission, although the account ticked it.",
        setting: choice("Permission", "posts:write", || Scope::ALL.map(Scope::name).to_vec()),
        usual: None,
        make: |text| Some(Kind::DenyScope { scopes: vec![Scope::named(text)?] }),
        read: |kind| match kind {
            Kind::DenyScope { scopes } => scopes.first().map(|scope| scope.name().to_owned()),
            _ => None,
        },
    },
    Row {
        id: "wrong-issuer",
        title: "Another issuer's name",
        breaks: "Connecting, where the issuer is checked: the answer claims to come from another server.",
        setting: Some(Setting { label: "Issuer", usual: "https://other.example", input: Input::Text { needed: true } }),
        usual: None,
        make: |text| (!text.is_empty()).then(|| Kind::WrongIssuer { issuer: text.to_owned() }),
        read: |kind| match kind {
            Kind::WrongIssuer { issuer } => Some(issuer.clone()),
            _ => None,
        },
    },
    Row {
        id: "missing-issuer",
        title: "No issuer's name",
        breaks: "Connecting, where the issuer is checked: the metadata promises it and it does not come.",
        setting: None,
        usual: None,
        make: |_| Some(Kind::MissingIssuer),
        read: none,
    },
    Row {
        id: "no-pages",
        title: "No pages",
        breaks: "Connecting a page: the account is answered as if it had none.",
        setting: None,
        usual: None,
        make: |_| Some(Kind::NoPages),
        read: none,
    },
    Row {
        id: "withhold-page",
        title: "A page not granted",
        breaks: "Connecting that page (every page, if none is named): it is listed, and no token is given for it.",
        setting: Some(Setting { label: "Handle of the page", usual: "", input: Input::Text { needed: false } }),
        usual: None,
        make: |text| {
            let page = (!text.is_empty()).then(|| text.to_owned());
            Some(Kind::WithholdPage { page })
        },
        read: |kind| match kind {
            Kind::WithholdPage { page } => page.clone(),
            _ => None,
        },
    },
    Row {
        id: "avatar",
        title: "Odd avatars",
        breaks: "Whatever takes the account's picture for a PNG.",
        setting: choice("Instead", "svg", || Shape::ALL.map(|(_, name)| name).to_vec()),
        usual: None,
        make: |text| {
            let (shape, _) = Shape::ALL.into_iter().find(|(_, name)| *name == text)?;
            Some(Kind::Avatar { shape })
        },
        read: |kind| match kind {
            Kind::Avatar { shape } => {
                Shape::ALL.into_iter().find(|(known, _)| known == shape).map(|(_, name)| name.to_owned())
            }
            _ => None,
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_makes_its_fault_from_its_usual_setting_and_reads_it_back() {
        for row in ROWS {
            let usual = row.setting.map_or("", |setting| setting.usual);
            let kind = (row.make)(usual).unwrap_or_else(|| panic!("{}", row.id));
            if !usual.is_empty() {
                assert_eq!((row.read)(&kind).as_deref(), Some(usual), "{}", row.id);
            }
            if let Some(endpoint) = row.usual {
                assert!(kind.places().contains(&endpoint), "{}", row.id);
            }
        }
    }
}
