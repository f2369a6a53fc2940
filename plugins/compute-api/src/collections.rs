//! The collections of the API and its methods, as they follow from the specification's list of methods.
//!
//! One collection may live in several scopes, and the API has an id for each: health checks are `healthChecks` where they are
//! global and `regionHealthChecks` in a region; their paths end in `healthChecks` in both. What has no collection: the methods of
//! `projects`, whose paths are those of the project itself. A collection without `insert` and `list` (`instanceSettings`, `advice`)
//! has one resource for each scope, or none; `imageFamilyViews` and `imageViews` show what other collections hold.

use crate::schema::{self, Schema};

include!(concat!(env!("OUT_DIR"), "/collections.rs"));

/// Where resources live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `projects/P/global`, and what stands below the project itself (`zones/Z`).
    Global,
    /// `projects/P/regions/R`
    Region,
    /// `projects/P/zones/Z`
    Zone,
    /// `locations/global`: policies of organizations.
    Organization,
    /// `projects/P/aggregated`: a method that reads all scopes.
    Aggregated,
}

/// Resources of one kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Collection {
    /// The last segment of its paths, `healthChecks`.
    pub name: &'static str,
    /// What it lies in, outermost first, each with the parameter of its name: `instanceGroupManagers`, `instanceGroupManager` for
    /// `resizeRequests`.
    pub parents: &'static [(&'static str, &'static str)],
    /// How they are listed over all scopes.
    pub aggregated: Option<Aggregated>,
    /// The scopes that it has.
    pub places: &'static [Place],
}

/// What stands in the place of a collection where a method is about the project itself.
pub static PROJECT: Collection = Collection { name: "", parents: &[], aggregated: None, places: &[] };

/// The form of an aggregated list.
#[derive(Debug, PartialEq, Eq)]
pub struct Aggregated {
    /// `compute#healthCheckAggregatedList`, or nothing.
    pub kind: &'static str,
    /// The field that holds a scope's items; not always the collection's name (`resources`).
    pub key: &'static str,
}

/// A collection in one scope.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// Which.
    pub scope: Scope,
    /// The API's id: `regionHealthChecks`.
    pub id: &'static str,
    /// The path parameter that names a resource: `healthCheck`. Empty where there is none to name.
    pub param: &'static str,
    /// What resources say in `kind`: `compute#healthCheck`.
    pub kind: &'static str,
    /// What a list says in `kind`: `compute#healthCheckList`. Some lists say nothing.
    pub list_kind: &'static str,
    /// The actions of its methods, sorted: `delete`, `get`.
    pub actions: &'static [&'static str],
    schema: Option<u16>,
}

/// A method of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Method {
    /// The id less `compute.`: `instances.setTags`.
    pub id: &'static str,
    /// `setTags`
    pub action: &'static str,
    /// Where it acts; [`Scope::Aggregated`] for aggregated lists.
    pub scope: Scope,
    /// The parameter that names the resource (`instance`, `resource`); none for methods on a collection.
    pub param: Option<&'static str>,
    /// Whether that parameter stands in the query (`PATCH .../autoscalers?autoscaler=a`).
    pub in_query: bool,
    /// What its answer says in `kind`; empty where it says nothing.
    pub kind: &'static str,
    /// Of a list: the field that holds its items; of an aggregated one: within each scope. Else empty.
    pub items: &'static str,
    /// Parameters of the query beyond those that all lists and all changes have.
    pub query: &'static [&'static str],
    home: Option<(usize, usize)>,
    request: Option<u16>,
    response: Option<u16>,
}

/// The collection whose paths end in that name, where it exists in that scope.
pub fn of_path(scope: Scope, name: &str) -> Option<&'static Collection> {
    named(name).filter(|collection| collection.place(scope).is_some())
}

/// The collection of that name, in whichever scopes.
pub fn named(name: &str) -> Option<&'static Collection> {
    COLLECTIONS.binary_search_by(|collection| collection.name.cmp(name)).ok().map(|at| &COLLECTIONS[at])
}

/// All collections, sorted by name.
pub fn all() -> &'static [Collection] {
    &COLLECTIONS
}

/// The method of an id, with or without `compute.`: what a request's route says.
pub fn method(id: &str) -> Option<&'static Method> {
    let id = id.strip_prefix("compute.").unwrap_or(id);
    METHODS.binary_search_by(|method| method.id.cmp(id)).ok().map(|at| &METHODS[at])
}

/// All methods, sorted by id.
pub fn methods() -> &'static [Method] {
    &METHODS
}

// === impl Collection ===

impl Collection {
    /// What it is in a scope.
    pub fn place(&self, scope: Scope) -> Option<&'static Place> {
        self.places.iter().find(|place| place.scope == scope)
    }
}

// === impl Place ===

impl Place {
    /// What its resources are made of. Nothing for `advice`, which has no resources.
    pub fn schema(&self) -> Option<&'static Schema> {
        self.schema.map(schema::at)
    }

    /// Whether it has a method of that action.
    pub fn has(&self, action: &str) -> bool {
        self.actions.binary_search(&action).is_ok()
    }
}

// === impl Method ===

impl Method {
    /// What it acts on; nothing for methods of the project itself.
    pub fn collection(&self) -> Option<&'static Collection> {
        self.home.map(|(at, _)| &COLLECTIONS[at])
    }

    /// The collection in the scope that the method's id belongs to: in `healthChecks.aggregatedList` the global one.
    pub fn place(&self) -> Option<&'static Place> {
        self.home.map(|(at, place)| &COLLECTIONS[at].places[place])
    }

    /// What its body has to be. Nothing where it takes none.
    pub fn request(&self) -> Option<&'static Schema> {
        self.request.map(schema::at)
    }

    /// What it answers, where that is a resource or a part of a request.
    pub fn response(&self) -> Option<&'static Schema> {
        self.response.map(schema::at)
    }

    /// The id of the API that it belongs to: `instances` of `instances.setTags`.
    pub fn api(&self) -> &'static str {
        self.id.split_once('.').map_or("", |(api, _)| api)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_has_an_id_for_each_scope() {
        let health_checks = of_path(Scope::Region, "healthChecks").unwrap();
        let ids: Vec<&str> = health_checks.places.iter().map(|place| place.id).collect();
        assert_eq!(ids, ["healthChecks", "regionHealthChecks"]);
        let global = health_checks.place(Scope::Global).unwrap();
        assert_eq!(
            (global.param, global.kind, global.list_kind),
            ("healthCheck", "compute#healthCheck", "compute#healthCheckList")
        );
        assert_eq!(global.schema().map(|schema| schema.name), Some("HealthCheck"));
        assert_eq!(health_checks.aggregated.as_ref().map(|list| list.key), Some("healthChecks"));
        assert!(of_path(Scope::Zone, "healthChecks").is_none() && named("unicorns").is_none());
    }

    #[test]
    fn a_scope_of_a_collection_has_one_id() {
        for collection in all() {
            let mut scopes: Vec<Scope> = collection.places.iter().map(|place| place.scope).collect();
            scopes.sort_by_key(|scope| *scope as u8);
            scopes.dedup();
            assert_eq!(scopes.len(), collection.places.len(), "{}", collection.name);
        }
    }

    #[test]
    fn every_method_but_those_of_projects_has_a_collection() {
        let homeless: Vec<&str> = methods().iter().filter(|method| method.place().is_none()).map(Method::api).collect();
        assert!(!homeless.is_empty() && homeless.iter().all(|api| *api == "projects"), "{homeless:?}");
        assert!(methods().iter().all(|method| method.place().is_none_or(|place| place.has(method.action))));
    }

    #[test]
    fn a_method_says_what_it_acts_on() {
        let set_tags = method("compute.instances.setTags").unwrap();
        assert_eq!((set_tags.scope, set_tags.param, set_tags.in_query), (Scope::Zone, Some("instance"), false));
        assert_eq!(set_tags.request().map(|schema| schema.name), Some("Tags"));
        let patch = method("compute.autoscalers.patch").unwrap();
        assert_eq!((patch.param, patch.in_query), (Some("autoscaler"), true));
        for collection_wide in
            ["instances.insert", "instances.bulkInsert", "images.getFromFamily", "subnetworks.listUsable"]
        {
            assert_eq!(method(collection_wide).unwrap().param, None, "{collection_wide}");
        }
        assert_eq!(method("subnetworks.aggregatedList").unwrap().scope, Scope::Aggregated);
        assert_eq!(method("zones.get").and_then(Method::collection).map(|zones| zones.name), Some("zones"));
        assert!(method("compute.unicorns.get").is_none());
    }

    #[test]
    fn collections_inside_resources_name_their_parents() {
        let requests = method("instanceGroupManagerResizeRequests.cancel").and_then(Method::collection).unwrap();
        assert_eq!(requests.parents, [("instanceGroupManagers", "instanceGroupManager")]);
        assert_eq!(named("hosts").unwrap().parents.len(), 3);
        assert!(all().iter().filter(|collection| !collection.parents.is_empty()).count() < 8);
    }

    #[test]
    fn what_is_kept_differs_by_scope_where_the_api_says_so() {
        let policies = named("vmExtensionPolicies").unwrap();
        let kinds: Vec<&str> = policies.places.iter().map(|place| place.kind).collect();
        assert_eq!(kinds, ["compute#globalVmExtensionPolicy", "compute#vmExtensionPolicy"]);
    }
}
