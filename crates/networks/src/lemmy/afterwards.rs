//! Numbers of posts; deleting posts and comments, and giving them other words.
//!
//! After <https://join-lemmy.org/api/> (version 0.19, August 2026): `post`, `comment`, `post/delete`, `comment/delete`; that what is
//! deleted is not deleted again, and can still be read by who wrote it, after `crates/api_crud/src/{post,comment}/delete.rs` of 0.19.

use super::{Api, Lemmy, Settings, number};
use crate::about::Network;
use crate::afterwards::{Account, Delete, Edit, PostMetrics, files_apart, only};
use crate::publish::{Item, Sent};
use crate::{Refusal, settings};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric};
use crier_net::Request;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

fn is_gone(refusal: &Refusal) -> bool {
    let code = refusal.detail().code.as_deref();
    matches!(code, Some("couldnt_find_post" | "couldnt_find_comment" | "not_found"))
}

/// Also said of what is deleted already.
fn is_unchanged(refusal: &Refusal) -> bool {
    matches!(refusal.detail().code.as_deref(), Some("couldnt_update_post" | "couldnt_update_comment"))
}

fn is_comment(sent: &Sent) -> bool {
    sent.url.as_deref().is_some_and(|url| url.contains("/comment/"))
}

fn api<'a>(account: &'a Account<'_>) -> Result<Api<'a>, Refusal> {
    Api::new(account.net, account.instance, account.credentials)
}

#[derive(Deserialize)]
struct ToldOfPost {
    post_view: View,
}

#[derive(Deserialize)]
struct View {
    post: Standing,
    counts: Counts,
}

#[derive(Deserialize)]
struct ToldOfComment {
    comment_view: CommentView,
}

#[derive(Deserialize)]
struct CommentView {
    comment: Standing,
}

/// By whom it was taken away, if it was: who wrote it, or who keeps order.
#[derive(Deserialize)]
struct Standing {
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    removed: bool,
}

#[derive(Deserialize)]
struct Counts {
    comments: i64,
    upvotes: i64,
    downvotes: i64,
}

fn read(api: &Api<'_>, path: &str, sent: &Sent) -> Request {
    api.net.get(api.url(path)).query(&[("id", &sent.remote_id)])
}

async fn is_deleted(api: &Api<'_>, sent: &Sent) -> Result<bool, Refusal> {
    Ok(if is_comment(sent) {
        api.ask::<ToldOfComment>(read(api, "comment", sent)).await?.comment_view.comment.deleted
    } else {
        api.ask::<ToldOfPost>(read(api, "post", sent)).await?.post_view.post.deleted
    })
}

#[async_trait]
impl PostMetrics for Lemmy {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let api = api(account)?;
        match api.ask::<ToldOfPost>(read(&api, "post", only(sent)?)).await {
            Ok(ToldOfPost { post_view: View { post, .. } }) if post.deleted || post.removed => Ok(vec![None]),
            Ok(ToldOfPost { post_view: View { counts, .. } }) => Ok(vec![Some(vec![
                Count::new(Metric::Likes, counts.upvotes),
                Count::new(Metric::Dislikes, counts.downvotes),
                Count::new(Metric::Replies, counts.comments),
            ])]),
            Err(refusal) if is_gone(&refusal) => Ok(vec![None]),
            Err(refusal) => Err(refusal),
        }
    }
}

#[async_trait]
impl Delete for Lemmy {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let (api, id) = (api(account)?, number(&sent.remote_id)?);
        let (path, body) = if is_comment(sent) {
            ("comment/delete", json!({ "comment_id": id, "deleted": true }))
        } else {
            ("post/delete", json!({ "post_id": id, "deleted": true }))
        };
        match api.ask::<IgnoredAny>(api.net.post(api.url(path)).json(&body)).await {
            Err(refusal) if is_gone(&refusal) => Ok(()),
            Err(refusal) if is_unchanged(&refusal) => {
                if is_deleted(&api, sent).await? {
                    Ok(())
                } else {
                    Err(refusal)
                }
            }
            other => other.map(drop),
        }
    }
}

#[async_trait]
impl Edit for Lemmy {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let (api, id, words) = (api(account)?, number(&sent.remote_id)?, self.render(&item.body));
        // A picture that is what the post is about does not stand among its words.
        let apart = usize::from(!is_comment(sent) && settings.url.is_empty());
        files_apart(item, apart, "Lemmy")?;
        let request = if is_comment(sent) {
            api.net.put(api.url("comment")).json(&json!({ "comment_id": id, "content": words }))
        } else {
            api.net.put(api.url("post")).json(&json!({ "post_id": id, "body": words }))
        };
        api.ask::<IgnoredAny>(request).await?;
        Ok(sent.clone())
    }
}
