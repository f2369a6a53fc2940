//! The metadata's SSH keys: `NAME:KEY` lines of the instance and the project, and when they expire.
//! <https://cloud.google.com/compute/docs/connect/add-ssh-keys#metadata>

use crate::clock;
use crate::metadata::{Metadata, is_true};
use std::collections::BTreeMap;

/// The keys of each account at a time, each once, in their order.
pub fn wanted(metadata: &Metadata, now: i64) -> BTreeMap<String, Vec<String>> {
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, key) in lines(metadata).filter_map(|line| split(line, now)) {
        let keys = wanted.entry(name.to_owned()).or_default();
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    wanted
}

/// The lines that count. Those of the project do not if the instance blocks them or has the old attribute `sshKeys`.
fn lines(metadata: &Metadata) -> impl Iterator<Item = &str> {
    let own = ["ssh-keys", "sshKeys"].map(|key| metadata.instance_attribute(key));
    let blocked = metadata.instance_attribute("block-project-ssh-keys").is_some_and(is_true);
    let shared = if blocked || own[1].is_some_and(|keys| !keys.is_empty()) {
        [None, None]
    } else {
        ["ssh-keys", "sshKeys"].map(|key| metadata.project_attribute(key))
    };
    own.into_iter().chain(shared).flatten().flat_map(str::lines)
}

/// Name and key of a line; `None` if it is none, or its time is over.
fn split(line: &str, now: i64) -> Option<(&str, &str)> {
    let (name, key) = line.trim().split_once(':')?;
    let key = key.trim();
    let key_has_words = key.split_whitespace().nth(1).is_some();
    (is_name(name) && key_has_words && !is_expired(key, now)).then_some((name, key))
}

/// Names that are safe in the files of accounts and as names of directories.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-@".contains(&byte);
    (1..=32).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with(['-', '.', '@'])
}

/// Whether a key with a comment `google-ssh {"userName":...,"expireOn":...}` has expired. One whose time cannot be read has.
fn is_expired(key: &str, now: i64) -> bool {
    let Some((_, comment)) = key.split_once(" google-ssh ") else { return false };
    let comment: serde_json::Value = serde_json::from_str(comment).unwrap_or_default();
    let time = comment.get("expireOn").and_then(|time| clock::parse(time.as_str()?));
    time.is_none_or(|time| time <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted_of(tree: serde_json::Value) -> Vec<(String, Vec<String>)> {
        wanted(&Metadata::from_json(tree.to_string().as_bytes()).unwrap(), 1_795_273_426).into_iter().collect()
    }

    fn one(name: &str, keys: &[&str]) -> (String, Vec<String>) {
        (name.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())
    }

    #[test]
    fn keys_of_instance_and_project_are_taken_together() {
        let tree = serde_json::json!({
            "instance": {"attributes": {"ssh-keys": "ann:ssh-rsa AAA ann@home\nbob:ssh-ed25519 BBB\n"}},
            "project": {"attributes": {"ssh-keys": "ann:ssh-rsa CCC\nann:ssh-rsa AAA ann@home"}},
        });
        let all = [one("ann", &["ssh-rsa AAA ann@home", "ssh-rsa CCC"]), one("bob", &["ssh-ed25519 BBB"])];
        assert_eq!(wanted_of(tree), all);
    }

    #[test]
    fn an_instance_can_block_the_keys_of_its_project() {
        for own in [("block-project-ssh-keys", "TRUE"), ("sshKeys", "ann:ssh-rsa AAA")] {
            let tree = serde_json::json!({
                "instance": {"attributes": {"ssh-keys": "ann:ssh-rsa AAA", own.0: own.1}},
                "project": {"attributes": {"ssh-keys": "bob:ssh-rsa BBB"}},
            });
            assert_eq!(wanted_of(tree), [one("ann", &["ssh-rsa AAA"])]);
        }
    }

    #[test]
    fn keys_expire() {
        let key = |time: &str| format!("ann:ssh-rsa AAA google-ssh {{\"userName\":\"ann@x\",\"expireOn\":\"{time}\"}}");
        let tree = |time| serde_json::json!({"instance": {"attributes": {"ssh-keys": key(time)}}});
        assert_eq!(wanted_of(tree("2026-11-21T15:03:47+0000")).len(), 1);
        assert!(wanted_of(tree("2026-11-21T15:03:46+0000")).is_empty());
        assert!(wanted_of(tree("never")).is_empty());
    }

    #[test]
    fn lines_that_are_no_keys_are_skipped() {
        let lines = "ssh-rsa AAA\n:ssh-rsa AAA\n../x:ssh-rsa A\n a b:ssh-rsa A\nann:\nann:word\n-o:ssh-rsa A\n\n";
        assert!(wanted_of(serde_json::json!({"instance": {"attributes": {"ssh-keys": lines}}})).is_empty());
    }
}
