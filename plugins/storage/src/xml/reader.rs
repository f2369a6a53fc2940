//! XML that clients send: small documents, read whole. Namespaces are passed over, as the real service does.

use fogbank_sdk::{Body, Code, Error, Result};
use roxmltree::{Document, ParsingOptions};

/// The most bytes of a document: 10,000 parts of an upload fit.
const LIMIT: u64 = 2 << 20;

/// Elements in a document, at most.
const MOST_NODES: u32 = 100_000;

/// Elements within elements, at most: the parser goes down the stack with them.
const MOST_LEVELS: usize = 32;

/// An element.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a>(roxmltree::Node<'a, 'a>);

/// Reads a body whose root element is `root`, and hands it to `take`.
///
/// Errors: 400 `MalformedXML`; 413.
pub fn read<T>(body: &mut Body, root: &str, take: impl FnOnce(Node) -> Result<T>) -> Result<T> {
    let bytes = body.read_to_end(LIMIT)?;
    parse(&bytes, root, take)
}

/// As [`read`], and nothing where the body is empty.
pub fn read_if_any<T>(body: &mut Body, root: &str, take: impl FnOnce(Node) -> Result<T>) -> Result<Option<T>> {
    let bytes = body.read_to_end(LIMIT)?;
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    parse(&bytes, root, take).map(Some)
}

fn parse<T>(bytes: &[u8], root: &str, take: impl FnOnce(Node) -> Result<T>) -> Result<T> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("The document is not UTF-8."))?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if is_deep(text) {
        return Err(malformed("The elements of the document are nested too deeply."));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| malformed(&error.to_string()))?;
    let element = document.root_element();
    if element.tag_name().name() != root {
        return Err(malformed(&format!("The root element has to be {root}.")));
    }
    take(Node(element))
}

/// Counts tags that open against those that close, roughly: comments and attributes may make it count too many.
fn is_deep(text: &str) -> bool {
    let mut level = 0usize;
    let bytes = text.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'<') {
        match bytes.get(at + 1) {
            Some(b'/') => level = level.saturating_sub(1),
            Some(b'?' | b'!') => {}
            _ if closes_itself(&bytes[at..]) => {}
            _ => level += 1,
        }
        if level > MOST_LEVELS {
            return true;
        }
    }
    false
}

fn closes_itself(tag: &[u8]) -> bool {
    let end = tag.iter().position(|byte| *byte == b'>');
    end.is_some_and(|end| tag[end - 1] == b'/')
}

/// 400: the document is not what it has to be.
pub fn malformed(details: &str) -> Error {
    Error::new(Code::InvalidArgument, "MalformedXML", details)
}

// === impl Node ===

impl<'a> Node<'a> {
    /// The element's name.
    pub fn name(self) -> &'a str {
        self.0.tag_name().name()
    }

    /// The first element of that name within.
    pub fn child(self, name: &str) -> Option<Node<'a>> {
        self.children(name).next()
    }

    /// The elements of that name within.
    pub fn children(self, name: &str) -> impl Iterator<Item = Node<'a>> {
        self.elements().filter(move |node| node.name() == name)
    }

    /// The elements within.
    pub fn elements(self) -> impl Iterator<Item = Node<'a>> {
        self.0.children().filter(roxmltree::Node::is_element).map(Node)
    }

    /// The text of the element, without spaces around it.
    pub fn content(self) -> String {
        self.exact().trim().to_owned()
    }

    /// The text of the element as it stands.
    pub fn exact(self) -> String {
        self.0.children().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect()
    }

    /// The text of the element of that name within; none where it is absent or empty.
    pub fn text(self, name: &str) -> Option<String> {
        self.child(name).map(Node::content).filter(|text| !text.is_empty())
    }

    /// The text of all elements of that name within.
    pub fn texts(self, name: &str) -> Vec<String> {
        self.children(name).map(Node::content).collect()
    }

    /// An attribute.
    pub fn attribute(self, name: &str) -> Option<&'a str> {
        self.0.attribute(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Result<Vec<String>> {
        read(&mut Body::from(text.as_bytes().to_vec()), "A", |node| Ok(node.texts("B")))
    }

    #[test]
    fn elements_are_found_by_name_whatever_the_namespace() {
        let text = "\u{feff}<?xml version='1.0'?>\n<A xmlns='urn:x'><B> 1 </B><C/><B>&lt;&#50;</B></A>";
        assert_eq!(texts(text).unwrap(), ["1", "<2"]);
    }

    #[test]
    fn f35_what_is_broken_is_400() {
        let bomb = "<!DOCTYPE A [<!ENTITY a 'x'>]><A><B>&a;</B></A>";
        let deep = format!("{}{}", "<A>".repeat(100_000), "</A>".repeat(100_000));
        for text in ["", "A", "<A>", "<A><B></A>", "<Z/>", "<A/><A/>", bomb, &deep, "<A>&nbsp;</A>"] {
            let error = texts(text).unwrap_err();
            assert_eq!((error.http_status(), error.reason()), (400, "MalformedXML"), "{text:.40}");
        }
        let error = read(&mut Body::from(vec![0xff; 3]), "A", |_| Ok(())).unwrap_err();
        assert_eq!(error.reason(), "MalformedXML");
    }

    #[test]
    fn f35_a_document_cut_at_any_byte_is_400() {
        let text = "<A><B a='é'>x</B><B>y</B></A>";
        for end in 0..text.len() {
            let cut = text.as_bytes()[..end].to_vec();
            assert!(read(&mut Body::from(cut), "A", |_| Ok(())).is_err(), "{end}");
        }
    }

    #[test]
    fn many_parts_are_not_deep() {
        let parts: String = (0..10_000).map(|_| "<B/><C><D>1</D></C>").collect();
        assert_eq!(texts(&format!("<A>{parts}</A>")).unwrap().len(), 10_000);
    }
}
