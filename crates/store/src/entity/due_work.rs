//! Something to do at a time.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "due_work")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub workspace_id: Option<Uuid>,
    pub kind: String,
    pub subject: String,
    pub lane: Option<Uuid>,
    pub due_at: i64,
    pub ready_at: Option<i64>,
    pub lease_until: Option<i64>,
    pub lease_owner: Option<String>,
    pub fence: i64,
    pub tries: i64,
    pub payload: String,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
