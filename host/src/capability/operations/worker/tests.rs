use super::*;

#[test]
fn failures_back_off_up_to_a_limit() {
    assert_eq!(backoff(1), FIRST_DELAY);
    assert_eq!(backoff(2), FIRST_DELAY * 2);
    assert_eq!(backoff(u32::MAX), MAX_DELAY);
    assert_eq!(backoff(0), FIRST_DELAY);
}
/// A service that never has anything to do, and counts how often its database is asked for.
struct Idle {
    databases: crate::capability::database::Databases,
    migrations: Arc<crate::capability::database::Migrations>,
    opened: std::sync::atomic::AtomicUsize,
    clock: Clock,
}

impl RunStep for Idle {
    fn run(&self, _: Step) -> Running {
        Box::pin(async { Ok(StepOutcome::Done(String::new())) })
    }

    fn database(&self) -> Pin<Box<dyn Future<Output = Result<Arc<Database>, Error>> + Send + '_>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        Box::pin(self.databases.open("idle", "things", &self.migrations))
    }

    fn schedules(&self) -> Vec<(String, Duration, bool)> {
        Vec::new()
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn in_use(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f31_a_worker_leaves_the_database_alone_until_its_service_is_used() {
    use crate::capability::database::{Databases, DatabasesConfig, Limits, Migrations, Unobserved};
    let folder = tempfile::tempdir().expect("folder");
    let databases = Databases::new(DatabasesConfig {
        url: None,
        data_dir: folder.path().to_owned(),
        secret: vec![7; 32],
        limits: Limits::default(),
        host_migrations: Arc::new(table::migrations().expect("migrations")),
        observer: Arc::new(Unobserved),
    });
    let (databases, migrations) = (databases.expect("databases"), Arc::<Migrations>::default());
    let idle = Arc::new(Idle { databases, migrations, opened: 0.into(), clock: Clock::default() });
    let signals = Arc::new(Signals::default());
    let worker = Worker {
        tenant: "idle".into(),
        plugin: "things".into(),
        runner: Arc::clone(&idle) as Arc<dyn RunStep>,
        signals: Arc::clone(&signals),
        due_at: Mutex::default(),
        busy: Mutex::default(),
        look: Duration::from_millis(20),
    };
    let work = tokio::spawn(Arc::new(worker).work());
    let opened = |count: usize| {
        let idle = Arc::clone(&idle);
        async move {
            for _ in 0..500 {
                if idle.opened.load(Ordering::SeqCst) >= count {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(idle.opened.load(Ordering::SeqCst), count);
        }
    };
    opened(1).await;
    signals.used.store(true, Ordering::SeqCst);
    opened(2).await;
    signals.due.notify_one();
    opened(3).await;
    signals.stop.cancel();
    work.await.expect("it ends");
}
