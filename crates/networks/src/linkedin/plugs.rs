//! Resharing and commenting on posts of members and of pages, by members and by pages.
//!
//! After <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api> (`#reshare-a-post`) and
//! `…/shares/comments-api` (version 2026-07).

use super::page::{self, LinkedInPage};
use super::{LinkedIn, post};
use crate::Refusal;
use crate::plugs::{Comments, Reposts};
use crate::publish::{Cx, Sent};
use async_trait::async_trait;

#[async_trait]
impl Reposts for LinkedIn {
    async fn repost(&self, cx: &Cx<'_>, post: &Sent) -> Result<Sent, Refusal> {
        post::reshare(cx, &format!("urn:li:person:{}", cx.account), post).await
    }
}

#[async_trait]
impl Reposts for LinkedInPage {
    async fn repost(&self, cx: &Cx<'_>, post: &Sent) -> Result<Sent, Refusal> {
        post::reshare(cx, &page::author(cx), post).await
    }
}

impl Comments for LinkedIn {}

impl Comments for LinkedInPage {}
