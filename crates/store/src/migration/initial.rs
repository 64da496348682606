//! The first schema. One text for both databases: keys are `{uuid}`, times BIGINT milliseconds, words and JSON TEXT.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let sql = TABLES.replace("{uuid}", if postgres { "UUID" } else { "BLOB" });
        let fence = if postgres { FENCE_POSTGRES } else { FENCE_SQLITE };
        for statement in sql.split(";\n").chain(fence.split(";\n")).map(str::trim).filter(|s| !s.is_empty()) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// Where fencing numbers come from: each is higher than all before it.
const FENCE_POSTGRES: &str = "CREATE SEQUENCE fence";
const FENCE_SQLITE: &str = "
CREATE TABLE fence (id INTEGER PRIMARY KEY CHECK (id = 1), value BIGINT NOT NULL);
INSERT INTO fence (id, value) VALUES (1, 0);
";

const TABLES: &str = include_str!("initial.sql");
