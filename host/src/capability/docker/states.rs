//! What is known of this installation's containers, in memory.

use super::names::{Installation, OWN, Owner};
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, EndpointSettings};
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;

/// As `fogbank:docker/docker.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    Created,
    Running,
    Paused,
    Stopped,
}

/// A container, as the engine described it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub owner: Owner,
    /// The service's own name for it.
    pub name: String,
    /// The engine's.
    pub id: Arc<str>,
    pub state: RunState,
    /// Of the last end.
    pub exit_code: Option<i32>,
    pub out_of_memory: bool,
    pub started_ms: Option<u64>,
    pub ended_ms: Option<u64>,
    /// The service's own.
    pub labels: Vec<(String, String)>,
    /// Names of the domain's networks, and the addresses in them; the first is the one that it was made with.
    pub networks: Vec<(String, Option<Ipv4Addr>)>,
    /// The id of the container whose network namespace it is in.
    pub joined: Option<Arc<str>>,
    /// How long it has to end by itself.
    pub stop_seconds: u32,
}

impl Known {
    /// From what the engine says; none where the container is not of this installation.
    pub fn read(installation: &Installation, said: ContainerInspectResponse) -> Option<Self> {
        let config = said.config.unwrap_or_default();
        let labels = config.labels.unwrap_or_default();
        let (owner, name) = installation.read(&labels)?;
        // Labels can be copied. A name cannot.
        let engine_name = installation.name(&owner, &name).ok()?;
        if said.name.as_deref().map(|name| name.trim_start_matches('/')) != Some(&engine_name) {
            return None;
        }
        let mode = said.host_config.and_then(|host| host.network_mode).unwrap_or_default();
        let state = said.state.unwrap_or_default();
        let run = match state.status {
            Some(ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::RESTARTING) => RunState::Running,
            Some(ContainerStateStatusEnum::PAUSED) => RunState::Paused,
            Some(ContainerStateStatusEnum::CREATED) => RunState::Created,
            _ => RunState::Stopped,
        };
        let ended_ms = state.finished_at.as_deref().and_then(millis);
        let networks = said.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        Some(Self {
            id: said.id.unwrap_or_default().into(),
            exit_code: ended_ms.and(state.exit_code).and_then(|code| i32::try_from(code).ok()),
            out_of_memory: state.oom_killed.unwrap_or(false),
            started_ms: state.started_at.as_deref().and_then(millis),
            ended_ms,
            labels: own_labels(&labels),
            networks: own_networks(&installation.prefix(&owner), &mode, networks),
            joined: mode.strip_prefix("container:").map(Arc::from),
            stop_seconds: config.stop_timeout.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(10),
            state: run,
            owner,
            name,
        })
    }

    /// Whether it was started, ever.
    pub fn was_started(&self) -> bool {
        self.state != RunState::Created
    }

    fn key(&self) -> Key {
        (self.owner.clone(), self.name.clone())
    }
}

/// Milliseconds since 1970; none for the engine's "never", which is the year 1.
fn millis(text: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

fn own_labels(labels: &HashMap<String, String>) -> Vec<(String, String)> {
    labels.get(OWN).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn own_networks(
    prefix: &str,
    first: &str,
    networks: HashMap<String, EndpointSettings>,
) -> Vec<(String, Option<Ipv4Addr>)> {
    let mut own: Vec<(bool, String, Option<Ipv4Addr>)> = networks
        .into_iter()
        .filter_map(|(name, endpoint)| {
            let address = endpoint.ip_address.and_then(|address| address.parse().ok());
            Some((name != first, name.strip_prefix(prefix)?.to_owned(), address))
        })
        .collect();
    own.sort();
    own.into_iter().map(|(_, name, address)| (name, address)).collect()
}

type Key = (Owner, String);

/// All containers of the installation.
pub struct States {
    table: RwLock<Table>,
    tickets: AtomicU64,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Table {
    by_name: BTreeMap<Key, (u64, Arc<Known>)>,
    by_id: HashMap<Arc<str>, Key>,
}

/// When the engine was asked: what was asked later is newer, whenever the answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

impl Default for States {
    fn default() -> Self {
        Self { table: RwLock::default(), tickets: AtomicU64::new(1), changes: watch::Sender::new(0) }
    }
}

impl States {
    /// To be taken before the engine is asked.
    pub fn ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::AcqRel))
    }

    /// Writes down what the engine said when it was asked with `ticket`; whether something started, ended or went by that.
    pub fn put(&self, ticket: Ticket, known: Known) -> bool {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let key = known.key();
        let before = table.by_name.get(&key);
        if before.is_some_and(|(newer, _)| *newer > ticket.0) {
            return false;
        }
        let news = before.is_none_or(|(_, before)| {
            (before.state, before.started_ms, &before.id) != (known.state, known.started_ms, &known.id)
        });
        if let Some((_, before)) = table.by_name.insert(key.clone(), (ticket.0, Arc::new(known.clone())))
            && before.id != known.id
        {
            table.by_id.remove(&before.id);
        }
        table.by_id.insert(Arc::clone(&known.id), key);
        drop(table);
        self.changes.send_modify(|count| *count += 1);
        news
    }

    /// The engine does not know the container with this id any more; what it was.
    pub fn remove(&self, id: &str) -> Option<Arc<Known>> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let key = table.by_id.remove(id)?;
        let known = table.by_name.remove(&key)?.1;
        drop(table);
        self.changes.send_modify(|count| *count += 1);
        Some(known)
    }

    /// Drops what is not among these ids; what it was.
    pub fn keep(&self, ids: &std::collections::HashSet<String>) -> Vec<Arc<Known>> {
        let gone: Vec<Arc<str>> = {
            let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
            table.by_id.keys().filter(|id| !ids.contains(&***id)).cloned().collect()
        };
        gone.iter().filter_map(|id| self.remove(id)).collect()
    }

    /// The owner's container of that name.
    pub fn get(&self, owner: &Owner, name: &str) -> Option<Arc<Known>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.by_name.get(&(owner.clone(), name.to_owned())).map(|(_, known)| Arc::clone(known))
    }

    /// The container with that id.
    pub fn by_id(&self, id: &str) -> Option<Arc<Known>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let key = table.by_id.get(id)?;
        table.by_name.get(key).map(|(_, known)| Arc::clone(known))
    }

    /// The owner's containers whose names begin with `prefix`, in order.
    pub fn list(&self, owner: &Owner, prefix: &str) -> Vec<Arc<Known>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let from = (owner.clone(), prefix.to_owned());
        let own = table.by_name.range(from..).take_while(|((of, name), _)| of == owner && name.starts_with(prefix));
        own.map(|(_, (_, known))| Arc::clone(known)).collect()
    }

    /// How many containers a tenant has.
    pub fn count(&self, tenant: &str) -> usize {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.by_name.keys().filter(|(owner, _)| &*owner.tenant == tenant).count()
    }

    /// Changes whenever something in here does.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The owner that tests use.
    pub fn owner(tenant: &str) -> Owner {
        Owner { tenant: tenant.into(), domain: "things".into() }
    }

    /// A container that runs.
    pub fn known(tenant: &str, name: &str, id: &str) -> Known {
        Known {
            owner: owner(tenant),
            name: name.into(),
            id: id.into(),
            state: RunState::Running,
            exit_code: None,
            out_of_memory: false,
            started_ms: Some(1),
            ended_ms: None,
            labels: vec![],
            networks: vec![],
            joined: None,
            stop_seconds: 10,
        }
    }

    #[test]
    fn an_answer_to_an_older_question_does_not_count() {
        let states = States::default();
        let (older, newer) = (states.ticket(), states.ticket());
        let stopped = Known { state: RunState::Stopped, ..known("blue", "a", "1") };
        assert!(states.put(newer, stopped));
        assert!(!states.put(older, known("blue", "a", "1")));
        assert_eq!(states.get(&owner("blue"), "a").expect("there").state, RunState::Stopped);
    }

    #[test]
    fn only_what_starts_ends_or_goes_is_news() {
        let states = States::default();
        assert!(states.put(states.ticket(), known("blue", "a", "1")), "it is new");
        assert!(!states.put(states.ticket(), known("blue", "a", "1")), "nothing changed");
        assert!(states.put(states.ticket(), Known { started_ms: Some(2), ..known("blue", "a", "1") }), "it restarted");
        assert!(states.put(states.ticket(), known("blue", "a", "2")), "it is another");
        assert!(states.by_id("1").is_none() && states.by_id("2").is_some());
        assert!(states.remove("2").is_some() && states.remove("2").is_none());
    }

    #[test]
    fn tenants_see_their_own() {
        let states = States::default();
        for (tenant, name, id) in
            [("blue", "vm-1", "1"), ("blue", "vm-2", "2"), ("blue", "nic-1", "3"), ("green", "vm-1", "4")]
        {
            states.put(states.ticket(), known(tenant, name, id));
        }
        let names = |tenant: &str, prefix: &str| {
            states.list(&owner(tenant), prefix).iter().map(|known| known.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("blue", "vm-"), ["vm-1", "vm-2"]);
        assert_eq!(names("green", ""), ["vm-1"]);
        assert_eq!((states.count("blue"), states.count("red")), (3, 0));
        let gone = states.keep(&["1".to_owned(), "4".to_owned()].into());
        assert_eq!((gone.len(), states.count("blue")), (2, 1));
    }

    #[test]
    fn f38_the_engines_never_is_no_time() {
        assert_eq!(millis("0001-01-01T00:00:00Z"), None);
        assert_eq!(millis("1970-01-01T00:00:01.5Z"), Some(1500));
        assert_eq!(millis("1970-01-01T01:00:00+01:00"), Some(0));
    }
}
