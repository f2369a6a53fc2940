//! `POST /BUCKET?delete`: several objects at once. Each has an outcome of its own.
//! <https://cloud.google.com/storage/docs/xml-api/delete-multiple-objects>

use super::reader::{self, Node};
use super::writer::{self, Writer};
use super::{error, permission};
use crate::objects;
use crate::objects::lookup::Which;
use fogbank_sdk::{Error, Preconditions, Request, Response, Result};

/// Objects of one request.
const MOST: usize = 1000;

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    /// Only failures are told.
    quiet: bool,
    objects: Vec<(String, Option<i64>)>,
}

/// Deletes the objects that a `Delete` document names. One that is not there counts as deleted.
///
/// Errors: 400 for a broken document; what happens to a single object is told in the answer.
pub fn delete(mut request: Request) -> Result<Response> {
    let wanted = reader::read(request.body(), "Delete", read)?;
    let bucket = request.param("bucket").to_owned();
    // The bucket has to be there, and somebody who may delete nothing in it is told so at once.
    let may_all = permission::on_bucket(&request, "storage.objects.delete");
    if let Err(refusal) = may_all
        && refusal.http_status() == 404
    {
        return Err(refusal);
    }
    let outcomes: Vec<_> = wanted.objects.iter().map(|(name, generation)| one(&bucket, name, *generation)).collect();
    Ok(writer::answer(writer::document("DeleteResult", writer::UPLOADS, |xml| {
        for ((name, generation), outcome) in wanted.objects.iter().zip(&outcomes) {
            match outcome {
                Ok(()) if wanted.quiet => {}
                Ok(()) => told(xml, "Deleted", name, *generation, None),
                Err(failure) => told(xml, "Error", name, *generation, Some(failure)),
            }
        }
    })))
}

fn one(bucket: &str, name: &str, generation: Option<i64>) -> Result<()> {
    match objects::remove(bucket, name, Which::numbered(generation), Preconditions::default()) {
        Err(error) if error.http_status() == 404 => Ok(()),
        outcome => outcome,
    }
}

fn told(xml: &mut Writer, element: &str, name: &str, generation: Option<i64>, failure: Option<&Error>) {
    xml.nest(element, |xml| {
        xml.text("Key", name);
        xml.optional("VersionId", generation);
        if let Some(failure) = failure {
            xml.text("Code", error::code(failure));
            xml.text("Message", failure.message());
        }
    });
}

fn read(node: Node) -> Result<Wanted> {
    let objects = node.children("Object").map(|object| {
        let name = object.child("Key").map(Node::exact).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| reader::malformed("An Object has no Key."))?;
        let generation = object.text("VersionId").or_else(|| object.text("Generation"));
        let generation = generation.map(|text| text.parse().map_err(|_| reader::malformed("A VersionId is a number.")));
        Ok((name, generation.transpose()?))
    });
    let objects = objects.collect::<Result<Vec<_>>>()?;
    if objects.is_empty() || objects.len() > MOST {
        return Err(reader::malformed(&format!("A Delete names 1 to {MOST} objects.")));
    }
    Ok(Wanted { quiet: node.text("Quiet").is_some_and(|quiet| quiet.eq_ignore_ascii_case("true")), objects })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Body;

    fn wanted(text: &str) -> Result<Wanted> {
        reader::read(&mut Body::from(text.as_bytes().to_vec()), "Delete", read)
    }

    #[test]
    fn f04_names_are_read_as_they_stand() {
        let text = "<Delete><Quiet>true</Quiet><Object><Key> a/../b </Key></Object>\
                    <Object><Key>c</Key><VersionId>7</VersionId></Object></Delete>";
        let objects = vec![(" a/../b ".to_owned(), None), ("c".to_owned(), Some(7))];
        assert_eq!(wanted(text).unwrap(), Wanted { quiet: true, objects });
    }

    #[test]
    fn f35_a_broken_list_is_400() {
        for text in [
            "<Delete/>",
            "<Delete><Object/></Delete>",
            "<Delete><Object><Key>a</Key><VersionId>x</VersionId></Object></Delete>",
        ] {
            assert_eq!(wanted(text).unwrap_err().reason(), "MalformedXML", "{text}");
        }
        let many = format!("<Delete>{}</Delete>", "<Object><Key>a</Key></Object>".repeat(MOST + 1));
        assert!(wanted(&many).is_err());
    }
}
