//! Bodies and answers that the host holds for a service.
mod answer;
pub use answer::{AnswerSlot, Closed, StartedAnswer, Writer};
pub struct Body;
impl Body { pub fn from_bytes(_b: impl Into<bytes::Bytes>) -> Self { Body }
 pub fn from_http_body<B>(_b: B) -> Self { Body }
 pub fn into_http_body(self) -> http_body_util::combinators::BoxBody<bytes::Bytes, String> { unimplemented!() } }
