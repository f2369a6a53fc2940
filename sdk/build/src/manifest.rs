//! `plugin.toml` and the files that it includes.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Includes {
    #[serde(default)]
    include: Vec<String>,
}

#[derive(Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
struct Routes<R> {
    #[serde(default = "Vec::new", rename = "route")]
    routes: Vec<R>,
}

/// The manifest and the files that it includes, which stand beside or below it.
pub(crate) fn files(manifest: &Path) -> Result<Vec<PathBuf>, String> {
    let Includes { include } = toml::from_str(&text(manifest)?).map_err(|error| at(manifest, error))?;
    let folder = manifest.parent().unwrap_or(Path::new(""));
    Ok(std::iter::once(manifest.to_owned()).chain(include.iter().map(|file| folder.join(file))).collect())
}

/// The routes of all `files`, in order. The error names the file.
pub(crate) fn routes<R: DeserializeOwned>(files: &[PathBuf]) -> Result<Vec<R>, String> {
    let mut routes = Vec::new();
    for file in files {
        routes.extend(of_text(&text(file)?).map_err(|error| at(file, error))?);
    }
    Ok(routes)
}

/// The routes of one text.
pub(crate) fn of_text<R: DeserializeOwned>(text: &str) -> Result<Vec<R>, String> {
    let Routes { routes } = toml::from_str(text).map_err(|error| error.to_string())?;
    Ok(routes)
}

fn text(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| at(file, error))
}

fn at(file: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Id {
        id: String,
    }

    #[test]
    fn routes_of_included_files_come_after_the_manifests_own() {
        let folder = std::env::temp_dir().join(format!("fogbank-sdk-build-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("more")).unwrap();
        let manifest = folder.join("plugin.toml");
        std::fs::write(&manifest, "include = [\"more/routes.toml\"]\n[[route]]\nid = \"a\"\n").unwrap();
        std::fs::write(folder.join("more/routes.toml"), "[[route]]\nid = \"b\"\n").unwrap();
        let ids = |routes: Vec<Id>| routes.into_iter().map(|route| route.id).collect::<Vec<_>>();
        let files = super::files(&manifest).unwrap();
        assert_eq!(routes(&files).map(ids), Ok(vec!["a".to_owned(), "b".to_owned()]));
        std::fs::write(folder.join("more/routes.toml"), "[[route").unwrap();
        let error = routes::<Id>(&files).map(ids).unwrap_err();
        assert!(error.contains("more/routes.toml"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
