//! The PostgreSQL server as its owner sees it: roles and schemas are made and removed here, and connections ended.

use super::names::Identity;
use crate::capability::database::config::Limits;
use crate::capability::database::error::Error;
use crate::capability::database::pool::Pool;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Executor};
use std::str::FromStr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OnceCell, OwnedSemaphorePermit, Semaphore};

/// The longest that the owner's own statements may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server, and the owner's connection to it, opened at first use.
pub struct Server {
    options: PgConnectOptions,
    secret: Vec<u8>,
    owner: Mutex<Option<PgConnection>>,
    /// Whether [`Server::close_public`] ran.
    closed: OnceCell<()>,
    places: Arc<Semaphore>,
    /// Where connections that nobody uses may be taken from.
    pools: std::sync::Mutex<Vec<Weak<Pool>>>,
}

impl Server {
    /// A server by its URL, for at most so many connections. Nothing is sent to it yet.
    pub fn new(url: &str, secret: Vec<u8>, connections: usize) -> Result<Self, Error> {
        // The parser's own message may repeat the URL, which holds a password.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| Error::Unavailable("the database URL is not postgres://USER:PASSWORD@HOST/NAME".into()))?;
        Ok(Self {
            options: options.disable_statement_logging(),
            secret,
            owner: Mutex::new(None),
            closed: OnceCell::new(),
            places: Arc::new(Semaphore::new(connections)),
            pools: std::sync::Mutex::default(),
        })
    }

    /// A place for one more connection; one that is not in use elsewhere is closed where there is none.
    pub(super) async fn place(&self, wait: Duration) -> Result<OwnedSemaphorePermit, Error> {
        let began = Instant::now();
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Ok(place);
            }
            if self.shed() {
                continue;
            }
            if began.elapsed() > wait {
                return Err(Error::Busy);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Adds a pool whose idle connections may be closed for others.
    pub fn share(&self, pool: &Arc<Pool>) {
        let mut pools = self.pools.lock().unwrap_or_else(|error| error.into_inner());
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(Arc::downgrade(pool));
    }

    /// Closes the connection that was not used for the longest time; whether there was one.
    fn shed(&self) -> bool {
        let pools = self.pools.lock().unwrap_or_else(|error| error.into_inner());
        let pools: Vec<_> = pools.iter().filter_map(Weak::upgrade).collect();
        let oldest = pools.iter().filter_map(|pool| Some((pool.idle_since()?, pool))).min_by_key(|(since, _)| *since);
        oldest.is_some_and(|(_, pool)| pool.shed())
    }

    /// The name that an unnamed database has.
    pub fn database(&self) -> &str {
        self.options.get_database().unwrap_or_else(|| self.options.get_username())
    }

    /// How to connect as `identity`.
    pub(super) fn options_for(&self, identity: &Identity, limits: &Limits) -> PgConnectOptions {
        let millis = |time: Duration| time.as_millis().max(1).to_string();
        self.options
            .clone()
            .username(&identity.role)
            .password(&identity.password(&self.secret))
            .application_name("fogbank")
            .statement_cache_capacity(256)
            .options([
                ("search_path", identity.role.clone()),
                ("default_transaction_read_only", "on".into()),
                ("standard_conforming_strings", "on".into()),
                ("statement_timeout", millis(limits.statement)),
                ("lock_timeout", millis(limits.wait)),
                ("idle_in_transaction_session_timeout", millis(limits.transaction + PATIENCE)),
                ("client_connection_check_interval", "1000".into()),
            ])
    }

    /// Makes the role and its schema, or gives the role the password that belongs to this installation.
    pub(super) async fn provide(&self, identity: &Identity) -> Result<(), Error> {
        attempted(|| self.try_to_provide(identity)).await
    }

    async fn try_to_provide(&self, identity: &Identity) -> Result<(), Error> {
        let password = identity.password(&self.secret);
        let role = &identity.role;
        let verb = if self.knows(identity).await? { "ALTER" } else { "CREATE" };
        // The role's name is made of letters, digits and `_`, and the password of hexadecimal digits.
        self.run(&format!(
            "BEGIN; {verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD '{password}'; \
             GRANT {role} TO CURRENT_USER; CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {role}; \
             REVOKE ALL ON SCHEMA {role} FROM PUBLIC; COMMIT"
        ))
        .await?;
        if !self.may_connect(identity).await? {
            self.run(&format!("GRANT CONNECT ON DATABASE {} TO {role}", quoted(self.database()))).await?;
        }
        self.closed.get_or_init(|| self.close_public()).await;
        Ok(())
    }

    /// Takes from everybody what is nobody's here: tables in the schema `public`, and temporary ones. An owner without
    /// the right to do so is told in the log; each tenant's schema is closed to others all the same.
    async fn close_public(&self) {
        let database = quoted(self.database());
        let public = "REVOKE CREATE ON SCHEMA public FROM PUBLIC";
        for step in [public, &format!("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")] {
            if let Err(error) = self.run(step).await {
                tracing::debug!(%error, "everybody keeps a right that services should not have");
            }
        }
    }

    async fn may_connect(&self, identity: &Identity) -> Result<bool, Error> {
        self.ask("SELECT has_database_privilege($1, current_database(), 'CONNECT')", identity).await
    }

    /// Whether the role exists.
    pub async fn knows(&self, identity: &Identity) -> Result<bool, Error> {
        self.ask("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", identity).await
    }

    async fn ask(&self, question: &'static str, identity: &Identity) -> Result<bool, Error> {
        let role = identity.role.clone();
        self.with_owner(async move |owner| sqlx::query_scalar(question).bind(role).fetch_one(owner).await).await
    }

    /// Removes the schema with all that is in it, and the role. Its connections are ended.
    pub async fn remove(&self, identity: &Identity) -> Result<(), Error> {
        attempted(|| self.try_to_remove(identity)).await
    }

    async fn try_to_remove(&self, identity: &Identity) -> Result<(), Error> {
        if !self.knows(identity).await? {
            return Ok(());
        }
        let role = &identity.role;
        self.run(&format!("ALTER ROLE {role} NOLOGIN")).await?;
        self.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")).await?;
        let database = quoted(self.database());
        self.run(&format!(
            "BEGIN; DROP SCHEMA IF EXISTS {role} CASCADE; REVOKE ALL ON DATABASE {database} FROM {role}; \
             DROP OWNED BY {role}; DROP ROLE {role}; COMMIT"
        ))
        .await
    }

    /// Ends one connection by its process number.
    pub(super) async fn terminate(&self, process: i32) -> Result<(), Error> {
        self.run(&format!("SELECT pg_terminate_backend({process})")).await
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.run("SELECT 1").await
    }

    /// Ends the owner's connection.
    pub async fn close(&self) {
        if let Some(owner) = self.owner.lock().await.take() {
            let _ = owner.close().await;
        }
    }

    async fn run(&self, sql: &str) -> Result<(), Error> {
        let sql = sql.to_owned();
        self.with_owner(async move |owner| owner.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop)).await
    }

    /// Runs `work` on the owner's connection, which is thrown away after an error: it may be in a transaction, or gone.
    async fn with_owner<T>(&self, work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>) -> Result<T, Error> {
        let attempt = async {
            let mut place = self.owner.lock().await;
            let mut owner = match place.take() {
                Some(owner) => owner,
                None => self.options.connect().await?,
            };
            if owner.ping().await.is_err() {
                owner = self.options.connect().await?;
            }
            let result = work(&mut owner).await?;
            *place = Some(owner);
            Ok(result)
        };
        tokio::time::timeout(PATIENCE, attempt)
            .await
            .unwrap_or_else(|_| Err(Error::Unavailable("PostgreSQL does not answer in time".into())))
    }
}

/// Does `step`, and does it again where that fails: other processes change the same catalogues, and PostgreSQL refuses all but one of
/// those that change the same row of them at once.
async fn attempted<F: Future<Output = Result<(), Error>>>(step: impl Fn() -> F) -> Result<(), Error> {
    let (began, mut attempts) = (Instant::now(), 5);
    loop {
        attempts -= 1;
        match step().await {
            Err(_) if attempts > 0 && began.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(50)).await,
            other => return other,
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
