//! `POST /OBJECT?uploadId=...`: the parts become the object.
//! <https://cloud.google.com/storage/docs/xml-api/post-object-complete>

use super::super::reader::{self, Node};
use super::super::{answer, link, writer};
use super::record::{self, Part, Upload};
use crate::objects::checksum::Expected;
use crate::objects::content::Content;
use crate::objects::draft;
use crate::objects::retire::Retired;
use fogbank_sdk::encoding::hex;
use fogbank_sdk::files::{self, Options, Source, Staged};
use fogbank_sdk::{Code, Error, Preconditions, Request, Response, Result, log};
use std::collections::BTreeMap;

const MOST_PARTS: usize = 10_000;

/// Every part but the last has at least this many bytes.
const SMALLEST: u64 = 5 << 20;

/// How many parts are open at once.
const AT_ONCE: usize = 256;

/// Bytes that nobody goes on with are gone after this long.
const HOUR_MS: u64 = 3_600_000;

/// A part as the client names it.
#[derive(Debug, PartialEq)]
struct Named {
    number: i64,
    etag: String,
}

/// Joins the parts that the body lists, in its order. Those that it does not list are dropped.
pub fn complete(mut request: Request) -> Result<Response> {
    let mut upload = super::upload(&request, &super::WRITE)?;
    upload.draft.admit_alone()?;
    let preconditions = Preconditions::from_headers(&request)?;
    if !preconditions.is_empty() {
        upload.draft.on(preconditions);
    }
    let named = reader::read(request.body(), "CompleteMultipartUpload", listed)?;
    let parts = chosen(&named, upload.parts(0, MOST_PARTS)?)?;
    let most = draft::max_size()?;
    if parts.iter().map(|part| part.size).sum::<u64>() > most {
        return Err(Error::too_large(most));
    }
    let content = join(&upload, &parts)?;
    let found = upload.draft.store(
        &content,
        Some(&|tx, _, _| {
            let files = upload.end(tx)?;
            Ok(files.into_iter().map(|file| Retired { statements: Vec::new(), file: Some(file) }).collect())
        }),
    )?;
    let resource = answer::resource(&upload.draft.answer(&found))?;
    let (bucket, key) = (&found.bucket.name, &found.object.name);
    let document = writer::document("CompleteMultipartUploadResult", writer::UPLOADS, |xml| {
        xml.text("Location", link(&request));
        xml.text("Bucket", bucket);
        xml.text("Key", key);
        xml.text("ETag", answer::etag(&found.object));
    });
    Ok(answer::describe(writer::answer(document), &resource))
}

fn listed(node: Node) -> Result<Vec<Named>> {
    let parts = node.children("Part").map(|part| {
        let number = part.text("PartNumber").and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| reader::malformed("A Part has no PartNumber."))?;
        let etag = part.text("ETag").ok_or_else(|| reader::malformed("A Part has no ETag."))?;
        Ok(Named { number, etag: etag.trim_matches('"').to_ascii_lowercase() })
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    match parts.is_empty() {
        true => Err(reader::malformed("An upload is completed with at least one Part.")),
        false => Ok(parts),
    }
}

/// The parts that are named, if they are there, in order, and large enough.
fn chosen(named: &[Named], present: Vec<Part>) -> Result<Vec<Part>> {
    if named.windows(2).any(|pair| pair[0].number >= pair[1].number) {
        return Err(refused("InvalidPartOrder", "Parts have to be listed in ascending order of their numbers."));
    }
    let mut present: BTreeMap<i64, Part> = present.into_iter().map(|part| (part.number, part)).collect();
    let find = |named: &Named| {
        let part = present.remove(&named.number).filter(|part| hex(&part.md5) == named.etag);
        part.ok_or_else(|| {
            refused("InvalidPart", &format!("Part {} with the tag \"{}\" is not there.", named.number, named.etag))
        })
    };
    let parts = named.iter().map(find).collect::<Result<Vec<_>>>()?;
    match parts.split_last().and_then(|(_, rest)| rest.iter().find(|part| part.size < SMALLEST)) {
        Some(small) => Err(refused(
            "EntityTooSmall",
            &format!("Part {} has {} bytes; all but the last have at least {SMALLEST}.", small.number, small.size),
        )),
        None => Ok(parts),
    }
}

/// A file with the bytes of the parts. Such an object has no MD5, as a composed one.
fn join(upload: &Upload, parts: &[Part]) -> Result<Content> {
    let ids: Vec<_> = parts.iter().filter_map(|part| part.file.as_deref()).collect();
    let joined = if ids.len() > AT_ONCE { append(&ids) } else { stage(&ids) };
    let staged = match joined {
        // Somebody else completed the upload, ended it, or replaced a part.
        Err(files::Error::NotFound) => return Err(record::no_such_upload()),
        staged => staged?,
    };
    let mut content = Content::keep(&staged, &Expected { md5: None, ..upload.draft.expected })?;
    content.md5 = None;
    content.component_count = i64::try_from(parts.len()).ok();
    Ok(content)
}

fn stage(ids: &[&str]) -> files::Result<Staged> {
    let sources: Vec<_> = ids.iter().copied().map(Source::file).collect();
    files::stage(&sources, Options::default())
}

/// As [`stage`] for any number of files: one after the other is open.
fn append(ids: &[&str]) -> files::Result<Staged> {
    let whole = files::Upload::create(HOUR_MS)?;
    let appended = ids.iter().try_fold(0, |end, id| whole.append(end, &Source::file(*id), None));
    match appended.and_then(|_| whole.finish(false)) {
        Ok(staged) => Ok(staged),
        Err(error) => {
            let id = whole.id();
            drop(whole);
            if let Err(left) = files::Upload::remove(&id) {
                log::warn!("the bytes of an upload that failed stay until they expire: {left:?}");
            }
            Err(error)
        }
    }
}

fn refused(reason: &str, details: &str) -> Error {
    Error::new(Code::InvalidArgument, reason, details)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Body;

    fn part(number: i64, size: u64) -> Part {
        Part { number, size, md5: vec![number as u8; 16], ..Part::default() }
    }

    fn named(numbers: &[i64]) -> Vec<Named> {
        numbers.iter().map(|number| Named { number: *number, etag: hex(&[*number as u8; 16]) }).collect()
    }

    fn choose(numbers: &[i64], sizes: &[u64]) -> Result<Vec<i64>, String> {
        let present = (1..).zip(sizes).map(|(number, size)| part(number, *size)).collect();
        let parts = chosen(&named(numbers), present).map_err(|error| error.reason().to_owned())?;
        Ok(parts.into_iter().map(|part| part.number).collect())
    }

    #[test]
    fn parts_are_taken_as_listed() {
        assert_eq!(choose(&[1, 3], &[SMALLEST, 7, 1]), Ok(vec![1, 3]));
        assert_eq!(choose(&[3], &[1, 1, 0]), Ok(vec![3]));
        assert_eq!(choose(&[2, 1], &[SMALLEST, SMALLEST]), Err("InvalidPartOrder".into()));
        assert_eq!(choose(&[1, 1], &[SMALLEST, SMALLEST]), Err("InvalidPartOrder".into()));
        assert_eq!(choose(&[1, 4], &[SMALLEST, SMALLEST]), Err("InvalidPart".into()));
        assert_eq!(choose(&[1, 2], &[SMALLEST - 1, 1]), Err("EntityTooSmall".into()));
        let wrong = [Named { number: 1, etag: "x".into() }];
        assert_eq!(chosen(&wrong, vec![part(1, 1)]).unwrap_err().reason(), "InvalidPart");
    }

    #[test]
    fn f35_a_list_is_read_with_quotes_or_without() {
        let read = |text: &str| {
            let text = format!("<CompleteMultipartUpload>{text}</CompleteMultipartUpload>");
            reader::read(&mut Body::from(text.into_bytes()), "CompleteMultipartUpload", listed)
        };
        let part = |etag: &str| format!("<Part><ETag>{etag}</ETag><PartNumber>1</PartNumber></Part>");
        let expected = [Named { number: 1, etag: "ab".into() }];
        assert_eq!(read(&part("\"AB\"")).unwrap(), expected);
        assert_eq!(read(&part("&quot;ab&quot;")).unwrap(), expected);
        for text in ["", "<Part><ETag>x</ETag></Part>", "<Part><PartNumber>1</PartNumber></Part>"] {
            assert_eq!(read(text).unwrap_err().http_status(), 400, "{text}");
        }
    }
}
