//! `objects.list`: names in byte order, page by page, folded at a delimiter.

use super::filter::Filter;
use super::glob::Glob;
use super::page::{Named, Page, Query, Start};
use super::record::{self, Object};
use super::resource::{self, View};
use crate::access::{self, view::Views};
use crate::model::bucket::{Bucket, Projection};
use fogbank_sdk::db::{self, Value, params};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, page};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

/// Which generations are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Live,
    Versions,
    SoftDeleted,
}

/// A row of a listing.
#[derive(Debug)]
pub enum Entry {
    Object(Box<Object>),
    /// A managed folder, or one of a hierarchical namespace.
    Folder(String),
}

impl Named for Entry {
    fn name(&self) -> &str {
        match self {
            Entry::Object(object) => &object.name,
            Entry::Folder(name) => name,
        }
    }

    fn generation(&self) -> i64 {
        match self {
            Entry::Object(object) => object.generation,
            Entry::Folder(_) => 0,
        }
    }

    fn passes(&self, filter: &Filter) -> bool {
        self.object().is_none_or(|object| filter.keeps(object))
    }

    fn weight(&self) -> usize {
        self.object().map_or(0, weight)
    }
}

/// The name stands in an object's links, and again in those of each entry of its list.
fn weight(object: &Object) -> usize {
    let metadata: usize = object.metadata.iter().flatten().map(|(key, value)| key.len() + value.len() + 16).sum();
    let custom = object.contexts.as_ref().and_then(|contexts| contexts["custom"].as_object());
    let (contexts, entries) = (custom.map_or(0, Map::len), object.acl.as_ref().map_or(0, Vec::len));
    1000 + 6 * object.name.len() + metadata + 600 * contexts + entries * (300 + 4 * object.name.len())
}

/// Where a page begins, as a token has it.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    name: String,
    /// Absent where the page begins at the name itself.
    behind: Option<i64>,
}

/// Answers with a page.
pub fn list(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    let (query, scope) = (query(&request)?, scope(&request)?);
    let folders = request.query_bool("includeFoldersAsPrefixes")? && query.delimiter == "/";
    access::prefix("storage.objects.list", &bucket, &query.prefix)?;
    let projection = Projection::of(&request, Projection::NoAcl)?;
    let from = page::cursor::<Cursor>(&request)?.map_or_else(|| query.first(), Cursor::into_from);
    let found = read(&query, scope, folders, bucket.id, from)?;
    Ok(Response::json(&wire(found, &bucket, &request.base_url(), projection)?))
}

/// Reads a page of a bucket's objects.
pub fn read(query: &Query, scope: Scope, folders: bool, bucket: i64, from: Start) -> Result<Page<Entry>> {
    let end = query.end();
    query.page(from, |from, limit| {
        let mut rows = objects(bucket, scope, from, end.as_deref(), limit)?;
        if folders {
            rows.extend(folder_names(bucket, from, end.as_deref(), *limit)?);
            rows.sort_by(|a, b| (a.name(), a.generation()).cmp(&(b.name(), b.generation())));
            rows.truncate(*limit);
        }
        Ok::<_, Error>(rows)
    })
}

fn query(request: &RequestHead) -> Result<Query> {
    let text = |name: &str| request.query(name).unwrap_or_default().to_owned();
    let glob = request.query("matchGlob").filter(|glob| !glob.is_empty());
    let delimiter = text("delimiter");
    if glob.is_some() && !delimiter.is_empty() && delimiter != "/" {
        return Err(Error::invalid("matchGlob can be used only with the delimiter '/'.")
            .with_location("parameter", "delimiter"));
    }
    let glob = glob
        .map(Glob::parse)
        .transpose()
        .map_err(|_| Error::invalid("The glob pattern is not valid.").with_location("parameter", "matchGlob"))?;
    Ok(Query {
        prefix: text("prefix"),
        delimiter,
        trailing: request.query_bool("includeTrailingDelimiter")?,
        start_offset: text("startOffset"),
        end_offset: request.query("endOffset").filter(|end| !end.is_empty()).map(str::to_owned),
        glob,
        filter: request.query("filter").filter(|filter| !filter.is_empty()).map(Filter::parse).transpose()?,
        limit: page::size(request, "maxResults", 1000, 1000)? as usize,
    })
}

fn scope(request: &RequestHead) -> Result<Scope> {
    match (request.query_bool("versions")?, request.query_bool("softDeleted")?) {
        (true, true) => Err(Error::invalid("versions and softDeleted cannot both be true.")),
        (true, false) => Ok(Scope::Versions),
        (false, true) => Ok(Scope::SoftDeleted),
        (false, false) => Ok(Scope::Live),
    }
}

/// The condition on the state, in the words of the indexes.
fn clause(scope: Scope) -> &'static str {
    match scope {
        Scope::Live => "state = 'live'",
        Scope::Versions => "state <> 'softdeleted'",
        Scope::SoftDeleted => "state = 'softdeleted'",
    }
}

/// Rows of objects. Where `limit` of them are more than one answer of the database may have, it is lowered.
fn objects(bucket: i64, scope: Scope, from: &Start, end: Option<&str>, limit: &mut usize) -> Result<Vec<Entry>> {
    let (columns, state) = (record::COLUMNS, clause(scope));
    let (mut bounds, mut values) = match from {
        Start::Nowhere => return Ok(Vec::new()),
        Start::Name(name) => ("name >= $2".to_owned(), params![bucket, name]),
        Start::Behind(name, _) if scope == Scope::Live => ("name > $2".to_owned(), params![bucket, name]),
        Start::Behind(name, generation) => {
            ("(name, generation) > ($2, $3)".to_owned(), params![bucket, name, *generation])
        }
    };
    limited(&mut bounds, &mut values, end);
    let rows = loop {
        let sql = format!(
            "SELECT {columns} FROM objects WHERE bucket = $1 AND {state} AND {bounds} \
             ORDER BY name, generation LIMIT {limit}"
        );
        match db::query(&sql, values.clone()) {
            Err(db::Error::TooManyRows(_)) if *limit > 1 => *limit = (*limit / 8).max(1),
            rows => break rows?,
        }
    };
    rows.into_iter().map(|row| Ok(Entry::Object(Box::new(Object::read(row)?)))).collect()
}

fn folder_names(bucket: i64, from: &Start, end: Option<&str>, limit: usize) -> Result<Vec<Entry>> {
    let (mut bounds, mut values) = match from {
        Start::Nowhere => return Ok(Vec::new()),
        Start::Name(name) => ("name >= $2".to_owned(), params![bucket, name]),
        Start::Behind(name, _) => ("name > $2".to_owned(), params![bucket, name]),
    };
    limited(&mut bounds, &mut values, end);
    let sql = format!(
        "SELECT name FROM managed_folders WHERE bucket = $1 AND {bounds} \
         UNION SELECT name FROM folders WHERE bucket = $1 AND {bounds} ORDER BY name LIMIT {limit}"
    );
    let rows = db::query(&sql, values)?;
    rows.into_iter().map(|mut row| Ok(Entry::Folder(row.take("name")?))).collect()
}

fn limited(bounds: &mut String, values: &mut Vec<Value>, end: Option<&str>) {
    if let Some(end) = end {
        values.push(Value::from(end));
        bounds.push_str(&format!(" AND name < ${}", values.len()));
    }
}

fn wire(found: Page<Entry>, bucket: &Bucket, base: &str, projection: Projection) -> Result<serde_json::Value> {
    let mut answer = Map::new();
    answer.insert("kind".into(), json!("storage#objects"));
    if let Some(next) = found.next.and_then(Cursor::of) {
        answer.insert("nextPageToken".into(), json!(page::encode(&next)));
    }
    if !found.prefixes.is_empty() {
        answer.insert("prefixes".into(), json!(found.prefixes));
    }
    let mut views = Views::new(bucket, projection);
    let objects = found.items.iter().filter_map(Entry::object);
    let items = objects.map(|object| Ok(resource::wire(object, bucket, base, View::of(views.of(object)?))));
    let items = items.collect::<Result<Vec<_>>>()?;
    if !items.is_empty() {
        answer.insert("items".into(), json!(items));
    }
    Ok(serde_json::Value::Object(answer))
}

impl Entry {
    /// The object, if it is one.
    pub fn object(&self) -> Option<&Object> {
        match self {
            Entry::Object(object) => Some(object),
            Entry::Folder(_) => None,
        }
    }
}

impl Cursor {
    fn of(from: Start) -> Option<Cursor> {
        match from {
            Start::Name(name) => Some(Cursor { name, behind: None }),
            Start::Behind(name, generation) => Some(Cursor { name, behind: Some(generation) }),
            Start::Nowhere => None,
        }
    }

    fn into_from(self) -> Start {
        match self.behind {
            None => Start::Name(self.name),
            Some(generation) => Start::Behind(self.name, generation),
        }
    }
}
