//! Deleting posts, and giving them other words.
//!
//! After <https://docs.ghost.org/admin-api/posts/updating-a-post> and <https://docs.ghost.org/admin-api/posts/deleting-a-post> (Ghost 6).

use super::{Api, Ghost, Posts, site};
use crate::afterwards::{Account, Delete, Edit, files_apart, if_there};
use crate::publish::{Item, Sent};
use crate::{Refusal, article};
use async_trait::async_trait;
use serde_json::json;

fn api<'a>(account: &'a Account<'_>) -> Result<Api<'a>, Refusal> {
    let site = site(account.instance)?;
    Ok(Api { net: account.net, site, credentials: account.credentials, now: account.now })
}

#[async_trait]
impl Delete for Ghost {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let api = api(account)?;
        let request = api.net.delete(api.url(&format!("posts/{}/", sent.remote_id)));
        if_there(api.done(request).await).map(drop)
    }
}

#[async_trait]
impl Edit for Ghost {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        // The first picture stands above the post; the others below the text.
        files_apart(item, 1, "Ghost")?;
        let api = api(account)?;
        let url = api.url(&format!("posts/{}/", sent.remote_id));
        // Ghost wants to know which version is changed.
        let there = api.ask::<Posts>(api.net.get(&url)).await?.first()?;
        let post = json!({ "html": article::html(&item.body), "updated_at": there.updated_at });
        let request = api.net.put(&url).query(&[("source", "html")]).json(&json!({ "posts": [post] }));
        api.ask::<Posts>(request).await?;
        Ok(sent.clone())
    }
}
