//! Building the route table, and what two services cannot both have.

use super::tree::{Entry, Tree};
use super::{Host, Router, Service};
use crate::plugin::manifest::{HostPattern, Manifest, PathPattern, Route};
use std::fmt;
use std::sync::Arc;

/// Two routes for the same requests, or two services with fallback routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What both want: `GET /v1/{name}`.
    pub what: String,
    /// Service and route id of the one that was there.
    pub first: (String, String),
    /// Service and route id of the one that came later.
    pub second: (String, String),
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((first, first_id), (second, second_id)) = (&self.first, &self.second);
        write!(f, "{} is claimed by {first} ({first_id}) and by {second} ({second_id})", self.what)
    }
}

impl<T> Router<T> {
    /// A table of the routes of `services`, or everything that two of them claim.
    pub fn build(services: impl IntoIterator<Item = (T, Arc<Manifest>)>) -> Result<Self, Vec<Conflict>> {
        let mut builder = Builder {
            router: Router {
                services: vec![],
                exact: Default::default(),
                patterns: vec![],
                plain: Tree::default(),
                fallback: Tree::default(),
            },
            conflicts: vec![],
            fallback_of: None,
        };
        for (payload, manifest) in services {
            builder.add(payload, &manifest);
        }
        let Builder { router, conflicts, .. } = builder;
        if conflicts.is_empty() { Ok(router) } else { Err(conflicts) }
    }
}

struct Builder<T> {
    router: Router<T>,
    conflicts: Vec<Conflict>,
    fallback_of: Option<Arc<Route>>,
}

impl<T> Builder<T> {
    fn add(&mut self, payload: T, manifest: &Manifest) {
        let index = self.router.services.len();
        let service = Service { name: Arc::clone(&manifest.name), payload, prefixes: manifest.prefixes.clone() };
        self.router.services.push(service);
        for host in &manifest.hosts {
            let host = self.router.host(host);
            if !host.claimed_by.contains(&index) {
                host.claimed_by.push(index);
            }
        }
        for route in &manifest.routes {
            self.check_fallback(route);
            for path in &route.paths {
                self.add_path(index, route, path);
            }
        }
    }

    fn add_path(&mut self, service: usize, route: &Arc<Route>, path: &PathPattern) {
        let tree = match &route.host {
            Some(host) => &mut self.router.host(host).tree,
            None if route.fallback => &mut self.router.fallback,
            None => &mut self.router.plain,
        };
        let entry = Entry { service, route: Arc::clone(route), names: path.names().map(str::to_owned).collect() };
        if let Err(other) = tree.insert(path, entry) {
            let host = route.host.as_ref().map(HostPattern::shape).unwrap_or_default();
            let what = format!("{} {host}{path}", route.method);
            self.conflicts.push(conflict(what, &other.route, route));
        }
    }

    fn check_fallback(&mut self, route: &Arc<Route>) {
        if !route.fallback {
            return;
        }
        let first = self.fallback_of.get_or_insert_with(|| Arc::clone(route));
        if first.plugin != route.plugin {
            self.conflicts.push(conflict("the fallback of the whole host".into(), first, route));
        }
    }
}

impl<T> Router<T> {
    fn host(&mut self, pattern: &HostPattern) -> &mut Host {
        let suffix = match pattern {
            HostPattern::Exact(name) => return self.exact.entry(name.clone()).or_default(),
            HostPattern::Labels { suffix, .. } => suffix,
        };
        let known = self.patterns.iter().position(|(other, _)| other.shape() == pattern.shape());
        let place = known.unwrap_or_else(|| {
            let longer = |(other, _): &(HostPattern, Host)| other.shape().len() > suffix.len() + 2;
            let place = self.patterns.partition_point(longer);
            self.patterns.insert(place, (pattern.clone(), Host::default()));
            place
        });
        &mut self.patterns[place].1
    }
}

fn conflict(what: String, first: &Route, second: &Route) -> Conflict {
    let name = |route: &Route| (route.plugin.to_string(), route.id.to_string());
    Conflict { what, first: name(first), second: name(second) }
}
