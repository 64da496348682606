//! Faults: what can be made to go wrong on purpose, where, for whom and how often.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::accounts::{AccountId, Accounts, check_handle};
use crate::endpoint::Endpoint;
use crate::oauth::scopes::Scope;

/// The longest delay, in milliseconds.
const DELAY_MAX: u64 = 10 * 60 * 1000;
/// The largest made-up body, in bytes.
const BODY_MAX: usize = 64 * 1024 * 1024;
/// The most faults at a time.
const FAULTS_MAX: usize = 200;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The answer comes `ms` later.
    Delay { ms: u64 },
    /// An error status with a JSON body, the request not processed.
    Status { code: u16 },
    /// 429 with `Retry-After` in seconds.
    RateLimit { retry_after: u64 },
    /// The connection is reset after the request was read: either before it was processed or after.
    Reset { processed: bool },
    /// 200 with an HTML page, as a captive portal or a firewall answers.
    HtmlPage,
    /// 200 with JSON that breaks off in the middle.
    BrokenJson,
    /// 200 with a JSON body of that many bytes.
    BigBody { bytes: usize },
    /// The request is processed, and the answer's `Date` is off by that many seconds.
    Clock { seconds: i64 },
    /// Every code is taken for an expired one.
    ExpireCode,
    /// Before the request is looked at, all tokens of its account (or of all accounts) are revoked.
    RevokeTokens,
    /// Before the request is looked at, every client secret is replaced by one nobody knows.
    RotateKeys,
    /// Before the request is looked at, its account gets another handle.
    Rename { to: Option<String> },
    /// These permissions are not granted, whatever was ticked.
    DenyScope { scopes: Vec<Scope> },
    /// The consent names another issuer.
    WrongIssuer { issuer: String },
    /// The consent names no issuer although the metadata says it does.
    MissingIssuer,
    /// The account has no pages, whatever it has.
    NoPages,
    /// The page with that handle (or every page) was not granted to the app: it is listed without a token.
    WithholdPage { page: Option<String> },
    /// The avatar is something else than a PNG.
    Avatar { shape: Shape },
}

/// What an avatar can be instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    Webp,
    Avif,
    Svg,
    Html,
    Missing,
}

impl Shape {
    pub(crate) const ALL: [(Shape, &'static str); 5] = [
        (Shape::Webp, "webp"),
        (Shape::Avif, "avif"),
        (Shape::Svg, "svg"),
        (Shape::Html, "html"),
        (Shape::Missing, "missing"),
    ];
}

impl Kind {
    /// The `kind` in JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Kind::Delay { .. } => "delay",
            Kind::Status { .. } => "status",
            Kind::RateLimit { .. } => "rate_limit",
            Kind::Reset { .. } => "reset",
            Kind::HtmlPage => "html_page",
            Kind::BrokenJson => "broken_json",
            Kind::BigBody { .. } => "big_body",
            Kind::Clock { .. } => "clock",
            Kind::ExpireCode => "expire_code",
            Kind::RevokeTokens => "revoke_tokens",
            Kind::RotateKeys => "rotate_keys",
            Kind::Rename { .. } => "rename",
            Kind::DenyScope { .. } => "deny_scope",
            Kind::WrongIssuer { .. } => "wrong_issuer",
            Kind::MissingIssuer => "missing_issuer",
            Kind::NoPages => "no_pages",
            Kind::WithholdPage { .. } => "withhold_page",
            Kind::Avatar { .. } => "avatar",
        }
    }

    /// Where it can happen.
    pub(crate) fn places(&self) -> &'static [Endpoint] {
        match self {
            Kind::ExpireCode => &[Endpoint::Token],
            Kind::DenyScope { .. } | Kind::WrongIssuer { .. } | Kind::MissingIssuer => &[Endpoint::Consent],
            Kind::NoPages | Kind::WithholdPage { .. } => &[Endpoint::Pages],
            Kind::Avatar { .. } => &[Endpoint::Avatar],
            _ => &Endpoint::ALL,
        }
    }

    /// Whether it answers in place of the endpoint: at most one such fault acts on a request.
    fn answers(&self) -> bool {
        matches!(
            self,
            Kind::Status { .. }
                | Kind::RateLimit { .. }
                | Kind::Reset { .. }
                | Kind::HtmlPage
                | Kind::BrokenJson
                | Kind::BigBody { .. }
        )
    }

    /// Whether the endpoint itself asks for it while it processes the request.
    fn inside(&self) -> bool {
        self.places().len() == 1
    }

    /// Whether it changes something for good, so that it can also be done at once.
    pub(crate) fn lasting(&self) -> bool {
        matches!(self, Kind::RevokeTokens | Kind::RotateKeys | Kind::Rename { .. })
    }

    fn check(&self) -> Result<(), Unfit> {
        match self {
            Kind::Delay { ms } if *ms > DELAY_MAX => Err(Unfit::field("ms", format!("at most {DELAY_MAX}"))),
            Kind::Status { code } if !(400..600).contains(code) => {
                Err(Unfit::field("code", "an HTTP status from 400 to 599".to_owned()))
            }
            Kind::BigBody { bytes } if *bytes > BODY_MAX => Err(Unfit::field("bytes", format!("at most {BODY_MAX}"))),
            Kind::DenyScope { scopes } if scopes.is_empty() => {
                Err(Unfit::field("scopes", "at least one permission to withhold".to_owned()))
            }
            Kind::Rename { to: Some(to) } if check_handle(to).is_err() => {
                Err(Unfit::field("to", "a handle of 2 to 30 letters a–z, digits or underscores".to_owned()))
            }
            Kind::WithholdPage { page: Some(page) } if check_handle(page).is_err() => {
                Err(Unfit::field("page", "the handle of a page".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// A fault that cannot be set as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("{field}: expected {expected}")]
    Field { field: String, expected: String },
    #[error("{0}")]
    Shape(String),
}

impl Unfit {
    fn field(field: &str, expected: String) -> Self {
        Unfit::Field { field: field.to_owned(), expected }
    }
}

/// One fault as it is set and stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Where; anywhere it can happen if empty.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Only for requests of this account.
    pub(crate) account: Option<AccountId>,
    /// How many more times; until switched off if none.
    pub(crate) left: Option<u32>,
    pub(crate) on: bool,
    pub(crate) fired: u64,
}

impl Fault {
    fn meets(&self, endpoint: Endpoint, account: Option<AccountId>) -> bool {
        self.on
            && self.left != Some(0)
            && self.kind.places().contains(&endpoint)
            && (self.endpoints.is_empty() || self.endpoints.contains(&endpoint))
            && (self.account.is_none() || self.account == account)
            // Somebody must be there to be renamed.
            && (account.is_some() || !matches!(self.kind, Kind::Rename { .. }))
    }

    fn fire(&mut self) {
        self.fired += 1;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.on = false;
            }
        }
    }

    /// As shown in JSON, with the account's handle.
    pub(crate) fn show(&self, accounts: &Accounts) -> Value {
        let mut shown = serde_json::to_value(&self.kind).unwrap_or_default();
        if let Value::Object(fields) = &mut shown {
            let account = self.account.and_then(|id| accounts.get(id));
            fields.insert("id".to_owned(), self.id.clone().into());
            let endpoints: Vec<&str> = self.endpoints.iter().map(|e| e.name()).collect();
            fields.insert("endpoints".to_owned(), endpoints.into());
            fields.insert("account".to_owned(), account.map(|account| account.handle.clone()).into());
            fields.insert("times".to_owned(), self.left.into());
            fields.insert("on".to_owned(), self.on.into());
            fields.insert("fired".to_owned(), self.fired.into());
        }
        shown
    }
}

/// A fault as somebody asks for it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(flatten)]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) endpoints: Vec<Endpoint>,
    /// A handle.
    #[serde(default)]
    pub(crate) account: Option<String>,
    #[serde(default)]
    pub(crate) times: Option<u32>,
    #[serde(default = "yes")]
    pub(crate) on: bool,
    /// Ignored: lets what was read be sent back.
    #[serde(default)]
    pub(crate) fired: u64,
}

fn yes() -> bool {
    true
}

impl Wish {
    /// Reads a fault from JSON, refusing fields that mean nothing.
    pub(crate) fn read(value: Value) -> Result<Self, Unfit> {
        let given: Vec<String> = match &value {
            Value::Object(fields) => fields.keys().cloned().collect(),
            _ => {
                return Err(Unfit::Shape("A fault is an object with a `kind`.".to_owned()));
            }
        };
        let wish: Wish = serde_json::from_value(value).map_err(|error| Unfit::Shape(error.to_string()))?;
        let known = serde_json::to_value(&wish).unwrap_or_default();
        for field in given {
            if known.get(&field).is_none() {
                let kind = wish.kind.name();
                return Err(Unfit::Shape(format!("{field}: a fault of kind {kind} has no such field")));
            }
        }
        Ok(wish)
    }
}

/// What faults make of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Ids of the faults that fired.
    pub(crate) fired: Vec<String>,
    pub(crate) delay_ms: u64,
    pub(crate) clock: Option<i64>,
    /// Lasting changes to make first.
    pub(crate) first: Vec<Kind>,
    pub(crate) answer: Option<Kind>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Faults {
    all: Vec<Fault>,
    last: u64,
}

impl Faults {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.all.iter()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Fault> {
        self.all.iter().find(|fault| fault.id == id)
    }

    /// Sets a fault, replacing the one with the same id.
    pub(crate) fn set(&mut self, wish: Wish, accounts: &Accounts) -> Result<String, Unfit> {
        wish.kind.check()?;
        for endpoint in &wish.endpoints {
            if !wish.kind.places().contains(endpoint) {
                let places: Vec<&str> = wish.kind.places().iter().map(|e| e.name()).collect();
                return Err(Unfit::field("endpoints", format!("{} for {}", places.join(", "), wish.kind.name())));
            }
        }
        let account = match wish.account.as_deref() {
            None => None,
            Some(handle) => Some(
                accounts
                    .named(handle)
                    .ok_or_else(|| Unfit::field("account", format!("a handle; @{handle} does not exist")))?
                    .id,
            ),
        };
        if wish.times == Some(0) {
            return Err(Unfit::field("times", "1 or more, or null".to_owned()));
        }
        let id = wish.id.unwrap_or_else(|| {
            self.last += 1;
            format!("fault-{}", self.last)
        });
        if id.is_empty() || id.len() > 64 {
            return Err(Unfit::field("id", "1 to 64 characters".to_owned()));
        }
        let fault = Fault {
            id: id.clone(),
            kind: wish.kind,
            endpoints: wish.endpoints,
            account,
            left: wish.times,
            on: wish.on,
            fired: 0,
        };
        let full = self.all.len() >= FAULTS_MAX;
        match self.all.iter_mut().find(|other| other.id == id) {
            Some(other) => {
                // The count goes on where the same fault is switched off and on again.
                let fired = if other.kind.name() == fault.kind.name() { other.fired } else { 0 };
                *other = Fault { fired, ..fault };
            }
            None if full => {
                return Err(Unfit::Shape(format!("There are {FAULTS_MAX} faults already: delete some.")));
            }
            None => self.all.push(fault),
        }
        Ok(id)
    }

    pub(crate) fn switch_off(&mut self, id: &str) {
        if let Some(fault) = self.all.iter_mut().find(|fault| fault.id == id) {
            fault.on = false;
        }
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.all.len();
        self.all.retain(|fault| fault.id != id);
        self.all.len() != before
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }

    /// Counts one firing of `id`, for what is done at once.
    pub(crate) fn count(&mut self, id: &str) {
        if let Some(fault) = self.all.iter_mut().find(|fault| fault.id == id) {
            fault.fired += 1;
        }
    }

    /// Whether anything would act on such a request.
    pub(crate) fn any(&self, endpoint: Endpoint, account: Option<AccountId>) -> bool {
        self.all.iter().any(|fault| !fault.kind.inside() && fault.meets(endpoint, account))
    }

    /// Fires what acts on such a request before it is processed.
    pub(crate) fn meet(&mut self, endpoint: Endpoint, account: Option<AccountId>) -> Verdict {
        let mut verdict = Verdict::default();
        for fault in &mut self.all {
            if fault.kind.inside() || !fault.meets(endpoint, account) {
                continue;
            }
            match &fault.kind {
                Kind::Delay { ms } => verdict.delay_ms = verdict.delay_ms.saturating_add(*ms),
                Kind::Clock { seconds } => verdict.clock = Some(*seconds),
                kind if kind.lasting() => verdict.first.push(kind.clone()),
                kind if kind.answers() => {
                    if verdict.answer.is_some() {
                        continue;
                    }
                    verdict.answer = Some(kind.clone());
                }
                _ => continue,
            }
            fault.fire();
            verdict.fired.push(fault.id.clone());
        }
        verdict
    }

    /// Fires the first fault from inside the endpoint that `pick` takes something from; its id and that.
    pub(crate) fn inside<T>(
        &mut self,
        endpoint: Endpoint,
        account: Option<AccountId>,
        pick: impl Fn(&Kind) -> Option<T>,
    ) -> Option<(String, T)> {
        for fault in &mut self.all {
            if fault.meets(endpoint, account)
                && let Some(found) = pick(&fault.kind)
            {
                fault.fire();
                return Some((fault.id.clone(), found));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn accounts() -> Accounts {
        let mut accounts = Accounts::default();
        accounts.add_demo(jiff::Timestamp::UNIX_EPOCH);
        accounts
    }

    fn with(wishes: &[Value]) -> Faults {
        let mut faults = Faults::default();
        for wish in wishes {
            faults.set(Wish::read(wish.clone()).unwrap(), &accounts()).unwrap();
        }
        faults
    }

    #[test]
    fn fires_so_often_and_only_where_and_for_whom_it_was_set() {
        let ada = accounts().named("ada").unwrap().id;
        let grace = accounts().named("grace").unwrap().id;
        let mut faults = with(&[json!({
            "kind": "status", "code": 503, "endpoints": ["me"], "account": "ada", "times": 2
        })]);
        assert!(!faults.any(Endpoint::Posts, Some(ada)));
        assert!(!faults.any(Endpoint::Me, Some(grace)));
        assert!(!faults.any(Endpoint::Me, None));
        for _ in 0..2 {
            let verdict = faults.meet(Endpoint::Me, Some(ada));
            assert_eq!(verdict.answer, Some(Kind::Status { code: 503 }));
        }
        assert_eq!(faults.meet(Endpoint::Me, Some(ada)), Verdict::default());
        let fault = faults.iter().next().unwrap();
        assert_eq!((fault.fired, fault.on), (2, false));
    }

    #[test]
    fn delays_add_up_and_one_fault_answers() {
        let mut faults = with(&[
            json!({"kind": "delay", "ms": 20}),
            json!({"kind": "delay", "ms": 30}),
            json!({"kind": "html_page", "id": "page"}),
            json!({"kind": "status", "code": 500, "id": "later"}),
        ]);
        let verdict = faults.meet(Endpoint::Token, None);
        assert_eq!(verdict.delay_ms, 50);
        assert_eq!(verdict.answer, Some(Kind::HtmlPage));
        assert_eq!(faults.get("page").unwrap().fired, 1);
        assert_eq!(faults.get("later").unwrap().fired, 0);
    }

    #[test]
    fn refusals_name_the_field() {
        let refused = |wish: Value| {
            Wish::read(wish).and_then(|wish| Faults::default().set(wish, &accounts())).unwrap_err().to_string()
        };
        assert!(refused(json!({"kind": "delay", "ms": 1, "minutes": 2})).starts_with("minutes:"));
        assert!(refused(json!({"kind": "status", "code": 200})).starts_with("code:"));
        assert!(refused(json!({"kind": "html_page", "account": "nobody"})).starts_with("account:"));
        assert!(refused(json!({"kind": "expire_code", "endpoints": ["me"]})).starts_with("endpoints:"));
        assert!(refused(json!({"kind": "html_page", "times": 0})).starts_with("times:"));
        assert!(refused(json!({"kind": "earthquake"})).contains("earthquake"));
    }

    #[test]
    fn names_are_those_of_the_json() {
        for wish in [
            json!({"kind": "rename", "to": null}),
            json!({"kind": "avatar", "shape": "svg"}),
            json!({"kind": "deny_scope", "scopes": ["posts:write"]}),
            json!({"kind": "no_pages"}),
            json!({"kind": "withhold_page", "page": "bakery"}),
        ] {
            let wish = Wish::read(wish).unwrap();
            assert_eq!(serde_json::to_value(&wish.kind).unwrap()["kind"], wish.kind.name());
        }
    }
}
