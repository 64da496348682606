//! Posts, threads, likes, reposts and views.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::accounts::AccountId;
use crate::media::MediaId;

/// The longest text, in grapheme clusters.
pub(crate) const TEXT_MAX: usize = 500;
/// The most pictures on a post.
pub(crate) const PICTURES_MAX: usize = 4;
/// How long an idempotency key is remembered.
pub(crate) const ONCE_LIFE: Duration = Duration::from_secs(24 * 3600);

const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// Ids grow with time, so that their order is the order of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PostId(u64);

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for PostId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(PostId)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Post {
    pub(crate) id: PostId,
    pub(crate) author: AccountId,
    pub(crate) text: String,
    pub(crate) media: Vec<MediaId>,
    pub(crate) reply_to: Option<PostId>,
    /// The first post of the thread: its own id where it answers nothing.
    pub(crate) thread: PostId,
    pub(crate) created_at: Timestamp,
    /// The app it was written with; none if on Playground's own pages.
    pub(crate) app: Option<String>,
    pub(crate) likes: BTreeSet<AccountId>,
    /// Who has reposted it, and when.
    #[serde(default)]
    pub(crate) reposts: BTreeMap<AccountId, Timestamp>,
    pub(crate) views: u64,
    /// Deleted, but kept as a place in its thread because something answers it.
    pub(crate) gone: bool,
}

/// A post as wanted by its author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(crate) media: Vec<MediaId>,
    pub(crate) reply_to: Option<PostId>,
    pub(crate) app: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("text: write something or attach a picture.")]
    Empty,
    #[error("text: {0} characters are too many; at most {TEXT_MAX} are allowed.")]
    TextLong(usize),
    #[error("media_ids: {0} pictures are too many; at most {PICTURES_MAX} are allowed.")]
    TooManyPictures(usize),
    #[error("media_ids: {0} is named twice.")]
    PictureTwice(MediaId),
    #[error("media_ids: {0} is not an upload of this account, or is part of another post already.")]
    NoSuchPicture(MediaId),
    #[error("reply_to: there is no post {0}.")]
    NoSuchPost(PostId),
    #[error("Idempotency-Key: this key was used for a post with other content.")]
    KeyReused,
}

/// What the numbers under a post say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Metrics {
    pub(crate) likes: u64,
    pub(crate) replies: u64,
    pub(crate) reposts: u64,
    pub(crate) views: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Once {
    /// Compared, so that a key isn't taken for another post by mistake.
    text: String,
    media: Vec<MediaId>,
    reply_to: Option<PostId>,
    post: PostId,
    at: Timestamp,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Posts {
    last: u64,
    all: BTreeMap<PostId, Post>,
    once: HashMap<String, Once>,
    #[serde(skip)]
    roots: BTreeSet<PostId>,
    #[serde(skip)]
    by_author: HashMap<AccountId, BTreeSet<PostId>>,
    #[serde(skip)]
    by_thread: HashMap<PostId, BTreeSet<PostId>>,
    #[serde(skip)]
    answers: HashMap<PostId, BTreeSet<PostId>>,
    #[serde(skip)]
    pruned_at: Option<Timestamp>,
}

impl Posts {
    pub(crate) fn index(&mut self) {
        self.roots.clear();
        self.by_author.clear();
        self.by_thread.clear();
        self.answers.clear();
        let ids: Vec<PostId> = self.all.keys().copied().collect();
        for id in ids {
            self.file(id);
        }
    }

    fn file(&mut self, id: PostId) {
        let Some(post) = self.all.get(&id) else {
            return;
        };
        if post.thread == id {
            self.roots.insert(id);
        }
        if !post.gone {
            self.by_author.entry(post.author).or_default().insert(id);
        }
        self.by_thread.entry(post.thread).or_default().insert(id);
        if let Some(parent) = post.reply_to {
            self.answers.entry(parent).or_default().insert(id);
        }
    }

    /// A post that has not been deleted.
    pub(crate) fn get(&self, id: PostId) -> Option<&Post> {
        self.all.get(&id).filter(|post| !post.gone)
    }

    /// Threads, newest first, that began before `before`, by their first posts.
    pub(crate) fn threads(&self, before: Option<PostId>) -> impl Iterator<Item = &Post> {
        let upto = before.unwrap_or(PostId(u64::MAX));
        self.roots.range(..upto).rev().filter_map(|id| self.all.get(id))
    }

    /// All posts of a thread in the order they were written, deleted ones that are answered included.
    pub(crate) fn thread(&self, root: PostId) -> impl Iterator<Item = &Post> {
        self.by_thread.get(&root).into_iter().flatten().filter_map(|id| self.all.get(id))
    }

    /// The posts of an account, newest first, older than `before`.
    pub(crate) fn by(&self, author: AccountId, before: Option<PostId>) -> impl Iterator<Item = &Post> {
        let upto = before.unwrap_or(PostId(u64::MAX));
        self.by_author
            .get(&author)
            .into_iter()
            .flat_map(move |ids| ids.range(..upto).rev())
            .filter_map(|id| self.all.get(id))
    }

    pub(crate) fn metrics(&self, post: &Post) -> Metrics {
        let replies =
            self.answers.get(&post.id).map_or(0, |ids| ids.iter().filter(|id| self.get(**id).is_some()).count());
        let (likes, reposts) = (post.likes.len() as u64, post.reposts.len() as u64);
        Metrics { likes, replies: replies as u64, reposts, views: post.views }
    }

    /// The sums over all posts of an account, and how many posts there are.
    pub(crate) fn totals(&self, author: AccountId) -> (u64, Metrics) {
        let mut sum = Metrics::default();
        let mut count = 0;
        for post in self.by(author, None) {
            let one = self.metrics(post);
            count += 1;
            sum.likes += one.likes;
            sum.replies += one.replies;
            sum.reposts += one.reposts;
            sum.views += one.views;
        }
        (count, sum)
    }

    /// The post that was made with `key` in the last 24 hours, if its content was the same.
    pub(crate) fn made_with(
        &self,
        account: AccountId,
        key: &str,
        draft: &Draft,
        now: Timestamp,
    ) -> Result<Option<PostId>, Refused> {
        let known = self.once.get(&once_key(account, key));
        let Some(once) = known.filter(|once| once.at + ONCE_LIFE > now) else {
            return Ok(None);
        };
        let same = once.text == draft.text && once.media == draft.media && once.reply_to == draft.reply_to;
        if same { Ok(Some(once.post)) } else { Err(Refused::KeyReused) }
    }

    pub(crate) fn remember_key(&mut self, account: AccountId, key: &str, draft: Draft, post: PostId, now: Timestamp) {
        if self.pruned_at.is_none_or(|at| at + PRUNE_EVERY <= now) {
            self.once.retain(|_, once| once.at + ONCE_LIFE > now);
            self.pruned_at = Some(now);
        }
        self.once.insert(
            once_key(account, key),
            Once { text: draft.text, media: draft.media, reply_to: draft.reply_to, post, at: now },
        );
    }

    /// Checks what does not depend on the pictures.
    pub(crate) fn check(&self, draft: &Draft) -> Result<(), Refused> {
        if draft.text.trim().is_empty() && draft.media.is_empty() {
            return Err(Refused::Empty);
        }
        let length = draft.text.graphemes(true).count();
        if length > TEXT_MAX {
            return Err(Refused::TextLong(length));
        }
        if draft.media.len() > PICTURES_MAX {
            return Err(Refused::TooManyPictures(draft.media.len()));
        }
        for (at, id) in draft.media.iter().enumerate() {
            if draft.media.iter().take(at).any(|other| other == id) {
                return Err(Refused::PictureTwice(id.clone()));
            }
        }
        match draft.reply_to {
            Some(parent) if self.get(parent).is_none() => Err(Refused::NoSuchPost(parent)),
            _ => Ok(()),
        }
    }

    /// Adds a post that passed [`Posts::check`].
    pub(crate) fn add(&mut self, author: AccountId, draft: Draft, now: Timestamp) -> PostId {
        self.last += 1;
        let id = PostId(self.last);
        let thread = draft.reply_to.and_then(|parent| self.all.get(&parent)).map_or(id, |parent| parent.thread);
        self.all.insert(
            id,
            Post {
                id,
                author,
                text: draft.text,
                media: draft.media,
                reply_to: draft.reply_to,
                thread,
                created_at: now,
                app: draft.app,
                likes: BTreeSet::new(),
                reposts: BTreeMap::new(),
                views: 0,
                gone: false,
            },
        );
        self.file(id);
        id
    }

    /// Deletes a post and says which pictures went with it. One that is answered leaves a gap in its
    /// thread; the gap closes when the last answer is deleted as well.
    pub(crate) fn delete(&mut self, id: PostId) -> Vec<MediaId> {
        let Some(post) = self.all.get_mut(&id) else {
            return Vec::new();
        };
        let media = std::mem::take(&mut post.media);
        post.text.clear();
        post.likes.clear();
        post.reposts.clear();
        post.gone = true;
        if let Some(ids) = self.by_author.get_mut(&post.author) {
            ids.remove(&id);
        }
        self.drop_gap(id);
        media
    }

    /// Gives a post other words.
    pub(crate) fn edit(&mut self, id: PostId, text: String) {
        if let Some(post) = self.all.get_mut(&id).filter(|post| !post.gone) {
            post.text = text;
        }
    }

    fn drop_gap(&mut self, id: PostId) {
        let mut next = Some(id);
        while let Some(id) = next.take() {
            let answered = self.answers.get(&id).is_some_and(|ids| !ids.is_empty());
            let Some(post) = self.all.get(&id).filter(|post| post.gone && !answered) else {
                return;
            };
            let (thread, parent) = (post.thread, post.reply_to);
            self.all.remove(&id);
            self.answers.remove(&id);
            self.roots.remove(&id);
            if let Some(ids) = self.by_thread.get_mut(&thread) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_thread.remove(&thread);
                }
            }
            if let Some(parent) = parent {
                if let Some(ids) = self.answers.get_mut(&parent) {
                    ids.remove(&id);
                }
                next = Some(parent);
            }
        }
    }

    /// Likes, or takes the like back. None if the post is not there.
    pub(crate) fn toggle_like(&mut self, id: PostId, account: AccountId) -> Option<bool> {
        let post = self.all.get_mut(&id).filter(|post| !post.gone)?;
        let liked = post.likes.insert(account);
        if !liked {
            post.likes.remove(&account);
        }
        Some(liked)
    }

    /// Reposts, once however often it is asked for; when that was. None if the post is not there.
    pub(crate) fn repost(&mut self, id: PostId, account: AccountId, now: Timestamp) -> Option<Timestamp> {
        let post = self.all.get_mut(&id).filter(|post| !post.gone)?;
        Some(*post.reposts.entry(account).or_insert(now))
    }

    pub(crate) fn viewed(&mut self, ids: &[PostId]) {
        for id in ids {
            if let Some(post) = self.all.get_mut(id) {
                post.views += 1;
            }
        }
    }
}

fn once_key(account: AccountId, key: &str) -> String {
    format!("{account}:{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn ada() -> AccountId {
        "1".parse().unwrap()
    }

    fn draft(text: &str, reply_to: Option<PostId>) -> Draft {
        Draft { text: text.to_owned(), reply_to, ..Draft::default() }
    }

    #[test]
    fn counts_graphemes() {
        let posts = Posts::default();
        // A family is one grapheme of seven code points.
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(posts.check(&draft(&family.repeat(500), None)), Ok(()));
        assert_eq!(posts.check(&draft(&family.repeat(501), None)), Err(Refused::TextLong(501)));
        assert_eq!(posts.check(&draft(" \n", None)), Err(Refused::Empty));
    }

    #[test]
    fn a_deleted_post_that_is_answered_leaves_a_gap_until_the_answer_goes() {
        let mut posts = Posts::default();
        let root = posts.add(ada(), draft("one", None), NOW);
        let answer = posts.add(ada(), draft("two", Some(root)), NOW);
        posts.delete(root);
        assert!(posts.get(root).is_none());
        assert_eq!(posts.thread(root).count(), 2);
        assert_eq!(posts.threads(None).count(), 1);
        posts.delete(answer);
        assert_eq!(posts.thread(root).count(), 0);
        assert_eq!(posts.threads(None).count(), 0);
        assert!(posts.all.is_empty() && posts.answers.values().all(BTreeSet::is_empty));
    }

    #[test]
    fn the_index_is_the_same_after_a_restart() {
        let mut posts = Posts::default();
        let root = posts.add(ada(), draft("one", None), NOW);
        let answer = posts.add(ada(), draft("two", Some(root)), NOW);
        let other = posts.add(ada(), draft("three", None), NOW);
        posts.remember_key(ada(), "key", draft("three", None), other, NOW);
        let mut again: Posts = serde_json::from_str(&serde_json::to_string(&posts).unwrap()).unwrap();
        again.index();
        let ids = |posts: &Posts| -> Vec<PostId> { posts.by(ada(), None).map(|p| p.id).collect() };
        assert_eq!(ids(&again), [other, answer, root]);
        assert_eq!(ids(&again), ids(&posts));
        assert_eq!(again.threads(Some(other)).count(), 1);
        assert_eq!(again.made_with(ada(), "key", &draft("three", None), NOW), Ok(Some(other)));
        assert_eq!(again.made_with(ada(), "key", &draft("four", None), NOW), Err(Refused::KeyReused));
        assert_eq!(again.made_with(ada(), "key", &draft("three", None), NOW + ONCE_LIFE), Ok(None));
    }
}
