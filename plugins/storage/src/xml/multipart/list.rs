//! Uploads of a bucket, and parts of an upload.
//! <https://cloud.google.com/storage/docs/xml-api/get-bucket-uploads>,
//! <https://cloud.google.com/storage/docs/xml-api/get-object-multipart>

use super::super::listing::{encoded, limit, shown};
use super::super::writer::{self, Writer};
use super::record::Part;
use crate::model::bucket::Bucket;
use crate::model::prefix;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::encoding::hex;
use fogbank_sdk::{RequestHead, Response, Result, Timestamp};

/// Lists the parts of an upload, in order of number.
pub fn parts(request: &RequestHead) -> Result<Response> {
    let upload = super::upload(request, &["storage.multipartUploads.listParts"])?;
    let after = request.query_i64("part-number-marker")?.unwrap_or(0);
    let most = limit(request, "max-parts")?;
    let mut parts = upload.parts(after, most + 1)?;
    let more = parts.len() > most;
    parts.truncate(most);
    let encoded = encoded(request)?;
    Ok(writer::answer(writer::document("ListPartsResult", writer::UPLOADS, |xml| {
        xml.text("Bucket", request.param("bucket"));
        xml.text("Key", shown(&upload.draft.name, encoded));
        xml.text("UploadId", &upload.id);
        xml.optional("StorageClass", upload.draft.attributes.storage_class.as_deref());
        xml.text("PartNumberMarker", after);
        xml.optional("NextPartNumberMarker", parts.last().filter(|_| more).map(|part| part.number));
        xml.text("MaxParts", most);
        xml.text("IsTruncated", more);
        parts.iter().for_each(|part| write_part(xml, part));
    })))
}

fn write_part(xml: &mut Writer, part: &Part) {
    xml.nest("Part", |xml| {
        xml.text("PartNumber", part.number);
        xml.text("LastModified", part.modified.to_rfc3339());
        xml.text("ETag", format!("\"{}\"", hex(&part.md5)));
        xml.text("Size", part.size);
    });
}

/// An upload in hand.
struct Upload {
    name: String,
    id: String,
    created: Timestamp,
}

/// Lists the uploads of a bucket that are neither completed nor ended, in order of name and id.
pub fn uploads(request: &RequestHead) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    let most = limit(request, "max-uploads")?;
    let mut uploads = select(request, bucket.id, most + 1)?;
    let more = uploads.len() > most;
    uploads.truncate(most);
    let encoded = encoded(request)?;
    let asked = |name: &str| request.query(name).unwrap_or_default();
    let (keys, prefixes) = fold(&uploads, asked("prefix"), asked("delimiter"));
    Ok(writer::answer(writer::document("ListMultipartUploadsResult", writer::UPLOADS, |xml| {
        xml.text("Bucket", &bucket.name);
        xml.text("KeyMarker", shown(asked("key-marker"), encoded));
        xml.text("UploadIdMarker", asked("upload-id-marker"));
        if let Some(last) = uploads.last().filter(|_| more) {
            xml.text("NextKeyMarker", shown(&last.name, encoded));
            xml.text("NextUploadIdMarker", &last.id);
        }
        xml.text("Delimiter", shown(asked("delimiter"), encoded));
        xml.text("Prefix", shown(asked("prefix"), encoded));
        xml.text("MaxUploads", most);
        xml.text("IsTruncated", more);
        for upload in keys {
            xml.nest("Upload", |xml| {
                xml.text("Key", shown(&upload.name, encoded));
                xml.text("UploadId", &upload.id);
                xml.text("Initiated", upload.created.to_rfc3339());
            });
        }
        for prefix in prefixes {
            xml.nest("CommonPrefixes", |xml| xml.text("Prefix", shown(&prefix, encoded)));
        }
    })))
}

fn select(request: &RequestHead, bucket: i64, limit: usize) -> Result<Vec<Upload>> {
    let asked = |name: &str| request.query(name).unwrap_or_default();
    let end = prefix::end_of(asked("prefix"));
    let below = if end.is_some() { "AND name < $6" } else { "AND $6 = ''" };
    // Without an id the marker stands for all uploads of its name.
    let behind = match (asked("key-marker"), asked("upload-id-marker")) {
        ("", _) => "$3 = '' AND $4 = ''",
        (_, "") => "name > $3 AND $4 = ''",
        _ => "(name, id) > ($3, $4)",
    };
    let sql = format!(
        "SELECT name, id, created_ms FROM multipart_uploads WHERE bucket = $1 AND name >= $2 AND {behind} {below} \
         ORDER BY name, id LIMIT $5"
    );
    let id = if asked("key-marker").is_empty() { "" } else { asked("upload-id-marker") };
    let values = params![bucket, asked("prefix"), asked("key-marker"), id, limit, end.unwrap_or_default()];
    let rows = db::query(&sql, values)?;
    let read = |mut row: db::Row| {
        let created = Timestamp::from_millis(row.get("created_ms")?);
        Ok(Upload { name: row.take("name")?, id: row.take("id")?, created })
    };
    rows.into_iter().map(read).collect()
}

/// Names that have the delimiter behind the prefix show as what they have in common.
fn fold<'u>(uploads: &'u [Upload], prefix: &str, delimiter: &str) -> (Vec<&'u Upload>, Vec<String>) {
    let mut prefixes: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    for upload in uploads {
        let rest = upload.name.strip_prefix(prefix).filter(|_| !delimiter.is_empty());
        match rest.and_then(|rest| rest.find(delimiter)) {
            Some(at) => {
                let common = upload.name[..prefix.len() + at + delimiter.len()].to_owned();
                if prefixes.last() != Some(&common) {
                    prefixes.push(common);
                }
            }
            None => keys.push(upload),
        }
    }
    (keys, prefixes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_fold_at_the_delimiter() {
        let upload = |name: &str| Upload { name: name.into(), id: "u".into(), created: Timestamp::default() };
        let uploads = ["a", "b/1", "b/2", "c/1"].map(upload);
        let (keys, prefixes) = fold(&uploads, "", "/");
        assert_eq!((keys.len(), prefixes), (1, vec!["b/".to_owned(), "c/".to_owned()]));
        let (keys, prefixes) = fold(&uploads[1..3], "b/", "/");
        assert_eq!((keys.len(), prefixes.len()), (2, 0));
    }
}
