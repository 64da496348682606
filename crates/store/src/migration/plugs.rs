//! What is done to published posts by itself: the rules of channels, and what became of each of them for each post.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_plugs"
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
CREATE TABLE channel_plug (
  channel_id {uuid} NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
  act TEXT NOT NULL,
  enabled BOOLEAN NOT NULL,
  likes BIGINT NOT NULL,
  body TEXT,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (channel_id, act)
);
CREATE TABLE plug (
  id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL,
  publication_id {uuid} NOT NULL REFERENCES publication (id) ON DELETE CASCADE,
  channel_id {uuid} NOT NULL,
  rule TEXT NOT NULL,
  act TEXT NOT NULL,
  likes BIGINT,
  body TEXT,
  state TEXT NOT NULL,
  reason TEXT,
  due_at BIGINT,
  remote_id TEXT,
  url TEXT,
  done_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (publication_id, rule)
);
CREATE INDEX plug_watching ON plug (channel_id, act) WHERE state = 'watching';
CREATE INDEX plug_remote ON plug (channel_id, remote_id) WHERE remote_id IS NOT NULL;
";
