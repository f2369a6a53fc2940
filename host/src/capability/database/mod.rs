//! Databases.
pub struct Transaction;
pub struct Databases;
pub struct Migrations;
