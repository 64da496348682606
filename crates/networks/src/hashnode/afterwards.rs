//! Numbers of articles; taking them back and giving them other words.
//!
//! After <https://github.com/Hashnode/gql-skill> (`post`, `removePost`, `updatePost`; July 2026).

use super::{Hashnode, PostOf, ask};
use crate::afterwards::{Account, Delete, Edit, PostMetrics, files_apart, only};
use crate::publish::{Item, Sent};
use crate::{Network, Refusal};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

const NUMBERS: &str = "query ($id: ID!) { post(id: $id) { id views reactionCount responseCount replyCount } }";
const REMOVE: &str = "mutation ($input: RemovePostInput!) { removePost(input: $input) { post { id } } }";
const UPDATE: &str = "mutation ($input: UpdatePostInput!) { updatePost(input: $input) { post { id url } } }";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    #[serde(default)]
    views: Option<i64>,
    reaction_count: i64,
    response_count: i64,
    reply_count: i64,
}

#[derive(Deserialize)]
struct CountedOf {
    post: Option<Counted>,
}

#[async_trait]
impl PostMetrics for Hashnode {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let wanted = json!({ "id": only(sent)?.remote_id });
        let found = ask::<CountedOf>(account.net, account.credentials, NUMBERS, wanted).await;
        let post = match found {
            Ok(found) => found.post,
            Err(refusal) if refusal.detail().code.as_deref() == Some("NOT_FOUND") => None,
            Err(refusal) => return Err(refusal),
        };
        let counts = |post: Counted| {
            let mut counts = vec![
                Count::new(Metric::Likes, post.reaction_count),
                Count::new(Metric::Replies, post.response_count + post.reply_count),
            ];
            counts.extend(post.views.map(|views| Count::new(Metric::Views, views)));
            counts
        };
        Ok(vec![post.map(counts)])
    }
}

#[async_trait]
impl Delete for Hashnode {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let wanted = json!({ "input": { "id": sent.remote_id } });
        match ask::<IgnoredAny>(account.net, account.credentials, REMOVE, wanted).await {
            Err(refusal) if refusal.detail().code.as_deref() == Some("NOT_FOUND") => Ok(()),
            other => other.map(drop),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Updated {
    update_post: PostOf,
}

#[async_trait]
impl Edit for Hashnode {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        // The first picture is the cover; the others stand below the text.
        files_apart(item, 1, "Hashnode")?;
        let input = json!({ "input": { "id": sent.remote_id, "contentMarkdown": self.render(&item.body) } });
        let updated = ask::<Updated>(account.net, account.credentials, UPDATE, input).await?;
        Ok(super::sent(updated.update_post.post))
    }
}
