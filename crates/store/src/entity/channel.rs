//! One connected account on a network.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub network: String,
    pub way: String,
    pub instance: String,
    pub remote_id: String,
    pub name: String,
    pub handle: String,
    pub profile_url: Option<String>,
    pub avatar_source: Option<String>,
    pub avatar_media_key: Option<String>,
    pub app_id: Option<Uuid>,
    pub grant_id: Option<Uuid>,
    pub state: String,
    pub reason: Option<String>,
    pub scopes: String,
    pub credentials: String,
    pub credentials_version: i64,
    pub token_expires_at: Option<i64>,
    pub renews: bool,
    pub last_ok_at: Option<i64>,
    pub settings: String,
    pub daily_cap: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
