//! A request of the API, taken apart: what it is about, and what its answer says of where it was asked.

use crate::collections::{self, Collection, Method};
use crate::path::{Path, Scope};
use crate::{links, places, schema, secrets};
use fogbank_sdk::{Error, Request, RequestHead, Result, context};
use serde_json::{Map, Value};

/// What a request is about.
#[derive(Debug, Clone)]
pub struct Call {
    /// Id of the project.
    pub project: String,
    /// The scope; global for what lists all scopes.
    pub scope: Scope,
    /// The method.
    pub method: &'static Method,
    /// What its resources are.
    pub collection: &'static Collection,
    /// `http://host/compute/v1/`: what links in the answer begin with.
    pub base: String,
    /// The client's own id for the request, so that it may send it again.
    pub request_id: Option<String>,
}

impl Call {
    /// Reads the head of a request whose route has the id of a method.
    ///
    /// Errors: 400 for a `requestId` that is none, a region or a zone that there is not; internal where the route is no method of the API.
    pub fn of(request: &RequestHead) -> Result<Self> {
        let route = request.route();
        let method = collections::method(route).ok_or_else(|| Error::internal(format!("{route} is no method")))?;
        let collection = method.collection().ok_or_else(|| Error::internal(format!("{route} has no collection")))?;
        let scope = match (request.param("zone"), request.param("region")) {
            ("", "") => Scope::Global,
            ("", region) => Scope::Region(region.to_owned()),
            (zone, _) => Scope::Zone(zone.to_owned()),
        };
        // A name of `zones.get` and `regions.get` is that of a resource, which may be missing.
        if method.param != Some(scope.kind()) && !places::exists(&scope) {
            let name = scope.to_string();
            let name = name.rsplit_once('/').map_or("", |(_, name)| name);
            let why = format!("Unknown {}.", scope.kind());
            return Err(crate::failure::invalid(scope.kind(), name, &why));
        }
        Ok(Self {
            project: request.param("project").to_owned(),
            scope,
            method,
            collection,
            base: base(request),
            request_id: request_id(request)?,
        })
    }

    /// As [`Self::of`] for the methods of `projects`, which no collection has: they are about the project itself.
    ///
    /// Errors: as [`Self::of`].
    pub fn of_project(request: &RequestHead) -> Result<Self> {
        let route = request.route();
        Ok(Self {
            project: request.param("project").to_owned(),
            scope: Scope::Global,
            method: collections::method(route).ok_or_else(|| Error::internal(format!("{route} is no method")))?,
            collection: &collections::PROJECT,
            base: base(request),
            request_id: request_id(request)?,
        })
    }

    /// The path of a resource of the collection.
    pub fn path(&self, name: &str) -> Path {
        Path::new(&self.project, self.scope.clone(), self.collection.name, name)
    }

    /// The resource that the request names.
    ///
    /// Errors: 400 where it names none, or one with an impossible name.
    pub fn target(&self, request: &RequestHead) -> Result<Path> {
        let param = self.method.param.unwrap_or_default();
        let name = if self.method.in_query { request.query(param).unwrap_or_default() } else { request.param(param) };
        match name {
            "" => Err(crate::failure::required(param)),
            name => Ok(self.path(name)),
        }
    }

    /// The body, checked against the specification: without fields that are the API's to set and without secrets, links marked.
    ///
    /// Errors: 400 naming the field that is unknown or has a wrong value.
    pub fn body(&self, request: &mut Request) -> Result<Map<String, Value>> {
        self.read(request, &[], schema::check)
    }

    /// As [`Self::body`], less fields that some clients send and the specification does not have.
    pub fn body_without(&self, request: &mut Request, ignored: &[&str]) -> Result<Map<String, Value>> {
        self.read(request, ignored, schema::check)
    }

    /// As [`Self::body`] for a patch: a `null` says what to take away.
    pub fn patch(&self, request: &mut Request) -> Result<Map<String, Value>> {
        self.read(request, &[], schema::check_patch)
    }

    fn read(
        &self,
        request: &mut Request,
        ignored: &[&str],
        check: fn(&'static schema::Schema, &mut Value) -> Result<()>,
    ) -> Result<Map<String, Value>> {
        let form = self.method.request().ok_or_else(|| Error::internal(format!("{} has no body", self.method.id)))?;
        let mut body: Value = request.json()?;
        if let Some(fields) = body.as_object_mut() {
            fields.retain(|name, _| !ignored.contains(&name.as_str()));
        }
        check(form, &mut body)?;
        let Value::Object(mut body) = body else { return Err(Error::invalid("The body has to be an object.")) };
        links::mark(&mut body, &self.project);
        secrets::hide(&mut body);
        Ok(body)
    }
}

/// What links begin with in the answer to a request: with the version that it was sent to.
pub fn base(request: &RequestHead) -> String {
    let version = ["/compute/beta/", "/compute/alpha/"].into_iter().find(|version| request.path().starts_with(version));
    format!("{}{}", context::base_url(), version.unwrap_or("/compute/v1/"))
}

/// <https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert>: a UUID that is not zero.
fn request_id(request: &RequestHead) -> Result<Option<String>> {
    let Some(id) = request.query("requestId").filter(|id| !id.is_empty()) else { return Ok(None) };
    let digits: String = id.split('-').collect();
    let uuid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match uuid && !digits.bytes().all(|byte| byte == b'0') {
        true => Ok(Some(id.to_ascii_lowercase())),
        false => Err(crate::failure::invalid("requestId", id, "It has to be a UUID that is not zero.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_what_it_is_about() {
        let target = "/compute/beta/projects/p/zones/us-central1-a/instances/w1";
        let head = RequestHead::new("compute.instances.get", "GET", target).unwrap();
        let head = head.with_param("project", "p").with_param("zone", "us-central1-a").with_param("instance", "w1");
        let call = Call::of(&head).unwrap();
        assert_eq!(call.target(&head).unwrap().to_string(), "projects/p/zones/us-central1-a/instances/w1");
        assert!(call.base.ends_with("/compute/beta/"));
    }

    #[test]
    fn the_id_of_a_request_is_a_uuid() {
        let head = |query: &str| {
            RequestHead::new("compute.networks.insert", "POST", &format!("/x?requestId={query}")).unwrap()
        };
        assert_eq!(request_id(&head("3F2504E0-4F89-11D3-9A0C-0305E82C3301")).unwrap().unwrap().len(), 36);
        assert_eq!(request_id(&head("")).unwrap(), None);
        assert!(request_id(&head("00000000-0000-0000-0000-000000000000")).is_err());
        assert!(request_id(&head("x")).is_err());
    }
}
