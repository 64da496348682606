//! What comes after sending: wishes of people for what is published, and the numbers of posts and channels.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_afterwards"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let sql = CHANGES.replace("{uuid}", if postgres { "UUID" } else { "BLOB" });
        for statement in sql.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const CHANGES: &str = include_str!("afterwards.sql");
