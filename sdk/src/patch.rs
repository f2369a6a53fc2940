//! Changes to a part of a resource: JSON merge patch (RFC 7396), as PATCH has it in Google's JSON APIs.

use serde_json::{Map, Value};

/// Applies `patch` to `target`: fields that it has are replaced, objects are merged, `null` takes a field out.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.as_str()).or_insert(Value::Null), change);
        }
    }
}

/// Takes the fields named in `output_only` out of a client's document: clients send back what they read, and what only the service
/// may set is ignored. `/` leads into objects: `iamConfiguration/uniformBucketLevelAccess/lockedTime`.
pub fn ignore(document: &mut Value, output_only: &[&str]) {
    for path in output_only {
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut names = parents.split('/').filter(|name| !name.is_empty());
        let parent = names.try_fold(&mut *document, |value, name| value.get_mut(name));
        if let Some(fields) = parent.and_then(Value::as_object_mut) {
            fields.remove(name);
        }
    }
}

/// Applies those fields of `source` to `target` that an `updateMask` (AIP-134) names: `title,labels.env`. What the mask names and
/// `source` lacks is taken out; an empty mask means every field of `source`, `*` replaces the whole.
pub fn apply_mask(target: &mut Value, source: &Value, mask: &str) {
    match mask.trim() {
        "" => {
            for (name, value) in source.as_object().into_iter().flatten() {
                set(target, &[name], Some(value));
            }
        }
        "*" => target.clone_from(source),
        mask => {
            for path in mask.split(',') {
                let names: Vec<_> = path.trim().split('.').collect();
                let value = names.iter().try_fold(source, |value, name| value.get(name));
                set(target, &names, value.filter(|value| !value.is_null()));
            }
        }
    }
}

fn set(target: &mut Value, path: &[impl AsRef<str>], value: Option<&Value>) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    match value {
        _ if !rest.is_empty() => set(fields.entry(first.as_ref()).or_insert(Value::Null), rest, value),
        Some(value) => _ = fields.insert(first.as_ref().to_owned(), value.clone()),
        None => _ = fields.remove(first.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(mut target: Value, patch: Value) -> Value {
        merge(&mut target, &patch);
        target
    }

    /// The cases of RFC 7396 appendix A.
    #[test]
    fn merges_as_the_rfc_says() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (target, patch, expected) in cases {
            assert_eq!(merged(target, patch), expected);
        }
    }

    #[test]
    fn output_only_fields_are_ignored_at_any_depth() {
        let mut document = json!({"id": 1, "name": "n", "iam": {"locked": 2, "enabled": true}});
        ignore(&mut document, &["id", "iam/locked", "absent/x", "name/x"]);
        assert_eq!(document, json!({"name": "n", "iam": {"enabled": true}}));
    }

    #[test]
    fn a_mask_says_what_is_changed() {
        let masked = |mask: &str| {
            let mut target = json!({"title": "old", "labels": {"a": "1", "b": "2"}, "stage": "GA"});
            apply_mask(&mut target, &json!({"title": "new", "labels": {"a": "9"}}), mask);
            target
        };
        assert_eq!(masked("title"), json!({"title": "new", "labels": {"a": "1", "b": "2"}, "stage": "GA"}));
        assert_eq!(masked("labels.a,stage"), json!({"title": "old", "labels": {"a": "9", "b": "2"}}));
        assert_eq!(masked("labels.b"), json!({"title": "old", "labels": {"a": "1"}, "stage": "GA"}));
        assert_eq!(masked(""), json!({"title": "new", "labels": {"a": "9"}, "stage": "GA"}));
        assert_eq!(masked("*"), json!({"title": "new", "labels": {"a": "9"}}));
    }
}
