//! One post on one channel: the unit that is scheduled, sent and reported.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "publication")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub post_id: Uuid,
    pub channel_id: Uuid,
    pub network: String,
    pub occurrence: i64,
    pub state: String,
    pub reason: Option<String>,
    pub due_at: Option<i64>,
    pub next_part_at: Option<i64>,
    pub remote_id: Option<String>,
    pub url: Option<String>,
    pub remote: Option<String>,
    pub published_at: Option<i64>,
    pub started_at: Option<i64>,
    pub tries: i64,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub wish: Option<String>,
    pub edited_at: Option<i64>,
    pub removed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
