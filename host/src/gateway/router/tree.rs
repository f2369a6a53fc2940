//! A tree of path patterns: one level a segment, the most exact branch first.

use crate::plugin::manifest::{Method, PathPattern, Route, Segment};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// One way to reach a route.
#[derive(Debug)]
pub(super) struct Entry {
    /// Index of the service.
    pub service: usize,
    pub route: Arc<Route>,
    /// Names of the captured values, in order of the path.
    pub names: Vec<String>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, usize>,
    /// Parameters with a `:verb`, the longest first, then the one without.
    ones: Vec<(String, usize)>,
    rests: Vec<(String, usize)>,
    entries: Vec<Entry>,
}

/// Patterns of one host, or of no host.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

/// What a search looks for.
pub(super) struct Wanted<'a> {
    pub method: &'a http::Method,
    /// Indices of the services that may answer; all where absent.
    pub services: Option<&'a [usize]>,
}

impl Tree {
    /// Adds a way to a route, or gives the entry that has it already.
    pub fn insert(&mut self, pattern: &PathPattern, entry: Entry) -> Result<(), &Entry> {
        let mut node = 0;
        for segment in &pattern.segments {
            node = self.child(node, segment);
        }
        let taken = self.nodes[node].entries.iter().position(|other| other.route.method == entry.route.method);
        match taken {
            Some(index) => Err(&self.nodes[node].entries[index]),
            None => {
                self.nodes[node].entries.push(entry);
                Ok(())
            }
        }
    }

    fn child(&mut self, node: usize, segment: &Segment) -> usize {
        let fresh = self.nodes.len();
        let branches = &mut self.nodes[node];
        let found = match segment {
            Segment::Literal(text) => *branches.literals.entry(text.clone()).or_insert(fresh),
            Segment::One { suffix, .. } => branch(&mut branches.ones, suffix, fresh),
            Segment::Rest { suffix, .. } => branch(&mut branches.rests, suffix, fresh),
        };
        if found == fresh {
            self.nodes.push(Node::default());
        }
        found
    }

    /// The most exact entry for `path` (behind its first slash), with the captured raw values.
    pub fn find<'t, 'p>(&'t self, path: &'p str, wanted: &Wanted<'_>) -> Option<(&'t Entry, Vec<&'p str>)> {
        let mut captured = Vec::new();
        let mut found = None;
        self.walk(0, Some(path), &mut captured, &mut |node, captured| {
            found = node.pick(wanted).map(|entry| (entry, captured.clone()));
            found.is_some()
        });
        found
    }

    /// Calls `visit` with every entry whose path matches, whatever its method.
    pub fn each<'t>(&'t self, path: &str, services: Option<&[usize]>, mut visit: impl FnMut(&'t Entry)) {
        self.walk(0, Some(path), &mut Vec::new(), &mut |node, _| {
            node.entries.iter().filter(|entry| allowed(entry, services)).for_each(&mut visit);
            false
        });
    }

    /// Calls `leaf` at every node that `rest` leads to, until it says that this is enough.
    fn walk<'t, 'p>(
        &'t self,
        node: usize,
        rest: Option<&'p str>,
        captured: &mut Vec<&'p str>,
        leaf: &mut dyn FnMut(&'t Node, &Vec<&'p str>) -> bool,
    ) -> bool {
        let node = &self.nodes[node];
        let Some(rest) = rest else { return leaf(node, captured) };
        let (segment, behind) = match rest.split_once('/') {
            Some((segment, behind)) => (segment, Some(behind)),
            None => (rest, None),
        };
        if let Some(&child) = decoded(segment).and_then(|text| node.literals.get(&*text))
            && self.walk(child, behind, captured, leaf)
        {
            return true;
        }
        for (text, behind, branches) in [(segment, behind, &node.ones), (rest, None, &node.rests)] {
            for (suffix, child) in branches {
                let Some(value) = text.strip_suffix(suffix.as_str()).filter(|value| !value.is_empty()) else {
                    continue;
                };
                captured.push(value);
                if self.walk(*child, behind, captured, leaf) {
                    return true;
                }
                captured.pop();
            }
        }
        false
    }
}

impl Node {
    /// The entry for the method: its own, GET for HEAD, or one for any.
    fn pick(&self, wanted: &Wanted<'_>) -> Option<&Entry> {
        let of = |method: &Method| {
            self.entries.iter().find(|entry| entry.route.method == *method && allowed(entry, wanted.services))
        };
        of(&Method::One(wanted.method.clone()))
            .or_else(|| (*wanted.method == http::Method::HEAD).then(|| of(&Method::One(http::Method::GET))).flatten())
            .or_else(|| of(&Method::Any))
    }
}

fn allowed(entry: &Entry, services: Option<&[usize]>) -> bool {
    services.is_none_or(|services| services.contains(&entry.service))
}

fn branch(branches: &mut Vec<(String, usize)>, suffix: &str, fresh: usize) -> usize {
    if let Some((_, node)) = branches.iter().find(|(other, _)| other == suffix) {
        return *node;
    }
    let place = branches.partition_point(|(other, _)| other.len() >= suffix.len());
    branches.insert(place, (suffix.to_owned(), fresh));
    fresh
}

fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    match segment.contains('%') {
        true => percent_decode_str(segment).decode_utf8().ok(),
        false => Some(Cow::Borrowed(segment)),
    }
}
