//! One piece of content with a time, its variants and its channels.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "post")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub created_by: Uuid,
    pub due_at: Option<i64>,
    pub time_zone: String,
    pub content: String,
    pub channels: String,
    pub excerpt: String,
    pub media_count: i64,
    pub first_media: Option<Uuid>,
    pub is_draft: bool,
    pub repeat: Option<String>,
    pub series_id: Option<Uuid>,
    pub kept_in: Option<Uuid>,
    pub queue_id: Option<Uuid>,
    pub source_id: Option<Uuid>,
    pub occurrence: Option<i64>,
    pub idempotency_key: Option<String>,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
