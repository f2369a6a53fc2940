//! Lists of a bucket's objects, in both versions. The page itself is the JSON API's.
//! <https://cloud.google.com/storage/docs/xml-api/get-bucket-list>

use super::{answer, writer};
use crate::access;
use crate::model::bucket::Bucket;
use crate::objects::list::{self, Entry, Scope};
use crate::objects::page::{Page, Query, Start};
use crate::objects::record::{Object, State};
use fogbank_sdk::{Error, RequestHead, Response, Result, page, query};

const MOST: usize = 1000;

/// What the query asks for.
struct List<'a> {
    request: &'a RequestHead,
    query: Query,
    scope: Scope,
    /// `list-type=2`
    second: bool,
    /// `encoding-type=url`: names are percent-encoded.
    encoded: bool,
    owners: bool,
}

/// Answers with a page.
pub fn list(request: &RequestHead) -> Result<Response> {
    let list = List::of(request)?;
    let bucket = Bucket::load(request.param("bucket"))?;
    access::prefix("storage.objects.list", &bucket, &list.query.prefix)?;
    let from = list.begin()?;
    let found = match list.query.limit {
        0 => Page { items: Vec::new(), prefixes: Vec::new(), next: None, weight: 0 },
        _ => list::read(&list.query, list.scope, false, bucket.id, from)?,
    };
    Ok(writer::answer(list.document(&bucket.name, &found)))
}

/// `max-keys` and its kin: at most 1000.
pub fn limit(request: &RequestHead, name: &str) -> Result<usize> {
    Ok(request.query_as::<u64>(name)?.map_or(MOST, |count| count.min(MOST as u64) as usize))
}

/// Whether names in the answer are to be percent-encoded.
pub fn encoded(request: &RequestHead) -> Result<bool> {
    match request.query("encoding-type") {
        None | Some("") => Ok(false),
        Some(kind) if kind.eq_ignore_ascii_case("url") => Ok(true),
        Some(other) => {
            let error = Error::invalid(format!("Invalid value for encoding-type: '{other}'"));
            Err(error.with_location("parameter", "encoding-type"))
        }
    }
}

/// A name as the answer shows it; slashes stay what they are.
pub fn shown(name: &str, encoded: bool) -> String {
    if encoded { query::encode(name).replace("%2F", "/") } else { name.to_owned() }
}

impl<'a> List<'a> {
    fn of(request: &'a RequestHead) -> Result<Self> {
        let text = |name: &str| request.query(name).unwrap_or_default().to_owned();
        let query = Query {
            prefix: text("prefix"),
            delimiter: text("delimiter"),
            limit: limit(request, "max-keys")?,
            ..Query::default()
        };
        let second = match request.query("list-type") {
            None | Some("" | "1") => false,
            Some("2") => true,
            Some(other) => {
                let error = Error::invalid(format!("Invalid value for list-type: '{other}'"));
                return Err(error.with_location("parameter", "list-type"));
            }
        };
        let owners = if second { request.query_bool("fetch-owner")? } else { true };
        Ok(List { request, query, scope: scope(request)?, second, encoded: encoded(request)?, owners })
    }

    /// Where the page begins: behind a marker, or where a token says.
    fn begin(&self) -> Result<Start> {
        let given = |name: &str| self.request.query(name).filter(|value| !value.is_empty());
        if let Some(token) = given("continuation-token").filter(|_| self.second) {
            let (name, behind): (String, Option<i64>) = page::decode(token)?;
            return Ok(behind.map_or(Start::Name(name.clone()), |generation| Start::Behind(name, generation)));
        }
        let marker = given(if self.second { "start-after" } else { "marker" });
        let Some(marker) = marker else { return Ok(self.query.first()) };
        let start = match (self.request.query_i64("generation-marker")?, self.closes(marker)) {
            (Some(generation), _) if !self.second => Start::Behind(marker.to_owned(), generation),
            (_, true) if !self.second => crate::model::prefix::end_of(marker).map_or(Start::Nowhere, Start::Name),
            _ => Start::Behind(marker.to_owned(), i64::MAX),
        };
        Ok(later(start, self.query.first()))
    }

    /// Whether a marker is a common prefix: what folds into it has been listed.
    fn closes(&self, marker: &str) -> bool {
        let (prefix, delimiter) = (self.query.prefix.as_str(), self.query.delimiter.as_str());
        let rest = marker.strip_prefix(prefix).filter(|_| !delimiter.is_empty());
        rest.and_then(|rest| Some(rest.find(delimiter)? + delimiter.len() == rest.len())).unwrap_or(false)
    }

    fn document(&self, bucket: &str, found: &Page<Entry>) -> String {
        let asked = |name: &str| self.request.query(name);
        writer::document("ListBucketResult", writer::LISTS, |xml| {
            xml.text("Name", bucket);
            xml.text("Prefix", self.show(&self.query.prefix));
            if self.second {
                xml.text("KeyCount", found.items.len() + found.prefixes.len());
                xml.optional("ContinuationToken", asked("continuation-token"));
                xml.optional("NextContinuationToken", found.next.as_ref().and_then(token));
                xml.optional("StartAfter", asked("start-after").map(|name| self.show(name)));
            } else {
                xml.text("Marker", self.show(asked("marker").unwrap_or_default()));
                self.next_marker(xml, found);
            }
            xml.text("MaxKeys", self.query.limit);
            let delimiter = Some(&self.query.delimiter).filter(|delimiter| !delimiter.is_empty());
            xml.optional("Delimiter", delimiter.map(|delimiter| self.show(delimiter)));
            xml.optional("EncodingType", self.encoded.then_some("url"));
            xml.text("IsTruncated", found.next.is_some());
            let objects = found.items.iter().filter_map(Entry::object);
            objects.for_each(|object| self.object(xml, object));
            for prefix in &found.prefixes {
                xml.nest("CommonPrefixes", |xml| xml.text("Prefix", self.show(prefix)));
            }
        })
    }

    /// The first version names the last thing of this page; where that is a prefix, the next page begins behind it.
    fn next_marker(&self, xml: &mut writer::Writer, found: &Page<Entry>) {
        match &found.next {
            Some(Start::Behind(name, generation)) => {
                xml.text("NextMarker", self.show(name));
                xml.optional("NextGenerationMarker", (self.scope == Scope::Versions).then_some(generation));
            }
            Some(_) => xml.optional("NextMarker", found.prefixes.last().map(|prefix| self.show(prefix))),
            None => {}
        }
    }

    fn object(&self, xml: &mut writer::Writer, object: &Object) {
        let versions = self.scope == Scope::Versions;
        xml.nest(if versions { "Version" } else { "Contents" }, |xml| {
            xml.text("Key", self.show(&object.name));
            xml.text("Generation", object.generation);
            xml.text("MetaGeneration", object.metageneration);
            xml.optional("IsLatest", versions.then_some(object.state == State::Live));
            xml.text("LastModified", object.updated.to_rfc3339());
            let deleted = object.noncurrent.filter(|_| object.state == State::Noncurrent);
            xml.optional("DeletedTime", deleted.map(|time| time.to_rfc3339()));
            xml.text("ETag", answer::etag(object));
            xml.text("Size", object.size);
            xml.text("StorageClass", &object.storage_class);
            if let Some(owner) = object.owner.as_ref().filter(|_| self.owners) {
                xml.nest("Owner", |xml| xml.text("ID", owner));
            }
        });
    }

    fn show(&self, name: &str) -> String {
        shown(name, self.encoded)
    }
}

/// `?versions` alone says it as well as `versions=true`.
fn scope(request: &RequestHead) -> Result<Scope> {
    let versions = request.query("versions") == Some("") || request.query_bool("versions")?;
    Ok(if versions { Scope::Versions } else { Scope::Live })
}

fn token(next: &Start) -> Option<String> {
    match next {
        Start::Name(name) => Some(page::encode(&(name, None::<i64>))),
        Start::Behind(name, generation) => Some(page::encode(&(name, Some(generation)))),
        Start::Nowhere => None,
    }
}

/// A marker before the prefix changes nothing.
fn later(marker: Start, first: Start) -> Start {
    match (&marker, &first) {
        (Start::Name(name) | Start::Behind(name, _), Start::Name(least)) if name < least => first,
        _ => marker,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(query: &str) -> RequestHead {
        RequestHead::new("storage.xml.bucket.get", "GET", &format!("/b-1?{query}")).unwrap()
    }

    fn begin(query: &str) -> Result<Start> {
        List::of(&head(query))?.begin()
    }

    fn behind(name: &str) -> Start {
        Start::Behind(name.into(), i64::MAX)
    }

    #[test]
    fn a_page_begins_behind_its_marker() {
        for (query, expected) in [
            ("", Start::Name(String::new())),
            ("prefix=a/", Start::Name("a/".into())),
            ("marker=b", behind("b")),
            ("marker=b&prefix=c", Start::Name("c".into())),
            ("list-type=2&start-after=b&marker=x", behind("b")),
            ("marker=b/&delimiter=/", Start::Name("b0".into())),
            ("marker=a/b/&delimiter=/&prefix=a/", Start::Name("a/b0".into())),
            ("marker=b/c&delimiter=/", behind("b/c")),
            ("list-type=2&start-after=b/&delimiter=/", behind("b/")),
            ("marker=b&generation-marker=7&versions", Start::Behind("b".into(), 7)),
        ] {
            assert_eq!(begin(query).unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn f35_a_bad_parameter_is_400() {
        for query in [
            "max-keys=-1",
            "max-keys=x",
            "list-type=3",
            "encoding-type=base64",
            "generation-marker=x&marker=a",
            "list-type=2&continuation-token=x",
            "versions=maybe",
        ] {
            assert_eq!(begin(query).and(encoded(&head(query))).unwrap_err().http_status(), 400, "{query}");
        }
        assert_eq!(limit(&head("max-keys=5000"), "max-keys").unwrap(), 1000);
    }

    fn object(name: &str) -> Entry {
        let object = Object { name: name.into(), generation: 7, metageneration: 1, ..Object::default() };
        Entry::Object(Box::new(object))
    }

    fn document(query: &str, names: &[&str], prefixes: &[&str], next: Option<Start>) -> String {
        let items = names.iter().map(|name| object(name)).collect();
        let prefixes = prefixes.iter().map(|prefix| prefix.to_string()).collect();
        let page = Page { items, prefixes, next, weight: 0 };
        List::of(&head(query)).unwrap().document("b-1", &page)
    }

    #[test]
    fn the_first_version_pages_by_marker() {
        let text = document("delimiter=/", &["a&b"], &["c/"], Some(Start::Name("c0".into())));
        assert!(text.contains("<Key>a&amp;b</Key><Generation>7</Generation><MetaGeneration>1</MetaGeneration>"));
        assert!(text.contains("<NextMarker>c/</NextMarker>") && text.contains("<IsTruncated>true</IsTruncated>"));
        assert!(text.contains("<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>"));
        let text = document("versions&max-keys=1", &["a"], &[], Some(Start::Behind("a".into(), 7)));
        assert!(text.contains("<NextMarker>a</NextMarker><NextGenerationMarker>7</NextGenerationMarker>"), "{text}");
        assert!(text.contains("<Version><Key>a</Key>") && text.contains("<IsLatest>true</IsLatest>"));
    }

    #[test]
    fn the_second_version_pages_by_token() {
        let text = document("list-type=2&encoding-type=url", &["a b/c"], &[], Some(Start::Behind("a b/c".into(), 7)));
        assert!(text.contains("<Key>a%20b/c</Key>") && text.contains("<KeyCount>1</KeyCount>"));
        let token = text.split("<NextContinuationToken>").nth(1).unwrap().split('<').next().unwrap();
        let again = begin(&format!("list-type=2&continuation-token={token}")).unwrap();
        assert_eq!(again, Start::Behind("a b/c".into(), 7));
        assert!(!text.contains("Marker"));
    }
}
