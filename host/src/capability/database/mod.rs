//! Databases.
pub struct Transaction;
pub struct Databases;
pub struct Migrations;
impl From<&crate::plugin::manifest::MigrationFiles> for Migrations {
    fn from(_: &crate::plugin::manifest::MigrationFiles) -> Self {
        Migrations
    }
}
