//! Numbers of posts and of the blog; deleting and editing posts.
//!
//! After <https://github.com/tumblr/docs/blob/master/api.md> (`notes`, `user/info`, `post/delete`, `posts/{post-id}`; October 2024).

use super::{API, Settings, Tumblr, ask, post};
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics, if_there, only};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, settings};
use async_trait::async_trait;
use crier_model::Code;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Noted {
    #[serde(default)]
    total_likes: i64,
    #[serde(default)]
    total_reblogs: i64,
}

#[async_trait]
impl PostMetrics for Tumblr {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let request = account.net.get(format!("{API}/blog/{}/notes", account.id));
        let request = request.query(&[("id", only(sent)?.remote_id.as_str()), ("mode", "conversation")]);
        let noted: Option<Noted> = if_there(ask(request, account.credentials).await)?;
        let counts = |noted: Noted| {
            vec![Count::new(Metric::Likes, noted.total_likes), Count::new(Metric::Reposts, noted.total_reblogs)]
        };
        Ok(vec![noted.map(counts)])
    }
}

#[derive(Deserialize)]
struct Mine {
    user: Blogs,
}

#[derive(Deserialize)]
struct Blogs {
    blogs: Vec<Followed>,
}

#[derive(Deserialize)]
struct Followed {
    uuid: String,
    #[serde(default)]
    followers: Option<i64>,
    #[serde(default)]
    posts: Option<i64>,
}

#[async_trait]
impl ChannelMetrics for Tumblr {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let mine: Mine = ask(account.net.get(format!("{API}/user/info")), account.credentials).await?;
        let blog = mine.user.blogs.into_iter().find(|blog| blog.uuid == account.id);
        let gone = || Refusal::Auth(Detail::new("you no longer write for this blog").diagnosed(Code::WrongKind));
        let (blog, today) = (blog.ok_or_else(gone)?, account.today());
        let numbers = [(Metric::Followers, blog.followers), (Metric::Posts, blog.posts)];
        let told = numbers.into_iter().filter_map(|(metric, value)| Some(Series::standing(metric, today, value?)));
        Ok(told.collect())
    }
}

#[async_trait]
impl Delete for Tumblr {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = account.net.post(format!("{API}/blog/{}/post/delete", account.id));
        let request = request.json(&json!({ "id": sent.remote_id }));
        if_there(ask::<IgnoredAny>(request, account.credentials).await).map(drop)
    }
}

/// A post as it stands.
#[derive(Deserialize)]
struct Standing {
    content: Vec<Value>,
}

#[async_trait]
impl Edit for Tumblr {
    /// What is no text of the post stays as Tumblr has it: files are not brought again.
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let address = format!("{API}/blog/{}/posts/{}", account.id, sent.remote_id);
        let now: Standing =
            ask(account.net.get(&address).query(&[("post_format", "npf")]), account.credentials).await?;
        let files =
            now.content.into_iter().filter(|block| matches!(block["type"].as_str(), Some("image" | "video" | "audio")));
        let changed = post(item, &settings, files.collect());
        let _: IgnoredAny = ask(account.net.put(&address).json(&changed), account.credentials).await?;
        Ok(sent.clone())
    }
}
