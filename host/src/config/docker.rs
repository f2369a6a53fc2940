//! What the operator says of the container engine: the settings `compute` and `docker.*`, and the table `[docker.images]`.

use super::check::{Check, parsed, positive_time};
use crate::capability::docker::{Backend, DockerConfig, DockerLimits, ImagePolicy, Pool, Right};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The settings, checked; none where something is wrong, which is noted.
pub(super) fn docker(check: &mut Check, images: BTreeMap<String, String>) -> Option<DockerConfig> {
    let backend = check.one("compute", backend);
    let host = check.optional("docker.host");
    let allowed = check.list("docker.allow", parsed("a pattern"));
    let pull = check.one("docker.pull", pull);
    let pool = check.one("docker.pool", Pool::parse);
    let rights = check.list("docker.rights", right);
    let patience = check.one("docker.patience", positive_time);
    let call = check.one("docker.timeout", positive_time);
    let transfer = check.one("docker.transfer-timeout", positive_time);
    Some(DockerConfig {
        backend: backend?,
        host,
        images: ImagePolicy { mapped: images, allowed: allowed?, pull: pull? },
        pool: pool?,
        rights: rights?.into_iter().flatten().collect(),
        limits: DockerLimits { patience: patience?, call: call?, transfer: transfer? },
    })
}

fn backend(text: &str) -> Result<Backend, String> {
    match text {
        "docker" => Ok(Backend::Engine),
        "metadata" => Ok(Backend::Records),
        _ => Err(format!("`{text}` is neither `docker` nor `metadata`")),
    }
}

fn pull(text: &str) -> Result<bool, String> {
    match text {
        "missing" => Ok(true),
        "never" => Ok(false),
        _ => Err(format!("`{text}` is neither `missing` nor `never`")),
    }
}

/// `none` is how nothing is written in a list that has a default.
fn right(text: &str) -> Result<Option<Right>, String> {
    if text == "none" { Ok(None) } else { Right::parse(text).map(Some) }
}

/// `[docker.images]` on top of the one that is built in; an empty name takes one away.
pub(super) fn images(built_in: Option<&Value>, own: Table, errors: &mut Vec<String>) -> BTreeMap<String, String> {
    let built_in = built_in.and_then(Value::as_table).cloned().unwrap_or_default();
    let mut images = BTreeMap::new();
    for (name, value) in built_in.into_iter().chain(own) {
        match value {
            Value::String(image) if image.is_empty() => drop(images.remove(&name)),
            Value::String(image) => drop(images.insert(name, image)),
            _ => errors.push(format!("docker.images.{name}: write a string")),
        }
    }
    images
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Layers};
    use super::*;

    fn config(text: &str) -> Result<Config, String> {
        Config::from_layers(Layers::new().text("fogbank.toml", text)).map_err(|errors| errors.to_string())
    }

    #[test]
    fn containers_run_unless_the_operator_says_otherwise() {
        assert_eq!(config("").expect("defaults").docker.backend, Backend::Engine);
        assert_eq!(config("compute = \"metadata\"").expect("fine").docker.backend, Backend::Records);
        assert!(config("compute = \"podman\"").is_err_and(|why| why.contains("podman")));
    }

    #[test]
    fn images_are_added_replaced_and_taken_away() {
        let text = "[docker]\npull = \"never\"\n[docker.images]\ndebian-12 = \"own/debian:1\"\nmine = \"x\"\nubuntu-2204 = \"\"\n";
        let docker = config(text).expect("fine").docker;
        assert!(!docker.images.pull);
        assert_eq!(docker.images.resolve("debian-12"), Some("own/debian:1"));
        assert_eq!((docker.images.resolve("mine"), docker.images.resolve("ubuntu-2204")), (Some("x"), None));
        assert_eq!(docker.images.resolve("debian-11"), Some("debian:11"));
    }

    #[test]
    fn rights_and_pools_are_checked() {
        assert_eq!(config("").expect("defaults").docker.rights.len(), Right::ALL.len());
        assert!(config("docker.rights = \"none\"").expect("fine").docker.rights.is_empty());
        for wrong in
            ["docker.rights = \"privileged\"", "docker.pool = \"10.0.0.0\"", "docker.images = 1", "docker.pull = \"x\""]
        {
            assert!(config(wrong).is_err(), "{wrong}");
        }
    }
}
