//! One run of the handshake.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connect_attempt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub network: String,
    pub way: String,
    pub instance: String,
    pub app_id: Option<Uuid>,
    pub purpose: String,
    pub channel_id: Option<Uuid>,
    pub started_by: Uuid,
    pub state: String,
    pub state_hash: String,
    pub browser_hash: String,
    pub pkce_verifier: Option<String>,
    pub redirect_uri: String,
    pub authorize_url: Option<String>,
    pub code_hash: Option<String>,
    pub nonce_hash: Option<String>,
    pub parked: Option<String>,
    pub account: Option<String>,
    pub granted: String,
    pub diagnosis: Option<String>,
    pub code: Option<String>,
    pub created_at: i64,
    pub returned_at: Option<i64>,
    pub expires_at: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
