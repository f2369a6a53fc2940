//! Cloud Storage as clients see it, over HTTP.

mod buckets;
mod content;
mod crash;
mod deletion;
mod listing;
mod names;
mod races;
mod room;
mod rules;
mod secrets;
mod uploads;
mod xml;
mod xml_verbs;
