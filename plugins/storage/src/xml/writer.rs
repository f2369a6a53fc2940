//! XML text, escaped (XML 1.0, section 2.4). Characters that XML cannot carry at all become U+FFFD; a client that has such
//! names asks for `encoding-type=url`.

use fogbank_sdk::Response;
use std::fmt::{self, Display, Write};

/// The content type of every XML answer.
pub const CONTENT_TYPE: &str = "application/xml; charset=UTF-8";

/// The namespace of lists.
pub const LISTS: &str = "http://doc.s3.amazonaws.com/2006-03-01";

/// The namespace of multipart uploads.
pub const UPLOADS: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A document as it grows.
#[derive(Debug, Default)]
pub struct Writer(String);

/// A whole document with this root element; `namespace` may be empty.
pub fn document(root: &str, namespace: &str, body: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer("<?xml version='1.0' encoding='UTF-8'?>".to_owned());
    writer.0.push('<');
    writer.0.push_str(root);
    if !namespace.is_empty() {
        writer.0.push_str(" xmlns='");
        writer.escaped(namespace);
        writer.0.push('\'');
    }
    writer.0.push('>');
    body(&mut writer);
    writer.close(root);
    writer.0
}

/// 200 with a document.
pub fn answer(document: String) -> Response {
    Response::new(200).header("content-type", CONTENT_TYPE).bytes(document)
}

// === impl Writer ===

impl Writer {
    /// An element with elements in it.
    pub fn nest(&mut self, name: &str, body: impl FnOnce(&mut Writer)) {
        self.open(name);
        body(self);
        self.close(name);
    }

    /// An element with text in it.
    pub fn text(&mut self, name: &str, value: impl Display) {
        self.open(name);
        let written = write!(Escaping(self), "{value}");
        debug_assert!(written.is_ok(), "a text is written to memory");
        self.close(name);
    }

    /// As [`Writer::text`], where there is a value.
    pub fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// An element with nothing in it.
    pub fn empty(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push_str("/>");
    }

    /// As [`Writer::nest`], with one attribute.
    pub fn nest_with(&mut self, name: &str, (attribute, value): (&str, &str), body: impl FnOnce(&mut Writer)) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push(' ');
        self.0.push_str(attribute);
        self.0.push_str("='");
        self.escaped(value);
        self.0.push_str("'>");
        body(self);
        self.close(name);
    }

    fn open(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
    }

    fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&apos;"),
                // A parser would read a bare one as a line feed (section 2.11).
                '\r' => self.0.push_str("&#13;"),
                letter if is_char(letter) => self.0.push(letter),
                _ => self.0.push('\u{fffd}'),
            }
        }
    }
}

/// Production 2 of XML 1.0.
fn is_char(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

struct Escaping<'a>(&'a mut Writer);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.escaped(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_holds_it_stays_text() {
        let text = document("A", "", |xml| xml.text("Key", "<b>&\"'\r\u{1}é😀]]>"));
        assert_eq!(
            text,
            "<?xml version='1.0' encoding='UTF-8'?><A><Key>&lt;b&gt;&amp;&quot;&apos;&#13;\u{fffd}é😀]]&gt;</Key></A>"
        );
    }

    #[test]
    fn elements_nest() {
        let text = document("A", "urn:x", |xml| {
            xml.nest("B", |xml| xml.text("C", 7));
            xml.empty("D");
            xml.optional("E", None::<i64>);
            xml.nest_with("F", ("type", "a&b"), |_| {});
        });
        assert!(text.ends_with("<A xmlns='urn:x'><B><C>7</C></B><D/><F type='a&amp;b'></F></A>"), "{text}");
    }
}
