//! The object that a copy, rewrite, move, restore or compose takes its bytes from. Between the look at its row and the
//! linking of its file it may be replaced; its row is then read again.

use super::content::Content;
use super::customer_key::{self, CustomerKey};
use super::lookup::{self, Found, Which};
use crate::access;
use fogbank_sdk::{Error, Preconditions, RequestHead, Result};

const TRIES: usize = 5;

/// What the query of a copy says of its source.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    pub bucket: &'a str,
    pub name: &'a str,
    pub which: Which,
    /// What the caller needs on it; absent where nobody asks.
    pub permission: Option<&'static str>,
    pub preconditions: Preconditions,
    pub key: Option<CustomerKey>,
}

impl<'a> Source<'a> {
    /// `sourceGeneration`, `ifSource...` and the headers of the source's key.
    pub fn of(request: &'a RequestHead, bucket: &'a str, name: &'a str) -> Result<Source<'a>> {
        Ok(Source {
            bucket,
            name,
            which: Which::numbered(request.query_i64("sourceGeneration")?),
            permission: Some("storage.objects.get"),
            preconditions: Preconditions::source_from_query(request)?,
            key: CustomerKey::of_source(request)?,
        })
    }

    /// The object, if its conditions hold and its key came along.
    pub fn find(&self) -> Result<Found> {
        let found = match self.permission {
            Some(permission) => access::find(permission, self.bucket, self.name, self.which)?,
            None => lookup::find(self.bucket, self.name, self.which)?,
        };
        self.preconditions.check(Some(lookup::version(&found.object)))?;
        customer_key::require(&found.object, self.key.as_ref())?;
        Ok(found)
    }

    /// The object and a second file with its bytes.
    pub fn link(&self) -> Result<(Found, Content)> {
        for _ in 0..TRIES {
            let found = self.find()?;
            match Content::link(&found.object) {
                Err(error) if error.http_status() == 404 => {}
                content => return Ok((found, content?)),
            }
        }
        Err(vanishing())
    }
}

/// 503: the source was replaced each time.
pub fn vanishing() -> Error {
    Error::unavailable("The source is being replaced all the time. Please try again.")
}
