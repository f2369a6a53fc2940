//! Lists of folders.

use super::Form;
use crate::container::{COLUMNS, Container, full_name};
use crate::filter::{Fields, Filter};
use crate::names;
use crate::store::{Outside, Read};
use fogbank_sdk::db::params;
use fogbank_sdk::{RequestHead, Result, identity, page};
use serde_json::{Value, json};

/// How many rows are looked at in one query.
const BATCH: i64 = 500;

impl Fields for Container {
    fn values(&self, field: &str) -> Vec<String> {
        match field {
            "displayname" => vec![self.display_name.clone()],
            "parent" => self.parent.iter().cloned().collect(),
            "createtime" => vec![self.created.to_rfc3339()],
            _ => vec![self.state.as_str().to_owned()],
        }
    }

    fn texts(&self) -> Vec<String> {
        vec![self.name.clone(), self.display_name.clone()]
    }
}

fn known(field: &str) -> bool {
    matches!(field, "displayname" | "parent" | "state" | "lifecyclestate" | "createtime")
}

/// A page of the folders directly below `parent`, in order of their names.
///
/// Errors: 400; 403 or 404 where there is no such parent.
pub fn below(request: &RequestHead, form: Form) -> Result<Value> {
    let parent = request.query("parent").unwrap_or_default();
    names::check_parent(parent)?;
    Container::load(&Outside, parent)?;
    let size = page::size(request, "pageSize", 100, 1000)? as usize;
    let (display, name): (String, String) = page::cursor(request)?.unwrap_or_default();
    let deleted = if request.query_bool("showDeleted")? { "" } else { "AND state = 'ACTIVE'" };
    let sql = format!(
        "SELECT {COLUMNS} FROM containers WHERE parent = $1 AND (display_name, name) > ($2, $3) {deleted} \
         ORDER BY display_name, name LIMIT $4"
    );
    let rows = Outside.rows(&sql, params![parent, display, name, size + 1]);
    let mut found = rows?.iter_mut().map(Container::from_row).collect::<Result<Vec<_>>>()?;
    let more = found.len() > size;
    found.truncate(size);
    let token = found.last().filter(|_| more).map(|last| page::encode(&(&last.display_name, &last.name)));
    Ok(answer(&found, token, form))
}

/// A page of the folders that `query` finds and the caller may get.
///
/// Errors: 400 for what is no query, no token.
pub fn search(query: &str, size: u32, token: &str, form: Form) -> Result<Value> {
    let filter = Filter::parse(query, known)?;
    let size = if size == 0 { 100 } else { size.min(1000) as usize };
    let mut after: String = if token.is_empty() { String::new() } else { page::decode(token)? };
    let mut found: Vec<Container> = Vec::new();
    loop {
        let batch = fetch(&filter, &after)?;
        let full = batch.len() as i64 == BATCH;
        after = batch.last().map(|last| last.name.clone()).unwrap_or(after);
        for folder in visible(batch.into_iter().filter(|folder| filter.matches(folder)).collect())? {
            if found.len() == size {
                let token = found.last().map(|last| page::encode(&last.name));
                return Ok(answer(&found, token, form));
            }
            found.push(folder);
        }
        if !full {
            return Ok(answer(&found, None, form));
        }
    }
}

/// The next rows; where the query says which parent, only those below it.
fn fetch(filter: &Filter, after: &str) -> Result<Vec<Container>> {
    let parent = filter.exact(&["parent"]).map(str::to_lowercase);
    let below = if parent.is_some() { "parent = $3" } else { "parent IS NOT NULL AND $3 = ''" };
    let sql = format!("SELECT {COLUMNS} FROM containers WHERE name > $1 AND {below} ORDER BY name LIMIT $2");
    let rows = Outside.rows(&sql, params![after, BATCH, parent.unwrap_or_default()]);
    rows?.iter_mut().map(Container::from_row).collect()
}

fn visible(folders: Vec<Container>) -> Result<Vec<Container>> {
    if folders.is_empty() {
        return Ok(folders);
    }
    let names: Vec<String> = folders.iter().map(full_name).collect();
    let allowed = identity::allowed("resourcemanager.folders.get", &names)?;
    Ok(folders.into_iter().zip(allowed).filter(|(_, allowed)| *allowed).map(|(folder, _)| folder).collect())
}

fn answer(found: &[Container], token: Option<String>, form: Form) -> Value {
    let mut answer = json!({});
    if !found.is_empty() {
        answer["folders"] = found.iter().map(form.wire).collect();
    }
    if let Some(token) = token {
        answer["nextPageToken"] = json!(token);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::State;
    use fogbank_sdk::Timestamp;

    #[test]
    fn queries_look_at_the_fields_of_a_folder() {
        let folder = Container {
            name: "folders/1".into(),
            parent: Some("organizations/2".into()),
            display_name: "Test String".into(),
            customer: None,
            state: State::Active,
            revision: 1,
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(0),
            deleted: None,
        };
        let matches = |query: &str| Filter::parse(query, known).unwrap().matches(&folder);
        assert!(matches("displayName=Test*") && matches("state=ACTIVE AND parent=organizations/2"));
        assert!(matches("displayName=\"Test String\"") && matches("lifecycleState=ACTIVE") && matches(""));
        assert!(!matches("parent=folders/1") && !matches("displayName=String*"));
        assert_eq!(Filter::parse("color=red", known).unwrap_err().http_status(), 400);
    }
}
