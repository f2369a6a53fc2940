//! `fogbank:http`: bytes that the host holds for a service. Requests, ranges of files and answers of peers are all a
//! [`Body`]; nothing of one enters a service's memory unless it is read there. Always linked: there is nothing to grant.

mod answer;
pub mod body;
mod host;

pub use answer::{AnswerSlot, Closed, StartedAnswer, Writer};
pub use body::{Answer, Body, BodyError, Limits};
