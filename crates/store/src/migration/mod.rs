//! The schema's history. A migration that has been released is never edited; the next one is added.
//!
//! While nodes are replaced one after another, the version before works on the schema of the new one. So a migration only adds: a
//! table, an index, a column that may be null or has a default. What is to go is left unused by one release and dropped by the
//! next.

mod afterwards;
mod feeds;
mod frame_rate;
mod initial;
mod media_facts;
mod plugs;

use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(initial::Migration),
            Box::new(afterwards::Migration),
            Box::new(media_facts::Migration),
            Box::new(plugs::Migration),
            Box::new(feeds::Migration),
            Box::new(frame_rate::Migration),
        ]
    }
}
