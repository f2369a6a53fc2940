//! Errors in XML: `Code` is a name of this API, `Message` its general sentence, `Details` what happened here.
//! <https://cloud.google.com/storage/docs/xml-api/reference-status>

use super::writer;
use crate::signed::failure;
use fogbank_sdk::{Code, Error, Response};

/// The answer that tells a client of this API of an error. A 304 has no body.
pub fn render(error: &Error) -> Response {
    let response = Response::new(status(error));
    let response = match error.code() {
        Code::NotModified => response,
        _ => response.header("content-type", writer::CONTENT_TYPE).bytes(document(error)),
    };
    error.headers().iter().fold(response, |response, (name, value)| response.header(name, value))
}

fn document(error: &Error) -> String {
    let code = code(error);
    let (message, details) = match sentence(&code) {
        Some(sentence) => (sentence, Some(error.message()).filter(|details| *details != sentence)),
        None => (error.message(), None),
    };
    writer::document("Error", "", |xml| {
        xml.text("Code", &code);
        xml.text("Message", message);
        xml.optional("Details", details);
        if let Some((_, name)) = error.location() {
            xml.text("ParameterName", name);
        }
        signed(xml, error);
    })
}

/// What was signed, for the author of a client to compare.
fn signed(xml: &mut writer::Writer, error: &Error) {
    let json = error.to_json();
    let details = json["error"]["details"].as_array().into_iter().flatten();
    for details in details.filter(|details| details["@type"] == failure::SIGNED) {
        for name in ["StringToSign", "CanonicalRequest"] {
            xml.optional(name, details[name].as_str());
        }
    }
}

/// The status: somebody unknown is told 403 here where the JSON API says 401, and what is too large is a 400 and not a 413.
fn status(error: &Error) -> u16 {
    match (error.code(), error.http_status()) {
        (Code::Unauthenticated, _) => 403,
        (_, 413) => 400,
        (_, other) => other,
    }
}

/// The name of the error. Where the JSON API has one reason for several names, its sentence tells them apart.
pub fn code(error: &Error) -> String {
    let (reason, message) = (error.reason(), error.message());
    let known = match (error.http_status(), reason) {
        (404, "notFound") if message == crate::model::bucket::not_found().message() => "NoSuchBucket",
        (404 | 410, _) if error.location().is_some_and(|(_, name)| name == "upload_id") => "NoSuchUpload",
        (404, "notFound") => "NoSuchKey",
        (410, _) => "NoSuchUpload",
        (409, "conflict") if message.contains("already own it") => "BucketAlreadyOwnedByYou",
        (409, "conflict") if message.contains("bucket name is not available") => "BucketNameUnavailable",
        (409, "notEmpty") => "BucketNotEmpty",
        (409, _) => "OperationAborted",
        (412, _) => "PreconditionFailed",
        (416, _) => "InvalidRange",
        (413, _) => "EntityTooLarge",
        (411, _) => "MissingContentLength",
        (405, _) => "MethodNotAllowed",
        (401, _) | (403, "forbidden") => "AccessDenied",
        (429, "quotaExceeded") => "QuotaExceeded",
        (429, _) => "SlowDown",
        (503, _) => "ServiceUnavailable",
        (500, _) => "InternalError",
        (400, "invalid" | "required" | "parseError") => invalid(message),
        _ => return pascal(reason),
    };
    known.to_owned()
}

fn invalid(message: &str) -> &'static str {
    let begins = |start: &str| message.starts_with(start);
    match message {
        _ if begins("Provided CRC32C") || begins("Provided MD5") => "BadDigest",
        _ if begins("Invalid value for MD5") || begins("Invalid value for CRC32C") => "InvalidDigest",
        _ if begins("Invalid bucket name") => "InvalidBucketName",
        _ if begins("Invalid storage class") => "InvalidStorageClass",
        _ if begins("The specified location constraint") => "InvalidLocationConstraint",
        _ if begins("The specified object name is") => "KeyTooLong",
        _ if begins("The request ended before its end") => "IncompleteBody",
        _ => "InvalidArgument",
    }
}

/// `retentionPolicyNotMet` is `RetentionPolicyNotMet` here.
fn pascal(reason: &str) -> String {
    let mut letters = reason.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn sentence(code: &str) -> Option<&'static str> {
    Some(match code {
        "AccessDenied" => "Access denied.",
        "AuthorizationQueryParametersError" => "The parameters of the signature are not what they have to be.",
        "BadDigest" => "The hashes you specified did not match what we received.",
        "BucketNotEmpty" => "The bucket you tried to delete is not empty.",
        "EntityTooLarge" => "Your proposed upload is too large.",
        "EntityTooSmall" => "Your proposed upload is smaller than the minimum allowed object size.",
        "InvalidArgument" => "Invalid argument.",
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidDigest" => "The hash you specified is not valid.",
        "InvalidPart" => "One or more of the specified parts could not be found, or their entity tags do not match.",
        "InvalidPartOrder" => "The list of parts was not in ascending order.",
        "ExpiredToken" => "The provided token has expired.",
        "InvalidPolicyDocument" => {
            "The content of the form does not meet the conditions specified in the policy document."
        }
        "InvalidSecurity" => "The provided security credentials are not valid.",
        "MalformedSecurityHeader" => "Your request has a malformed header.",
        "RequestTimeTooSkewed" => "The difference between the request time and the server's time is too large.",
        "SignatureDoesNotMatch" => "Access denied.",
        "InvalidRange" => "The requested range cannot be satisfied.",
        "KeyTooLong" => "Your key is too long.",
        "MalformedXML" => "The XML you provided was not well-formed or did not validate.",
        "NoSuchBucket" => "The specified bucket does not exist.",
        "NoSuchKey" => "The specified key does not exist.",
        "NoSuchUpload" => "The requested upload was not found.",
        "NotImplemented" => "A part of the request asks for something that is not implemented.",
        "PreconditionFailed" => "At least one of the pre-conditions you specified did not hold.",
        "ServiceUnavailable" => "The service is unavailable. Please try again.",
        "SlowDown" => "Please reduce your request rate.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket;
    use crate::objects::checksum::{self, Expected};
    use crate::objects::{lookup, name};

    fn mismatch() -> Error {
        Expected { crc32c: Some(1), md5: None }.verify(2, None).unwrap_err().into()
    }

    #[test]
    fn each_error_has_its_name() {
        let name = |text: &str| name::check(text).unwrap_err().into_error();
        let checksum = |result: Result<(), checksum::ChecksumError>| Error::from(result.unwrap_err());
        let cases = [
            (bucket::not_found(), 404, "NoSuchBucket"),
            (lookup::no_such_object("b", "x"), 404, "NoSuchKey"),
            (crate::conditions::unmet(), 412, "PreconditionFailed"),
            (Error::conflict("notEmpty", "x"), 409, "BucketNotEmpty"),
            (mismatch(), 400, "BadDigest"),
            (
                checksum(Expected { md5: Some([0; 16]), ..Expected::default() }.verify(0, Some([1; 16]))),
                400,
                "BadDigest",
            ),
            (checksum(Expected::default().add_md5("?")), 400, "InvalidDigest"),
            (name(&"x".repeat(1025)), 400, "KeyTooLong"),
            (name("a\nb"), 400, "InvalidArgument"),
            (Error::too_large(5), 413, "EntityTooLarge"),
            (Error::forbidden("x"), 403, "AccessDenied"),
            (Error::new(Code::PermissionDenied, "retentionPolicyNotMet", "x"), 403, "RetentionPolicyNotMet"),
            (Error::unimplemented("x"), 400, "NotImplemented"),
            (super::super::reader::malformed("x"), 400, "MalformedXML"),
            (Error::new(Code::MethodNotAllowed, "methodNotAllowed", "x"), 405, "MethodNotAllowed"),
        ];
        for (error, status, expected) in cases {
            assert_eq!((error.http_status(), code(&error).as_str()), (status, expected), "{error}");
        }
    }

    #[test]
    fn statuses_are_those_of_this_api() {
        assert_eq!(render(&Error::too_large(5)).status(), 400);
        assert_eq!(render(&Error::unauthenticated("x")).status(), 403);
        assert_eq!(render(&Error::not_found("x")).status(), 404);
    }

    #[test]
    fn f35_an_error_is_an_xml_document() {
        let response = render(&lookup::no_such_object("b", "<x>"));
        let text = std::str::from_utf8(response.body().bytes().unwrap()).unwrap();
        assert_eq!(
            text,
            "<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code><Message>The specified key does not \
             exist.</Message><Details>No such object: b/&lt;x&gt;</Details></Error>"
        );
        assert_eq!(response.get_header("content-type"), Some(writer::CONTENT_TYPE));
    }

    #[test]
    fn a_304_has_no_body() {
        let response = render(&Error::not_modified().with_header("etag", "\"x\""));
        assert_eq!((response.status(), response.get_header("etag")), (304, Some("\"x\"")));
        assert!(response.body().is_empty());
    }
}
