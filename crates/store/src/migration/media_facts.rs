//! What is known of moving files, and the files that are made of others so that networks take them.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_media_facts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let uuid = if manager.get_database_backend() == DbBackend::Postgres { "UUID" } else { "BLOB" };
        for statement in STATEMENTS.replace("{uuid}", uuid).split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const STATEMENTS: &str = "
ALTER TABLE media ADD COLUMN duration_ms BIGINT;
ALTER TABLE media ADD COLUMN codecs TEXT;
CREATE TABLE rendition (
  media_id {uuid} NOT NULL REFERENCES media (id) ON DELETE CASCADE,
  recipe TEXT NOT NULL,
  workspace_id {uuid} NOT NULL,
  mime TEXT NOT NULL,
  size BIGINT NOT NULL,
  width BIGINT,
  height BIGINT,
  duration_ms BIGINT,
  sha256 TEXT NOT NULL,
  storage_key TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (media_id, recipe)
);
";
