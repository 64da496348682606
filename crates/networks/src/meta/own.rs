//! What the sign-ins that Threads and Instagram have of their own share.

use crate::Refusal;
use crate::connect::{Answered, Dialect, Exchange, Renewal, address};

/// A code is good for a token of an hour, that for one of 60 days, and that one for another. `graph` is the origin of the network's
/// Graph API, `short` what the names of its grants begin with.
pub(crate) fn dialect(graph: &str, short: &str) -> Result<Dialect, Refusal> {
    let exchange = |path: &str, grant: &str, client_secret| {
        Ok::<_, Refusal>(Exchange {
            url: address(&format!("{graph}/{path}"))?,
            grant_type: format!("{short}_{grant}"),
            token: "access_token".to_owned(),
            client_id: false,
            client_secret,
        })
    };
    Ok(Dialect {
        commas: true,
        long_lived: Some(exchange("access_token", "exchange_token", true)?),
        renewal: Some(Renewal {
            exchange: exchange("refresh_access_token", "refresh_token", false)?,
            not_before_s: 24 * 3600,
        }),
        // The short-lived token does not say how long it lasts.
        lifetime_s: Some(3600),
        ..Dialect::default()
    })
}

/// The token's answer has what was granted under a name of its own.
pub(crate) fn granted(mut answer: Answered) -> Answered {
    if let Some(granted) = answer.remove("permissions") {
        answer.insert("scope".to_owned(), granted);
    }
    answer
}
