//! What a store holds while a guest runs: the scope it is confined to, the call it serves, its resources and limits.

use super::assets::Assets;
use super::limits::Limiter;
use super::progress::Progress;
use super::wasi::Wasi;
use crate::capability::catalog::Catalog;
use crate::capability::database::{Database, Databases, Error as DatabaseError};
use crate::capability::docker::{Calling, Docker, DockerUse};
use crate::capability::files::{CommittedFiles, FileStores};
use crate::capability::http::AnswerSlot;
use crate::capability::identity::{Caller, Facts, Identity, Origin};
use crate::capability::operations::Workers;
use crate::capability::operations::domain::Claims;
use crate::capability::peers::PeerSender;
use crate::tenant::Tenant;
use serde_json::{Map, Value};
use std::sync::Arc;
use wasmtime::component::ResourceTable;

/// What the whole process shares. Made once at start.
pub struct Process {
    /// When the process started, in milliseconds since 1970 on the machine's clock.
    pub started_ms: u64,
    /// The project of a client that names none.
    pub default_project: String,
    pub databases: Arc<Databases>,
    pub files: Arc<FileStores>,
    pub identity: Identity,
    pub docker: Arc<Docker>,
    /// Set once background work runs.
    pub workers: std::sync::OnceLock<Arc<Workers>>,
    pub operation_claims: Claims,
    /// Set once services are loaded.
    pub catalog: std::sync::OnceLock<Arc<dyn Catalog>>,
    /// Set once the gateway runs.
    pub peers: std::sync::OnceLock<Arc<dyn PeerSender>>,
}

/// One service in one tenant: every capability is opened for the pair, never for a service alone.
pub struct Scope {
    pub process: Arc<Process>,
    pub tenant: Arc<Tenant>,
    /// The service's name.
    pub plugin: Arc<str>,
    /// The operator's `[plugins.NAME.settings]`.
    pub settings: Arc<Map<String, Value>>,
    /// What the database is migrated with when it is opened.
    pub migrations: Arc<crate::capability::database::Migrations>,
    /// What the manifest's `[[asset]]` files hold.
    pub assets: Arc<Assets>,
    pub docker: Arc<DockerUse>,
    /// The domain in which the service shares its operations.
    pub operations_domain: Option<Arc<str>>,
}

impl Scope {
    /// The service's database in this tenant, opened and migrated.
    pub async fn database(&self) -> Result<Arc<Database>, DatabaseError> {
        self.process.databases.open(&self.tenant.name, &self.plugin, &self.migrations).await
    }
}

/// One call of a guest.
#[derive(Clone)]
pub struct CallContext {
    /// See `fogbank:context/context.base-url`.
    pub base_url: Arc<str>,
    pub request_id: Arc<str>,
    /// How many services called each other to get here; 0 for a client's request.
    pub depth: u32,
    pub caller: Arc<Caller>,
    /// The container that sent the request, if one did.
    pub container: Option<Arc<Calling>>,
    /// For the authority, when the guest asks it something.
    pub origin: Arc<Origin>,
    /// What conditions of policies may look at.
    pub facts: Arc<Facts>,
    /// Told while the host works for the call.
    pub progress: Progress,
}

/// The data of a wasmtime store.
pub struct State {
    pub scope: Arc<Scope>,
    pub call: CallContext,
    pub table: ResourceTable,
    pub limiter: Limiter,
    /// Where `fogbank:http/responses.start` puts the head of a streamed answer.
    pub answer: AnswerSlot,
    pub wasi: Wasi,
    /// Files that the call committed.
    pub committed: CommittedFiles,
    /// Whether the call started or cancelled an operation, so that its worker has to look.
    pub started_operation: bool,
    /// Whether the guest asked if the caller may.
    pub asked_identity: bool,
}

impl State {
    /// The data of a fresh store.
    pub fn new(scope: Arc<Scope>, call: CallContext, memory_limit: u64) -> Self {
        let mut wasi = Wasi::new(&scope.tenant);
        wasi.hooks.belong_to(&scope, &call);
        Self {
            scope,
            call,
            table: ResourceTable::new(),
            limiter: Limiter::new(memory_limit),
            answer: AnswerSlot::default(),
            wasi,
            committed: CommittedFiles::default(),
            started_operation: false,
            asked_identity: false,
        }
    }

    /// Makes a used store ready for another call of the same scope: nothing of the last call stays but the guest's
    /// own memory.
    pub fn recycle(&mut self, call: CallContext) {
        self.wasi.hooks.belong_to(&self.scope, &call);
        self.call = call;
        self.table = ResourceTable::new();
        self.answer = AnswerSlot::default();
        self.asked_identity = false;
    }
}
