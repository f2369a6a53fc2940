//! What the services of the Compute Engine API share: the specification's tables, and the engine that keeps resources by them.
//!
//! | module | what it is |
//! |---|---|
//! | [`collections`], [`schema`] | the specification: collections, methods, the forms of bodies |
//! | [`call`], [`path`], [`links`], [`secrets`] | a request taken apart; names of resources, links between them, and what is not kept |
//! | [`store`], [`change`], [`operation`] | rows, and the transactions that change them, each with its operation |
//! | [`list`], [`filter`], [`order`], [`show`] | lists and what clients see |
//! | [`generic`], [`entries`], [`policy`] | handlers for collections without an effect, and for lists in their resources; IAM policies |
//! | [`part`], [`users`], [`counts`] | which of the services this is: what it keeps itself, and what it asks the other for |
//! | [`places`] | regions and zones |
//! | [`failure`], [`engine`], [`background`] | errors in the API's words, and those of the container engine; what both runners do alike |

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod background;
pub mod call;
pub mod change;
pub mod collections;
pub mod counts;
pub mod engine;
pub mod entries;
pub mod failure;
pub mod filter;
pub mod generic;
pub mod links;
pub mod list;
pub mod operation;
pub mod order;
pub mod part;
pub mod path;
pub mod places;
pub mod policy;
pub mod schema;
pub mod secrets;
pub mod show;
pub mod store;
pub mod users;
