//! Which function answers a method.

use std::collections::BTreeMap;
use std::path::Path;

use compute_api::collections::{self, Scope};

use crate::tables::{self, Method, Schemas};

/// A service's `handlers.tsv`.
pub struct Handlers(BTreeMap<String, Handler>);

#[derive(Clone)]
pub struct Handler {
    /// `instances::insert`; nothing where the method is not built.
    pub function: Option<String>,
    /// Further lines of the route.
    pub lines: Vec<String>,
}

impl Handlers {
    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let rows = tables::rows(&text).map(|row| {
            let (id, function, lines) = match row[..] {
                [id, function] => (id, function, ""),
                [id, function, lines] => (id, function, lines),
                _ => panic!("{}: {row:?} has not two or three columns", file.display()),
            };
            let lines = lines.split("; ").filter(|line| !line.is_empty()).map(str::to_owned).collect();
            let function = (function != "unimplemented").then(|| function.to_owned());
            (id.to_owned(), Handler { function, lines })
        });
        Self(rows.collect())
    }

    /// That each line is about a method of the service.
    pub fn check(&self, methods: &[Method]) {
        for id in self.0.keys() {
            assert!(methods.iter().any(|method| method.id == *id), "handlers.tsv: {id} is no method of the service");
        }
    }

    /// What the service says, else what is generic.
    pub fn of(&self, method: &Method, schemas: &Schemas) -> Handler {
        let said = self.0.get(&method.id).cloned();
        said.unwrap_or_else(|| Handler { function: generic(method, schemas).map(str::to_owned), lines: Vec::new() })
    }
}

/// The generic handler of a method, where it has one.
fn generic(method: &Method, schemas: &Schemas) -> Option<&'static str> {
    if !is_plain(method) {
        return None;
    }
    let on_one = collections::method(&method.id)?.param.is_some();
    match (method.action(), on_one) {
        ("insert", false) => Some("generic::insert"),
        ("list", false) => Some("generic::list"),
        ("aggregatedList", false) => Some("generic::aggregated_list"),
        ("get", true) => Some("generic::get"),
        ("delete", true) => Some("generic::delete"),
        ("patch", true) => Some("generic::patch"),
        // Some of the methods that are called so are patches, by verb and meaning.
        ("update", true) if method.verb == "PATCH" => Some("generic::patch"),
        ("update", true) => Some("generic::update"),
        ("setLabels", true) => Some("generic::set_labels"),
        ("getIamPolicy", true) => Some("generic::get_iam_policy"),
        ("setIamPolicy", true) => Some("generic::set_iam_policy"),
        ("testIamPermissions", true) => Some("generic::test_iam_permissions"),
        (_, true) if sets_fields(method, schemas) => Some("generic::set"),
        _ => None,
    }
}

/// Whether the method is about resources of a project that stand in no other resource. Operations are kept by the host.
fn is_plain(method: &Method) -> bool {
    let known = collections::method(&method.id);
    let collection = known.and_then(|known| known.collection());
    let organization = known.is_some_and(|known| known.scope == Scope::Organization);
    !organization
        && collection.is_some_and(|collection| collection.parents.is_empty() && collection.name != "operations")
}

/// Whether the request of a `setSOMETHING` is made of fields of the resource.
fn sets_fields(method: &Method, schemas: &Schemas) -> bool {
    let fields = |name: Option<&str>| name.and_then(|name| schemas.get(name));
    let resource = collections::method(&method.id).and_then(|known| known.place()?.schema()).map(|schema| schema.name);
    let (Some(request), Some(resource)) = (fields(method.request.as_deref()), fields(resource)) else { return false };
    let same =
        |field: &tables::Field| resource.iter().any(|other| other.name == field.name && other.kind == field.kind);
    // `setEdgeSecurityPolicy` names the field `securityPolicy`, which is another one.
    let misnamed = method.action() == "setEdgeSecurityPolicy";
    let mut fields = request.iter().filter(|field| field.name != "fingerprint").peekable();
    method.action().starts_with("set") && !misnamed && fields.peek().is_some() && fields.all(same)
}
