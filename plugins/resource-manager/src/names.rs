//! Names of resources, and what may stand in the names that clients choose.

use crate::refusal;
use fogbank_sdk::{Error, Result};
use std::collections::BTreeMap;

/// What full resource names begin with.
const HOST: &str = "//cloudresourcemanager.googleapis.com/";

/// The full name of `projects/shop`, `folders/123` and so on.
pub fn full(name: &str) -> String {
    format!("{HOST}{name}")
}

/// What follows the host in a full name of this service's resources.
pub fn relative(full: &str) -> Option<&str> {
    full.strip_prefix(HOST)
}

/// The number in `folders/123`, given `folders/`. Only its usual form counts: policies know a resource by one text.
pub fn number(name: &str, prefix: &str) -> Option<i64> {
    let digits = name.strip_prefix(prefix)?;
    let fine = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| fine)
}

/// Whether this is the name of an organization or a folder.
pub fn is_container(name: &str) -> bool {
    number(name, "folders/").or_else(|| number(name, "organizations/")).is_some()
}

/// Whether this can be the id of a project: 6 to 30 lower-case letters, digits and hyphens, a letter first, no hyphen last.
pub fn is_project_id(id: &str) -> bool {
    check_project_id(id).is_ok()
}

/// Checks the id of a new project.
///
/// Errors: 400 that says what is wrong.
pub fn check_project_id(id: &str) -> Result<()> {
    let issue = if id.len() < 6 {
        "project_id must be at least 6 characters long"
    } else if id.len() > 30 {
        "project_id must be at most 30 characters long"
    } else if !id.starts_with(|first: char| first.is_ascii_lowercase()) {
        "project_id must start with a lowercase letter"
    } else if !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        "project_id contains invalid characters"
    } else if id.ends_with('-') {
        "project_id must end with a letter or number"
    } else {
        return Ok(());
    };
    Err(refusal::field("project_id", issue))
}

/// Checks the display name of a project.
///
/// Errors: 400.
pub fn check_project_name(name: &str) -> Result<()> {
    let length = name.chars().count();
    if !(4..=30).contains(&length) {
        return Err(refusal::field("display_name", "project display name must be between 4 and 30 characters long"));
    }
    let fine = |letter: char| letter.is_alphanumeric() || "-'\" !".contains(letter);
    match name.chars().all(fine) {
        true => Ok(()),
        false => Err(refusal::field("display_name", "project display name contains invalid characters")),
    }
}

/// Checks the display name of a folder: 3 to 30 letters, digits, spaces, hyphens and underscores, the ends letters or digits.
///
/// Errors: 400.
pub fn check_folder_name(name: &str) -> Result<()> {
    let inner = |letter: char| letter.is_alphanumeric() || "_- ".contains(letter);
    let length = name.chars().count();
    let ends = [name.chars().next(), name.chars().last()];
    let fine = (3..=30).contains(&length)
        && name.chars().all(inner)
        && ends.iter().all(|end| end.is_some_and(char::is_alphanumeric));
    match fine {
        true => Ok(()),
        false => Err(refusal::field(
            "display_name",
            "folder display name must have 3 to 30 letters, digits, spaces, hyphens and underscores, and begin and end with a letter or digit",
        )),
    }
}

/// Checks the short name of a tag key or value: 1 to 256 letters, digits, dashes, underscores and dots, the ends letters or digits.
///
/// Errors: 400.
pub fn check_short_name(name: &str) -> Result<()> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = [name.bytes().next(), name.bytes().last()];
    let fine = name.len() <= 256
        && name.bytes().all(inner)
        && ends.iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()));
    match fine {
        true => Ok(()),
        false => Err(refusal::field(
            "short_name",
            "must be 1 to 256 letters, digits, dashes, underscores and dots, beginning and ending with a letter or digit",
        )),
    }
}

/// Checks the labels of a project.
///
/// Errors: 400.
pub fn check_labels(labels: &BTreeMap<String, String>) -> Result<()> {
    if labels.len() > 256 {
        return Err(refusal::field("labels", "at most 256 labels can be set"));
    }
    let inner = |letter: char| letter.is_lowercase() || letter.is_numeric() || letter == '-' || letter == '_';
    let fine = |text: &str| text.chars().count() <= 63 && text.chars().all(inner);
    for (key, value) in labels {
        if !fine(key) || !key.starts_with(char::is_lowercase) {
            return Err(refusal::field("labels", &format!("label key '{key}' is not valid")));
        }
        if !fine(value) {
            return Err(refusal::field("labels", &format!("label value '{value}' is not valid")));
        }
    }
    Ok(())
}

/// Checks the parent that a client names.
///
/// Errors: 400.
pub fn check_parent(parent: &str) -> Result<()> {
    match is_container(parent) {
        true => Ok(()),
        false if parent.is_empty() => Err(Error::required("parent")),
        false => Err(refusal::field("parent", "must be folders/{number} or organizations/{number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_ids_of_projects_are_lowercase_and_of_some_length() {
        for id in ["acc-proj-1", "abcdef", "a23456", &"a".repeat(30)] {
            assert!(is_project_id(id), "{id}");
        }
        for id in ["", "short", "1abcdef", "Abcdef", "abcdef-", "abc_def", "../../etc", "abc def", &"a".repeat(31)] {
            assert_eq!(check_project_id(id).unwrap_err().http_status(), 400, "{id}");
        }
    }

    #[test]
    fn names_have_their_letters_and_lengths() {
        assert!(check_project_name("Acc One").is_ok() && check_project_name("It's \"mine\"!").is_ok());
        assert!(check_project_name("abc").is_err() && check_project_name("a_b_c_d").is_err());
        assert!(check_folder_name("Team 1").is_ok() && check_folder_name("Équipe_a").is_ok());
        assert!(check_folder_name("ab").is_err() && check_folder_name(" abc").is_err());
        assert!(check_short_name("a").is_ok() && check_short_name("env.prod-1").is_ok());
        assert!(check_short_name("").is_err() && check_short_name("-a").is_err() && check_short_name("a/b").is_err());
    }

    #[test]
    fn labels_are_lowercase() {
        let labels = |key: &str, value: &str| check_labels(&BTreeMap::from([(key.to_owned(), value.to_owned())]));
        assert!(labels("env", "test").is_ok() && labels("a_b-1", "").is_ok());
        assert!(labels("Env", "a").is_err() && labels("1a", "a").is_err() && labels("a", "B").is_err());
        assert!(labels("", "a").is_err() && labels("a", &"x".repeat(64)).is_err());
    }

    #[test]
    fn parents_are_containers() {
        assert!(is_container("folders/1") && is_container("organizations/123"));
        assert_eq!((number("12", ""), number("+12", ""), number("012", "")), (Some(12), None, None));
        for name in ["", "folders/", "folders/01", "folders/x", "folders/1/2", "projects/1", "folders/+1"] {
            assert!(check_parent(name).is_err(), "{name}");
        }
    }
}
