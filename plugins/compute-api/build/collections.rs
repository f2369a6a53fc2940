//! Derives the collections of resources from the paths of the methods, and writes the code of both tables.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::schemas::place;
use crate::tables::{Method, Schemas};

/// A path, taken apart.
struct Shape<'m> {
    /// The variant of `Scope`.
    scope: &'static str,
    /// Collections that it lies in, with their parameters: `reservations`, `reservation`.
    parents: Vec<(&'m str, &'m str)>,
    /// The last segment of the collection's path.
    name: &'m str,
    /// The parameter that names the resource, where the method is about one.
    param: Option<&'m str>,
}

/// What one id of the API holds (`regionHealthChecks`).
#[derive(Default)]
struct Place<'m> {
    methods: Vec<&'m Method>,
    scope: &'static str,
    param: String,
    list_kind: String,
}

/// Collections by name; of each its places by id.
type Collections<'m> = BTreeMap<&'m str, BTreeMap<&'m str, Place<'m>>>;

/// `COLLECTIONS`, sorted by name, and `METHODS`, sorted by id.
pub fn render(methods: &[Method], schemas: &Schemas) -> String {
    let mut collections = Collections::new();
    let mut parents = BTreeMap::new();
    for method in methods {
        // Collections are what has a home; the shape of `list`, `insert` or `get` says where.
        let Some(shape) = home(method.collection(), methods) else { continue };
        let place = collections.entry(shape.name).or_default().entry(method.collection()).or_default();
        place.methods.push(method);
        place.scope = shape.scope;
        parents.insert(shape.name, shape.parents);
        match method.action() {
            "get" | "delete" => place.param = shape_of(method).param.unwrap_or_default().to_owned(),
            "list" => place.list_kind = method.kind.clone().unwrap_or_default(),
            _ => {}
        }
    }
    let mut code = format!("pub(super) static COLLECTIONS: [Collection; {}] = [\n", collections.len());
    for (name, places) in &collections {
        code.push_str(&collection(name, &parents[name], places, schemas));
    }
    code + "];\n" + &table_of_methods(methods, &collections, schemas)
}

fn collection(name: &str, parents: &[(&str, &str)], places: &BTreeMap<&str, Place>, schemas: &Schemas) -> String {
    let mut methods = places.values().flat_map(|place| &place.methods);
    let aggregated = methods.find(|method| method.action() == "aggregatedList").map(|method| {
        let key = &method.items.as_ref().unwrap_or_else(|| panic!("{} has no items", method.id)).0;
        format!("Aggregated {{ kind: {:?}, key: {key:?} }}", method.kind.as_deref().unwrap_or_default())
    });
    let aggregated = aggregated.map_or("None".to_owned(), |aggregated| format!("Some({aggregated})"));
    let mut code =
        format!("Collection {{ name: {name:?}, parents: &{parents:?}, aggregated: {aggregated}, places: &[\n");
    places.iter().for_each(|(id, place)| code.push_str(&line(id, place, schemas)));
    code + "] },\n"
}

fn line(id: &str, here: &Place, schemas: &Schemas) -> String {
    let schema = here.schema();
    let mut actions: Vec<&str> = here.methods.iter().map(|method| method.action()).collect();
    actions.sort_unstable();
    format!(
        "Place {{ scope: Scope::{}, id: {id:?}, param: {:?}, kind: {:?}, list_kind: {:?}, schema: {:?}, actions: &{actions:?} }},\n",
        here.scope,
        here.param,
        here.kind(),
        here.list_kind,
        schema.map(|schema| place(schema, schemas)),
    )
}

impl<'m> Place<'m> {
    fn find(&self, action: &str) -> Option<&'m Method> {
        self.methods.iter().copied().find(|method| method.action() == action)
    }

    /// What is kept there: what `insert` takes, else what `list` gives, else what `get` gives.
    fn schema(&self) -> Option<&'m str> {
        self.find("insert")
            .and_then(|method| method.request.as_deref())
            .or_else(|| self.find("list").and_then(|method| method.items.as_ref().map(|(_, schema)| schema.as_str())))
            .or_else(|| self.find("get").and_then(|method| method.response.as_deref()))
    }

    /// What its resources say in `kind`. Some `get`s answer more than the resource, or leave it out of the document.
    fn kind(&self) -> String {
        let get = self.find("get").filter(|get| get.response.as_deref() == self.schema());
        let kind = get.and_then(|get| get.kind.clone());
        let from_schema = || self.schema().map(|schema| format!("compute#{}", lower_first(schema)));
        kind.or_else(from_schema).unwrap_or_default()
    }
}

fn table_of_methods(methods: &[Method], collections: &Collections, schemas: &Schemas) -> String {
    let mut sorted: Vec<&Method> = methods.iter().collect();
    sorted.sort_by(|one, other| one.id.cmp(&other.id));
    let mut code = format!("pub(super) static METHODS: [Method; {}] = [\n", sorted.len());
    for method in sorted {
        let shape = shape_of(method);
        let index = |schema: &Option<String>| schema.as_deref().and_then(|name| known(name, schemas));
        let home = collections.iter().enumerate().find_map(|(at, (_, places))| {
            places.keys().position(|id| *id == method.collection()).map(|place| (at, place))
        });
        let (param, in_query) = named_by(method, &shape, collections);
        let _ = writeln!(
            code,
            "Method {{ id: {:?}, action: {:?}, home: {home:?}, scope: Scope::{}, param: {param:?}, in_query: {in_query}, \
             request: {:?}, response: {:?}, kind: {:?}, items: {:?}, query: &{:?} }},",
            method.id,
            method.action(),
            shape.scope,
            index(&method.request),
            index(&method.response),
            method.kind.as_deref().unwrap_or_default(),
            method.items.as_ref().map(|(field, _)| field.as_str()).unwrap_or_default(),
            method.query,
        );
    }
    code + "];\n"
}

/// The parameter that names the resource: of the path, or of the query (`patch?autoscaler=`).
fn named_by<'m>(method: &'m Method, shape: &Shape<'m>, collections: &Collections) -> (Option<String>, bool) {
    if shape.param.is_some() || !matches!(method.action(), "patch" | "update") {
        return (shape.param.map(str::to_owned), false);
    }
    let place = collections.values().find_map(|places| places.get(method.collection()));
    let param = place.map(|place| place.param.clone()).filter(|param| method.query.contains(param));
    let in_query = param.is_some();
    (param, in_query)
}

fn known(name: &str, schemas: &Schemas) -> Option<usize> {
    schemas.contains_key(name).then(|| place(name, schemas))
}

/// Where the resources of an id of the API live: what its `list`, `insert` or `get` says, or any other of its methods.
fn home<'m>(collection: &str, methods: &'m [Method]) -> Option<Shape<'m>> {
    let own = || methods.iter().filter(|method| method.collection() == collection);
    let first = ["list", "insert", "get"].iter().find_map(|action| own().find(|method| method.action() == *action));
    first.or_else(|| own().next()).map(shape_of).filter(|shape| !shape.name.is_empty())
}

fn shape_of(method: &Method) -> Shape<'_> {
    let segments: Vec<&str> = method.path.split('/').collect();
    let (scope, skipped) = scope(&segments);
    let mut shape = Shape { scope, parents: Vec::new(), name: "", param: None };
    let mut rest = segments[skipped..].iter().copied().peekable();
    while let Some(segment) = rest.next() {
        if param(segment).is_some() {
            break; // images/family/{family}
        }
        let next = rest.peek().copied();
        match (shape.name, shape.param) {
            ("", _) => shape.name = segment,
            // What follows a resource is a collection inside it when it has parameters of its own, else an action.
            (name, Some(parent)) if next.is_some_and(|next| param(next).is_some()) || is_nested(method, segment) => {
                shape.parents.push((name, parent));
                shape.name = segment;
                shape.param = None;
            }
            _ => break,
        }
        if let Some(name) = next.and_then(param) {
            shape.param = Some(name);
            rest.next();
        }
    }
    shape
}

/// Whether the last segment of a list or of an insert is a collection inside a resource.
fn is_nested(method: &Method, segment: &str) -> bool {
    matches!(method.action(), "list" | "insert") && method.path.ends_with(segment)
}

/// The scope that a path names, and how many segments do so.
fn scope(segments: &[&str]) -> (&'static str, usize) {
    match segments {
        ["locations", "global", ..] => ("Organization", 2),
        ["projects", "{project}", "global", ..] => ("Global", 3),
        ["projects", "{project}", "aggregated", ..] => ("Aggregated", 3),
        ["projects", "{project}", "zones", "{zone}", _, ..] => ("Zone", 4),
        ["projects", "{project}", "regions", "{region}", _, ..] => ("Region", 4),
        ["projects", "{project}", ..] => ("Global", 2),
        other => panic!("{other:?} has a form that is not known"),
    }
}

fn param(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_ascii_lowercase().to_string() + characters.as_str()).unwrap_or_default()
}
