//! Lists: of one scope, and of all of a project.

use crate::call::Call;
use crate::filter::Filter;
use crate::order::Order;
use crate::path::Scope;
use crate::store::{self, Cursor, Query, Resource};
use crate::{places, show};
use fogbank_sdk::{Error, RequestHead, Response, Result, page};
use serde_json::{Map, Value, json};

/// Rows that are read at once while a filter looks for what it wants.
const BATCH: u32 = 500;

/// A page of a list.
pub struct Page {
    /// As clients see them.
    pub items: Vec<(Scope, Value)>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// `GET .../COLLECTION`. `decorate` may change resources before they are shown and filtered.
///
/// Errors: 400 for a filter, an order, a size or a token that is none.
pub fn list(request: &RequestHead, decorate: impl FnMut(&mut Vec<Resource>) -> Result<()>) -> Result<Response> {
    let call = Call::of(request)?;
    let page = read(request, &call, Some(&call.scope), decorate)?;
    let items: Vec<Value> = page.items.into_iter().map(|(_, item)| item).collect();
    Ok(Response::json(&answer(&call, items, page.next)))
}

/// `GET .../COLLECTION/NAME` of resources that `decorate` adds to, as it does in [`list`].
///
/// Errors: 404.
pub fn one(request: &RequestHead, decorate: impl FnOnce(&mut Vec<Resource>) -> Result<()>) -> Result<Response> {
    let call = Call::of(request)?;
    let mut found = vec![store::get(&call.target(request)?)?];
    decorate(&mut found)?;
    Ok(Response::json(&show::resource(&found[0], &call.base)?))
}

/// The answer to a list of one scope.
pub fn answer(call: &Call, items: Vec<Value>, next: Option<String>) -> Value {
    let place = format!("projects/{}/{}/{}", call.project, call.scope, call.collection.name);
    let key = if call.method.items.is_empty() { "items" } else { call.method.items };
    let mut answer = json!({"id": place, "selfLink": format!("{}{place}", call.base)});
    if !call.method.kind.is_empty() {
        answer["kind"] = json!(call.method.kind);
    }
    if !items.is_empty() {
        answer[key] = Value::Array(items);
    }
    if let Some(next) = next {
        answer["nextPageToken"] = json!(next);
    }
    answer
}

/// The answer to a list of what stands in no table: `items` are all there are, with links marked.
///
/// Errors: 400 for a filter, a size or a token that is none.
pub fn of_items(request: &RequestHead, call: &Call, mut items: Vec<Value>) -> Result<Response> {
    items.iter_mut().for_each(|item| crate::links::expand(item, &call.base));
    let items = items.into_iter().map(|item| (call.scope.clone(), item)).collect();
    let page = Wanted::of(request)?.page(request, items)?;
    Ok(Response::json(&answer(call, page.items.into_iter().map(|(_, item)| item).collect(), page.next)))
}

/// `GET .../aggregated/COLLECTION`: by scope, a scope without any with a warning.
///
/// Errors: as [`list`].
pub fn aggregated(request: &RequestHead, decorate: impl FnMut(&mut Vec<Resource>) -> Result<()>) -> Result<Response> {
    let call = Call::of(request)?;
    let page = read(request, &call, None, decorate)?;
    let first = request.query("pageToken").is_none_or(str::is_empty);
    Ok(Response::json(&by_scope(&call, page, first)))
}

/// The answer to a list of all scopes. Scopes without anything are named on the first page.
pub fn by_scope(call: &Call, page: Page, first: bool) -> Value {
    let key = call.collection.aggregated.as_ref().map_or(call.collection.name, |aggregated| aggregated.key);
    let mut scopes: Map<String, Value> = Map::new();
    if first {
        for scope in places::scopes_of(call.collection) {
            scopes.insert(scope.to_string(), nothing(&scope));
        }
    }
    let mut groups: Vec<(Scope, Vec<Value>)> = Vec::new();
    for (scope, item) in page.items {
        match groups.last_mut().filter(|(last, _)| *last == scope) {
            Some((_, items)) => items.push(item),
            None => groups.push((scope, vec![item])),
        }
    }
    for (scope, mut items) in groups {
        let entry = scopes.entry(scope.to_string()).or_insert(Value::Null);
        match entry.get_mut(key).and_then(Value::as_array_mut) {
            Some(there) => there.append(&mut items),
            None => *entry = json!({ key: items }),
        }
    }
    let place = format!("projects/{}/aggregated/{}", call.project, call.collection.name);
    let mut answer = json!({"id": place, "items": scopes, "selfLink": format!("{}{place}", call.base)});
    if let Some(aggregated) = call.collection.aggregated.as_ref().filter(|aggregated| !aggregated.kind.is_empty()) {
        answer["kind"] = json!(aggregated.kind);
    }
    if let Some(next) = page.next {
        answer["nextPageToken"] = json!(next);
    }
    answer
}

fn nothing(scope: &Scope) -> Value {
    json!({"warning": {
        "code": "NO_RESULTS_ON_PAGE",
        "message": format!("There are no results for scope '{scope}' on this page."),
        "data": [{"key": "scope", "value": scope.to_string()}],
    }})
}

/// What a list asks for beside its place.
pub struct Wanted {
    filter: Option<Filter>,
    order: Order,
    size: usize,
}

impl Wanted {
    /// Reads `filter`, `orderBy` and `maxResults` (500 where nothing is said).
    ///
    /// Errors: 400.
    pub fn of(request: &RequestHead) -> Result<Self> {
        let filter = request.query("filter").filter(|text| !text.trim().is_empty()).map(Filter::parse).transpose()?;
        let order = Order::parse(request.query("orderBy"))?;
        let size = match request.query_u32("maxResults")?.unwrap_or(500) {
            0 => 500,
            size if size <= 500 => size as usize,
            size => return Err(crate::failure::invalid("maxResults", size, "Must be less than or equal to 500.")),
        };
        Ok(Self { filter, order, size })
    }

    /// How many items a page has at most.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether a shown resource belongs in the list.
    pub fn matches(&self, shown: &Value) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(shown))
    }

    /// A page of what stands in no table: `items` are all there are, as clients see them.
    ///
    /// Errors: 400 for a token that is none.
    pub fn page(&self, request: &RequestHead, items: Vec<(Scope, Value)>) -> Result<Page> {
        let from: usize = page::cursor(request)?.unwrap_or_default();
        let mut items: Vec<_> = items.into_iter().filter(|(_, item)| self.matches(item)).collect();
        if self.order == Order::NewestFirst {
            items.sort_by(|one, other| self.order.compare(&one.1, &other.1));
        }
        let more = items.len() > from.saturating_add(self.size);
        let items = items.into_iter().skip(from).take(self.size).collect();
        Ok(Page { items, next: more.then(|| page::encode(&(from + self.size))) })
    }
}

fn read(
    request: &RequestHead,
    call: &Call,
    scope: Option<&Scope>,
    mut decorate: impl FnMut(&mut Vec<Resource>) -> Result<()>,
) -> Result<Page> {
    let wanted = Wanted::of(request)?;
    let query = Query {
        project: &call.project,
        collection: call.collection.name,
        scope,
        name: wanted.filter.as_ref().and_then(Filter::exact_name),
        by_age: wanted.order == Order::NewestFirst,
    };
    let mut after: Option<Cursor> = page::cursor(request)?;
    let mut items = Vec::new();
    loop {
        // One more than is shown: whether there is a next page.
        let limit = match wanted.filter {
            Some(_) => BATCH,
            None => u32::try_from(wanted.size + 1 - items.len()).map_err(|error| Error::internal(error.to_string()))?,
        };
        let mut rows = store::list(query, after.as_ref(), limit)?;
        let end = rows.len() < limit as usize;
        decorate(&mut rows)?;
        for row in rows {
            let shown = show::resource(&row, &call.base)?;
            if wanted.matches(&shown) {
                if items.len() == wanted.size {
                    return Ok(Page { items, next: after.map(|after| page::encode(&after)) });
                }
                let scope = row.path.scope.clone();
                items.push((scope, shown));
                after = Some(cursor(&row));
            } else if items.len() < wanted.size {
                after = Some(cursor(&row));
            }
        }
        if end {
            return Ok(Page { items, next: None });
        }
    }
}

fn cursor(row: &Resource) -> Cursor {
    Cursor { scope: row.path.scope.to_string(), name: row.path.name.clone(), created_ms: row.created.millis() }
}
