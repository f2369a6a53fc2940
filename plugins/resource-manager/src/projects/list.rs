//! Lists of projects: those that a filter finds, and those directly below a folder or an organization.

use super::{COLUMNS, Project, fields};
use crate::container::Container;
use crate::filter::Filter;
use crate::names;
use crate::store::{Outside, Read, rows_within};
use fogbank_sdk::db::params;
use fogbank_sdk::{RequestHead, Result, identity, page};
use serde_json::{Value, json};

/// How many rows are looked at in one query at most, while the filter lets few through.
const BATCH: usize = 500;

/// A page of the projects that `filter` finds and the caller may get, in order of their ids.
///
/// Errors: 400 for what is no filter, no token, no size.
pub fn search(request: &RequestHead, filter: &str, wire: fn(&Project) -> Value) -> Result<Value> {
    let filter = Filter::parse(filter, fields::known)?;
    let size = page::size(request, "pageSize", 500, 1000)? as usize;
    let after: Option<String> = page::cursor(request)?;
    let (found, next) = collect(&filter, size, after.unwrap_or_default())?;
    Ok(answer(&found, next.as_ref().map(page::encode), wire))
}

/// Up to `size` projects, and the id behind which the next page begins.
fn collect(filter: &Filter, size: usize, mut after: String) -> Result<(Vec<Project>, Option<String>)> {
    let mut found: Vec<Project> = Vec::new();
    let mut batch = size + 1;
    loop {
        let rows = fetch(filter, &after, &mut batch)?;
        let full = rows.len() == batch;
        after = rows.last().map(|last| last.id.clone()).unwrap_or(after);
        for project in visible(rows.into_iter().filter(|project| filter.matches(project)).collect())? {
            if found.len() == size {
                let last = found.last().map(|last| last.id.clone());
                return Ok((found, last));
            }
            found.push(project);
        }
        if !full {
            return Ok((found, None));
        }
        batch = (batch * 4).clamp(1, BATCH.max(size));
    }
}

/// The next rows; where the filter says which project or which parent, only those.
fn fetch(filter: &Filter, after: &str, batch: &mut usize) -> Result<Vec<Project>> {
    let id = filter.exact(&["id", "projectid"]).map(str::to_lowercase);
    let parent = filter.exact(&["parent"]).map(str::to_lowercase).or_else(|| {
        let (kind, id) = (filter.exact(&["parent.type"])?, filter.exact(&["parent.id"])?);
        Some(format!("{}s/{id}", kind.to_lowercase()))
    });
    let (column, value) = match (id, parent) {
        (Some(id), _) => ("AND id = $3", id),
        (None, Some(parent)) => ("AND parent = $3", parent),
        (None, None) => ("AND $3 = ''", String::new()),
    };
    let sql = format!("SELECT {COLUMNS} FROM projects WHERE id > $1 {column} ORDER BY id LIMIT $2");
    let rows = rows_within(batch, |limit| Outside.rows(&sql, params![after, limit, &value]));
    rows?.iter_mut().map(Project::from_row).collect()
}

/// Those that the caller may get.
fn visible(projects: Vec<Project>) -> Result<Vec<Project>> {
    if projects.is_empty() {
        return Ok(projects);
    }
    let names: Vec<String> = projects.iter().map(Project::full_name).collect();
    let allowed = identity::allowed("resourcemanager.projects.get", &names)?;
    Ok(projects.into_iter().zip(allowed).filter(|(_, allowed)| *allowed).map(|(project, _)| project).collect())
}

/// A page of the projects directly below `parent`, in order of their names.
///
/// Errors: 400; 403 or 404 where there is no such parent.
pub fn below(request: &RequestHead, wire: fn(&Project) -> Value) -> Result<Value> {
    let parent = request.query("parent").unwrap_or_default();
    names::check_parent(parent)?;
    Container::load(&Outside, parent)?;
    let mut limit = page::size(request, "pageSize", 500, 1000)? as usize + 1;
    let after: Option<(String, i64)> = page::cursor(request)?;
    let (name, number) = after.unwrap_or_default();
    let deleted = if request.query_bool("showDeleted")? { "" } else { "AND state = 'ACTIVE'" };
    let sql = format!(
        "SELECT {COLUMNS} FROM projects WHERE parent = $1 AND (display_name, number) > ($2, $3) {deleted} \
         ORDER BY display_name, number LIMIT $4"
    );
    let rows = rows_within(&mut limit, |limit| Outside.rows(&sql, params![parent, &name, number, limit]));
    let mut found = rows?.iter_mut().map(Project::from_row).collect::<Result<Vec<_>>>()?;
    // A single row that fills an answer is shown, and followed by a page that may be empty.
    let more = found.len() == limit;
    found.truncate(limit.saturating_sub(1).max(1));
    let last = found.last().filter(|_| more);
    let token = last.map(|last| page::encode(&(&last.display_name, last.number)));
    Ok(answer(&found, token, wire))
}

fn answer(found: &[Project], token: Option<String>, wire: fn(&Project) -> Value) -> Value {
    let mut answer = json!({});
    if !found.is_empty() {
        answer["projects"] = found.iter().map(wire).collect();
    }
    if let Some(token) = token {
        answer["nextPageToken"] = json!(token);
    }
    answer
}
