//! What a disk, an image or a snapshot is made from.

use super::{CONTENT, Content, content};
use crate::catalogue::public;
use crate::{images, machine_images};
use compute_api::failure;
use compute_api::path::{MARK, Path};
use compute_api::store::{self, Resource};
use fogbank_sdk::Result;
use fogbank_sdk::db::Transaction;
use serde_json::{Map, Value, json};

/// What carries over from a source to what is made from it.
const INHERITED: [&str; 4] = ["licenses", "licenseCodes", "guestOsFeatures", "architecture"];

/// A source.
pub struct Source {
    /// `sourceImage`
    field: &'static str,
    /// Its path: of a family, that of the image which it stands for.
    pub path: Path,
    id: String,
    /// Its size in GB.
    pub gb: u64,
    fields: Map<String, Value>,
    content: Content,
    /// Whether the content has to be copied; otherwise it is an image that everybody has.
    copied: bool,
}

/// The source that a body names in one of `fields`, if it names one.
///
/// Errors: 400 for a link that is none, or a source that is not ready; 404.
pub fn of(tx: &Transaction, body: &Map<String, Value>, fields: &[&'static str]) -> Result<Option<Source>> {
    for field in fields {
        if let Some(text) = body.get(*field).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            let path = text.strip_prefix(MARK).and_then(Path::parse);
            let path = path
                .filter(|path| belongs(field, path))
                .ok_or_else(|| failure::invalid(&format!("resource.{field}"), text, "The URL is malformed."))?;
            return find(tx, field, &path).map(Some);
        }
    }
    Ok(None)
}

fn belongs(field: &str, path: &Path) -> bool {
    match field {
        "sourceImage" => matches!(path.collection.as_str(), "images" | "imageFamilyViews"),
        "sourceSnapshot" => path.collection == "snapshots",
        machine_images::SOURCE => path.collection == machine_images::SAVED,
        _ => path.collection == "disks",
    }
}

fn find(tx: &Transaction, field: &'static str, path: &Path) -> Result<Source> {
    let public = if field == "sourceImage" { public_image(path) } else { None };
    if let Some(image) = public {
        let fields = image.show().as_object().cloned().unwrap_or_default();
        let gb = gb(&fields, "diskSizeGb");
        let content = Content::Mapped(image.content().to_owned());
        return Ok(Source {
            field,
            path: image.path(),
            id: image.id().to_string(),
            gb,
            fields,
            content,
            copied: false,
        });
    }
    let kept = match field {
        "sourceImage" => images::resolve(tx, path)?,
        _ => store::load(tx, path)?,
    };
    Source::kept(field, kept)
}

fn public_image(path: &Path) -> Option<public::Public> {
    match (path.collection.as_str(), path.name.strip_prefix("family/")) {
        ("imageFamilyViews", _) => public::newest(&path.project, &path.name),
        (_, Some(family)) => public::newest(&path.project, family),
        _ => public::image(&path.project, &path.name),
    }
}

/// A size in GB, sent as a number or as text.
pub fn gb(fields: &Map<String, Value>, name: &str) -> u64 {
    match fields.get(name) {
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        Some(Value::Number(number)) => number.as_u64().unwrap_or_default(),
        _ => 0,
    }
}

// === impl Source ===

impl Source {
    fn kept(field: &'static str, kept: Resource) -> Result<Self> {
        if !matches!(kept.text("status"), None | Some("READY")) {
            return Err(failure::not_ready(&kept.path));
        }
        let size = if kept.path.collection == "disks" { "sizeGb" } else { "diskSizeGb" };
        let (gb, content) = (gb(&kept.body, size), content(&kept));
        Ok(Self { field, id: kept.id.to_string(), gb, content, path: kept.path, fields: kept.body, copied: true })
    }

    /// Writes into a new resource where it came from, what it inherits, and what is to be done for its content.
    pub fn write(&self, resource: &mut Resource) {
        if self.field != machine_images::SOURCE {
            resource.set(self.field, self.path.marked());
            resource.set(&format!("{}Id", self.field), self.id.as_str());
        }
        for name in INHERITED {
            if let (Some(value), None) = (self.fields.get(name), resource.body.get(name)) {
                resource.set(name, value.clone());
            }
        }
        match self.copied {
            true => {
                resource.set(super::FROM, self.path.to_string());
                resource.set("status", json!("CREATING"));
                // Until it is copied, the kind of it is known already.
                let kind = match &self.content {
                    Content::Volume(_) => None,
                    other => Some(other.to_string()),
                };
                if let Some(kind) = kind {
                    resource.set(CONTENT, kind);
                }
            }
            false => {
                resource.set(CONTENT, self.content.to_string());
                resource.set("status", json!("READY"));
            }
        }
    }
}
