//! What conditions see of a resource. <https://cloud.google.com/iam/docs/conditions-resource-attributes>

/// A resource's attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Without the host: `projects/_/buckets/b/objects/o`.
    pub name: String,
    /// The host: `storage.googleapis.com`.
    pub service: String,
    /// `storage.googleapis.com/Object`.
    pub kind: String,
}

impl Attributes {
    /// Those of a full resource name.
    pub fn of(resource: &str) -> Self {
        let rest = resource.trim_start_matches('/');
        let (service, name) = rest.split_once('/').unwrap_or((rest, ""));
        let kind = collection(name).map(singular).map(|kind| format!("{service}/{kind}")).unwrap_or_default();
        Self { name: name.to_owned(), service: service.to_owned(), kind }
    }
}

/// The last collection of a name, which is a collection and an id by turns. An object's name may have slashes of its own.
fn collection(name: &str) -> Option<&str> {
    let mut segments = name.split('/');
    let mut last = None;
    while let Some(collection) = segments.next().filter(|collection| !collection.is_empty()) {
        // `global` stands alone in Compute's names: `projects/p/global/networks/n`.
        if collection == "global" {
            continue;
        }
        last = Some(collection);
        if collection == "objects" || segments.next().is_none() {
            break;
        }
    }
    last
}

/// `buckets` is `Bucket`, `policies` is `Policy`, `addresses` is `Address`.
fn singular(collection: &str) -> String {
    let stem = if let Some(stem) = collection.strip_suffix("ies") {
        format!("{stem}y")
    } else if let Some(stem) = collection.strip_suffix("sses").or_else(|| collection.strip_suffix("xes")) {
        collection[..stem.len() + if collection.ends_with("xes") { 1 } else { 2 }].to_owned()
    } else {
        collection.strip_suffix('s').unwrap_or(collection).to_owned()
    };
    let mut characters = stem.chars();
    characters.next().map(|first| first.to_ascii_uppercase().to_string() + characters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_follow_from_the_name() {
        for (resource, name, kind) in [
            ("//storage.googleapis.com/projects/_/buckets/b", "projects/_/buckets/b", "storage.googleapis.com/Bucket"),
            (
                "//storage.googleapis.com/projects/_/buckets/b/objects/a/b/c",
                "projects/_/buckets/b/objects/a/b/c",
                "storage.googleapis.com/Object",
            ),
            (
                "//cloudresourcemanager.googleapis.com/projects/shop",
                "projects/shop",
                "cloudresourcemanager.googleapis.com/Project",
            ),
            (
                "//cloudresourcemanager.googleapis.com/folders/1",
                "folders/1",
                "cloudresourcemanager.googleapis.com/Folder",
            ),
            (
                "//compute.googleapis.com/projects/p/zones/z/instances/i",
                "projects/p/zones/z/instances/i",
                "compute.googleapis.com/Instance",
            ),
            (
                "//compute.googleapis.com/projects/p/global/networks/n",
                "projects/p/global/networks/n",
                "compute.googleapis.com/Network",
            ),
            (
                "//compute.googleapis.com/projects/p/regions/r/addresses/a",
                "projects/p/regions/r/addresses/a",
                "compute.googleapis.com/Address",
            ),
            (
                "//iam.googleapis.com/projects/-/serviceAccounts/x",
                "projects/-/serviceAccounts/x",
                "iam.googleapis.com/ServiceAccount",
            ),
            ("//fogbank.internal/credentials", "credentials", "fogbank.internal/Credential"),
            ("//dns.test/policies/p", "policies/p", "dns.test/Policy"),
        ] {
            let attributes = Attributes::of(resource);
            assert_eq!((attributes.name.as_str(), attributes.kind.as_str()), (name, kind), "{resource}");
        }
        assert_eq!(
            Attributes::of("//a.test"),
            Attributes { name: "".into(), service: "a.test".into(), kind: "".into() }
        );
    }
}
