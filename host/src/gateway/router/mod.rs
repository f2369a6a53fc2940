//! The route table: which route of which service a request belongs to.
//!
//! A route for the request's host comes before one for a pattern of hosts, and that before one for no host; within a
//! host the path decides, segment by segment: a literal, then a parameter with a verb, then a parameter, then the rest.
//! Routes marked as fallback come after every claimed prefix. Paths are compared as they are: `.`, `..` and empty
//! segments are segments like any other, and never taken away.

mod build;
mod fold;
mod tree;

#[cfg(test)]
mod tests;

pub use build::Conflict;

use crate::plugin::manifest::{HostPattern, Method, Route};
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::sync::Arc;
use tree::{Entry, Tree, Wanted};

/// Routes of all loaded services. `T` is what the caller needs to call one.
#[derive(Debug)]
pub struct Router<T> {
    services: Vec<Service<T>>,
    exact: HashMap<String, Host>,
    /// The longest suffix first.
    patterns: Vec<(HostPattern, Host)>,
    plain: Tree,
    fallback: Tree,
}

#[derive(Debug)]
struct Service<T> {
    name: Arc<str>,
    payload: T,
    prefixes: Vec<String>,
}

/// What is known of a host name, or of a pattern of them.
#[derive(Debug, Default)]
struct Host {
    /// Services that claim it.
    claimed_by: Vec<usize>,
    /// Routes for this host only.
    tree: Tree,
}

/// Where a request goes.
#[derive(Debug)]
pub enum Lookup<'r, 'p, T> {
    Match(Match<'r, 'p, T>),
    /// No route has this path; the service that claims it, where one does.
    NotFound {
        service: Option<&'r Arc<str>>,
    },
    /// Routes have this path, with these methods.
    MethodNotAllowed {
        service: &'r Arc<str>,
        allow: Vec<http::Method>,
    },
    /// The path is not what a URL can be; a sentence.
    BadPath(&'static str),
}

/// The route of a request.
#[derive(Debug)]
pub struct Match<'r, 'p, T> {
    pub payload: &'r T,
    pub route: &'r Arc<Route>,
    /// Percent-decoded, the host's parameter first.
    pub params: Vec<(String, String)>,
    /// The path, less a version that some clients write twice.
    pub path: &'p str,
}

impl<T> Router<T> {
    /// Finds the route for a path (raw, beginning with `/`) at a host (as the client names it).
    pub fn lookup<'r, 'p>(&'r self, method: &http::Method, host: Option<&str>, path: &'p str) -> Lookup<'r, 'p, T> {
        let Some(rest) = path.strip_prefix('/') else {
            return Lookup::BadPath("The path does not begin with a slash.");
        };
        if !well_encoded(path) {
            return Lookup::BadPath("The path holds a `%` without two hexadecimal digits behind it.");
        }
        let host = host.map(bare_host).unwrap_or_default();
        let known = self.hosts(&host);
        for (labels, pattern, known) in &known {
            if let Some((entry, values)) = known.tree.find(rest, &Wanted { method, services: None }) {
                let first = pattern.and_then(HostPattern::name).map(|name| (name.to_owned(), (*labels).to_owned()));
                return self.matched(entry, first, values, path);
            }
        }
        let claims: Vec<usize> = known.iter().flat_map(|(_, _, host)| host.claimed_by.iter().copied()).collect();
        let services = (!claims.is_empty()).then_some(claims.as_slice());
        let wanted = Wanted { method, services };
        for path in std::iter::once(path).chain(fold::folded(path)) {
            if let Some((entry, values)) = self.plain.find(&path[1..], &wanted) {
                return self.matched(entry, None, values, path);
            }
        }
        let owner = self.owner(path, services);
        if owner.is_none()
            && let Some((entry, values)) = self.fallback.find(rest, &wanted)
        {
            return self.matched(entry, None, values, path);
        }
        let mut trees: Vec<&Tree> = known.iter().map(|(_, _, host)| &host.tree).collect();
        trees.push(&self.plain);
        if owner.is_none() {
            trees.push(&self.fallback);
        }
        self.refused(&trees, rest, services, owner)
    }

    /// Whether some service claims this host name.
    pub fn claims_host(&self, host: &str) -> bool {
        !self.hosts(&bare_host(host)).is_empty()
    }

    fn hosts<'r, 'h>(&'r self, host: &'h str) -> Vec<(&'h str, Option<&'r HostPattern>, &'r Host)> {
        let exact = self.exact.get(host).map(|known| ("", None, known));
        let patterns = self.patterns.iter();
        let patterns = patterns.filter_map(|(pattern, known)| Some((pattern.matches(host)?, Some(pattern), known)));
        exact.into_iter().chain(patterns).collect()
    }

    fn owner(&self, path: &str, services: Option<&[usize]>) -> Option<&Service<T>> {
        let below =
            |prefix: &String| path.strip_prefix(prefix.as_str()).is_some_and(|p| p.is_empty() || p.starts_with('/'));
        let allowed = |index: usize| services.is_none_or(|services| services.contains(&index));
        let mut services = self.services.iter().enumerate();
        services
            .find(|(index, service)| allowed(*index) && service.prefixes.iter().any(below))
            .map(|(_, service)| service)
    }

    fn matched<'r, 'p>(
        &'r self,
        entry: &'r Entry,
        first: Option<(String, String)>,
        values: Vec<&str>,
        path: &'p str,
    ) -> Lookup<'r, 'p, T> {
        let mut params = Vec::with_capacity(values.len() + 1);
        params.extend(first);
        for (name, value) in entry.names.iter().zip(values) {
            let Ok(value) = percent_decode_str(value).decode_utf8() else {
                return Lookup::BadPath("The path is not UTF-8 once it is percent-decoded.");
            };
            params.push((name.clone(), value.into_owned()));
        }
        Lookup::Match(Match { payload: &self.services[entry.service].payload, route: &entry.route, params, path })
    }

    fn refused<'r, 'p>(
        &'r self,
        trees: &[&'r Tree],
        rest: &str,
        services: Option<&[usize]>,
        owner: Option<&'r Service<T>>,
    ) -> Lookup<'r, 'p, T> {
        let mut allow = Vec::new();
        let mut service = owner.map(|owner| &owner.name);
        for tree in trees {
            tree.each(rest, services, |entry| {
                service = service.or(Some(&self.services[entry.service].name));
                if let Method::One(method) = &entry.route.method {
                    allow.push(method.clone());
                }
            });
        }
        match service {
            Some(service) if !allow.is_empty() => Lookup::MethodNotAllowed { service, allow: with_head(allow) },
            service => Lookup::NotFound { service },
        }
    }
}

/// A host name to compare: lower case, without port and without the root's dot.
pub fn bare_host(host: &str) -> String {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn well_encoded(path: &str) -> bool {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = path.as_bytes();
    let mut signs = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    signs.all(|(at, _)| hex(bytes.get(at + 1)) && hex(bytes.get(at + 2)))
}

fn with_head(mut allow: Vec<http::Method>) -> Vec<http::Method> {
    if allow.contains(&http::Method::GET) {
        allow.push(http::Method::HEAD);
    }
    allow.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    allow.dedup();
    allow
}
