//! Partial answers: `fields=items(name,owner/entity),nextPageToken`.
//!
//! Source: <https://cloud.google.com/storage/docs/json_api#partial-response>.

use serde_json::Value;

use crate::error::{Error, Result};

/// How deep a mask may nest; a resource is never deeper.
const DEPTH: usize = 32;

/// The fields that a client asked for, as a tree.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Mask(Vec<(String, Option<Mask>)>);

impl Mask {
    /// Reads a mask: names with commas between them, `a/b` and `a(b,c)` for what is inside, `*` for any name.
    ///
    /// Errors: 400 `invalidParameter`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser { rest: text, depth: 0 };
        let mask = parser.list().filter(|_| parser.rest.is_empty());
        mask.ok_or_else(|| {
            let message = format!("Invalid field selection {text}");
            Error::invalid(message).with_reason("invalidParameter").with_location("parameter", "fields")
        })
    }

    /// Takes everything else out of `value`. A list is masked element by element.
    pub fn apply(&self, value: &mut Value) {
        select(value, &[self]);
    }

    /// Whether the field at `path` (`items/acl`), or anything inside it, was asked for.
    pub fn selects(&self, path: &str) -> bool {
        let mut masks = vec![self];
        for name in path.split('/') {
            match inner(&masks, name) {
                Selected::No => return false,
                Selected::Whole => return true,
                Selected::Parts(parts) => masks = parts,
            }
        }
        true
    }
}

enum Selected<'m> {
    No,
    Whole,
    Parts(Vec<&'m Mask>),
}

/// What `masks` together say of the field `name`.
fn inner<'m>(masks: &[&'m Mask], name: &str) -> Selected<'m> {
    let matching = || masks.iter().flat_map(|mask| &mask.0).filter(|(key, _)| key == name || key == "*");
    if matching().any(|(_, inner)| inner.is_none()) {
        return Selected::Whole;
    }
    let parts: Vec<_> = matching().filter_map(|(_, inner)| inner.as_ref()).collect();
    if parts.is_empty() { Selected::No } else { Selected::Parts(parts) }
}

/// Masks `value`; says whether anything can be selected inside it at all.
fn select(value: &mut Value, masks: &[&Mask]) -> bool {
    match value {
        Value::Array(items) => {
            items.retain_mut(|item| select(item, masks));
            true
        }
        Value::Object(fields) => {
            fields.retain(|name, field| match inner(masks, name) {
                Selected::No => false,
                Selected::Whole => true,
                Selected::Parts(parts) => select(field, &parts),
            });
            true
        }
        _ => false,
    }
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self, symbol: char) -> bool {
        let Some(rest) = self.rest.trim_start().strip_prefix(symbol) else {
            return false;
        };
        self.rest = rest;
        true
    }

    fn list(&mut self) -> Option<Mask> {
        let mut items = vec![self.item()?];
        while self.take(',') {
            items.push(self.item()?);
        }
        self.rest = self.rest.trim_start();
        Some(Mask(items))
    }

    fn item(&mut self) -> Option<(String, Option<Mask>)> {
        let end = self.rest.find([',', '(', ')', '/']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let name = name.trim();
        if name.is_empty() || self.depth == DEPTH {
            return None;
        }
        self.rest = rest;
        self.depth += 1;
        let inner = if self.take('/') {
            Some(Mask(vec![self.item()?]))
        } else if self.take('(') {
            Some(self.list().filter(|_| self.take(')'))?)
        } else {
            None
        };
        self.depth -= 1;
        Some((name.to_owned(), inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn masked(mask: &str, mut value: Value) -> Value {
        Mask::parse(mask).unwrap().apply(&mut value);
        value
    }

    #[test]
    fn lists_are_masked_item_by_item() {
        let list =
            json!({"kind": "k", "items": [{"name": "a", "size": 1, "acl": []}, {"name": "b"}], "nextPageToken": "t"});
        assert_eq!(
            masked("items(name,size),nextPageToken", list.clone()),
            json!({"items": [{"name": "a", "size": 1}, {"name": "b"}], "nextPageToken": "t"})
        );
        assert_eq!(masked("items/name", list.clone()), json!({"items": [{"name": "a"}, {"name": "b"}]}));
        assert_eq!(masked("*", list.clone()), list);
        assert_eq!(masked("nothing", list), json!({}));
    }

    #[test]
    fn slashes_stars_and_brackets_nest() {
        let value = json!({"a": {"b": {"c": 1, "d": 2}, "e": {"c": 3}}, "f": {"b": {"c": 4}}});
        assert_eq!(masked("a/b/c", value.clone()), json!({"a": {"b": {"c": 1}}}));
        assert_eq!(masked("a(b/d, e)", value.clone()), json!({"a": {"b": {"d": 2}, "e": {"c": 3}}}));
        assert_eq!(masked("*/b(c)", value.clone()), json!({"a": {"b": {"c": 1}}, "f": {"b": {"c": 4}}}));
        assert_eq!(masked("a/b/c,a/e,a/*/d", value), json!({"a": {"b": {"c": 1, "d": 2}, "e": {"c": 3}}}));
    }

    #[test]
    fn what_is_inside_a_plain_value_selects_nothing() {
        assert_eq!(masked("a/b,c", json!({"a": 1, "c": 2})), json!({"c": 2}));
    }

    #[test]
    fn f35_broken_masks_are_400() {
        let deep = "a/".repeat(10_000) + "a";
        for mask in ["", ",", "a,", "a(", "a()", "a)", "a(b", "a//b", "a/", "(a)", "a(b)c", deep.as_str()] {
            assert_eq!(Mask::parse(mask).unwrap_err().http_status(), 400, "{mask}");
        }
    }

    #[test]
    fn says_what_was_asked_for() {
        let mask = Mask::parse("items(name,acl/entity)").unwrap();
        assert!(mask.selects("items/acl") && mask.selects("items/name/x"));
        assert!(!mask.selects("items/size") && !mask.selects("prefixes"));
    }
}
