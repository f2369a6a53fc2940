//! `include = ["routes.toml"]`: files of the package with more `[[route]]` and `[[role]]` tables, so that what is generated
//! stands apart from what is written by hand.

use super::problem::Problems;
use super::raw::RawManifest;
use crate::plugin::package::{Package, check_inside};

/// Appends what the included files hold.
pub(super) fn read(package: &dyn Package, raw: &mut RawManifest, problems: &mut Problems) {
    let mut seen: Vec<&str> = Vec::new();
    let paths = std::mem::take(&mut raw.include);
    for path in &paths {
        if let Err(why) = check(path, &seen) {
            problems.add(format!("include: {why}"));
            continue;
        }
        seen.push(path);
        append(package, path, raw, problems);
    }
    raw.include = paths;
}

fn check(path: &str, seen: &[&str]) -> Result<(), String> {
    check_inside(path)?;
    match path {
        _ if !path.ends_with(".toml") => Err(format!("`{path}` is no file with the ending `.toml`")),
        "plugin.toml" => Err("`plugin.toml` includes itself".into()),
        _ if seen.contains(&path) => Err(format!("`{path}` is included twice")),
        _ => Ok(()),
    }
}

fn append(package: &dyn Package, path: &str, raw: &mut RawManifest, problems: &mut Problems) {
    let text = super::text(package, path);
    problems.begin_file(&package.place_of(path), text.as_deref().unwrap_or_default());
    match text {
        Ok(text) => raw.append(&text, problems),
        Err(why) => problems.add(why),
    }
    problems.end_file();
}
