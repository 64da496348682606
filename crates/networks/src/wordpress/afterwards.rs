//! Putting posts into the trash, and giving them other words.
//!
//! After <https://developer.wordpress.org/rest-api/reference/posts/> (`#delete-a-post`, `#update-a-post`; WordPress 6.8).

use super::{Api, WordPress};
use crate::afterwards::{Account, Delete, Edit, files_apart, if_there};
use crate::publish::{Item, Sent};
use crate::{Refusal, article};
use async_trait::async_trait;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

fn path(sent: &Sent) -> String {
    let kind = sent.data.get("type").and_then(Value::as_str).unwrap_or("posts");
    format!("{kind}/{}", sent.remote_id)
}

#[async_trait]
impl Delete for WordPress {
    /// From the trash a person can still take it back.
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let api = Api { net: account.net, credentials: account.credentials };
        let request = api.net.delete(api.url(&path(sent))?);
        if_there(api.ask::<IgnoredAny>(request).await).map(drop)
    }
}

#[async_trait]
impl Edit for WordPress {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        // The first picture is the featured one; the others stand below the text.
        files_apart(item, 1, "WordPress")?;
        let api = Api { net: account.net, credentials: account.credentials };
        let request = api.net.post(api.url(&path(sent))?).json(&json!({ "content": article::html(&item.body) }));
        api.ask::<IgnoredAny>(request).await?;
        Ok(sent.clone())
    }
}
