//! A client id and secret under which we speak to a network.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Option<Uuid>,
    pub network: String,
    pub instance: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub bot_token: Option<String>,
    pub redirect_uri: String,
    pub scopes: String,
    pub lookup_key: String,
    pub slot: Option<String>,
    pub set_at: Option<i64>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
