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

    fn is_closed(&self) -> bool {
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

#[test]
fn news_of_containers_is_collected_until_it_is_told() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let mut news = Containers::default();
    assert_eq!(news.take(), None);
    news.add(&set(&["a", "b"]));
    news.add(&set(&["b", "c"]));
    assert_eq!(news.take(), Some(set(&["a", "b", "c"])));
    news.add(&set(&["a"]));
    news.add(&set(&[]));
    news.add(&set(&["b"]));
    assert_eq!(news.take(), Some(set(&[])), "all have to be looked at");
    assert_eq!(news.take(), None);
}

/// A service that is told of containers, and fails the first time.
#[derive(Default)]
struct Told {
    names: Mutex<Vec<Vec<String>>>,
    clock: Clock,
}

impl RunStep for Told {
    fn run(&self, step: Step) -> Running {
        let Step::Containers(names) = step else { unreachable!("nothing else is due") };
        let mut told = self.names.lock().expect("told");
        told.push(names);
        let outcome =
            if told.len() == 1 { Err("the first time".to_owned()) } else { Ok(StepOutcome::Done(String::new())) };
        Box::pin(async { outcome })
    }

    fn database(&self) -> Pin<Box<dyn Future<Output = Result<Arc<Database>, Error>> + Send + '_>> {
        Box::pin(async { Err(Error::Other("there is none".into())) })
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

    fn is_closed(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn f10_news_of_containers_that_cannot_be_taken_in_is_told_again() {
    let (workers, told) = (Workers::default(), Arc::new(Told::default()));
    let (tenant, plugin): (Arc<str>, Arc<str>) = ("blue".into(), "things".into());
    workers.start(&tenant, &plugin, Arc::clone(&told) as Arc<dyn RunStep>);
    workers.tell_of_containers(&tenant, &plugin, &BTreeSet::from(["a".to_owned()]));
    for _ in 0..500 {
        if told.names.lock().expect("told").len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    workers.shutdown(Duration::from_secs(5)).await;
    assert_eq!(*told.names.lock().expect("told"), [["a"], ["a"]]);
}

/// A service whose step takes a while, in a tenant that may go away.
#[derive(Default)]
struct Slow {
    closed: AtomicBool,
    begun: AtomicBool,
    ended: Arc<AtomicBool>,
    clock: Clock,
}

impl RunStep for Slow {
    fn run(&self, _: Step) -> Running {
        self.begun.store(true, Ordering::SeqCst);
        let ended = Arc::clone(&self.ended);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            ended.store(true, Ordering::SeqCst);
            Ok(StepOutcome::Done(String::new()))
        })
    }

    fn database(&self) -> Pin<Box<dyn Future<Output = Result<Arc<Database>, Error>> + Send + '_>> {
        Box::pin(async { Err(Error::Other("there is none".into())) })
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

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_tenant_that_goes_away_waits_for_the_steps_in_hand_and_gets_no_new_worker() {
    let (workers, slow) = (Workers::default(), Arc::new(Slow::default()));
    let (tenant, plugin): (Arc<str>, Arc<str>) = ("blue".into(), "things".into());
    workers.start(&tenant, &plugin, Arc::clone(&slow) as Arc<dyn RunStep>);
    workers.tell_of_containers(&tenant, &plugin, &BTreeSet::new());
    while !slow.begun.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    slow.closed.store(true, Ordering::SeqCst);
    assert!(!workers.forget_tenant("blue", Duration::from_millis(1)).await, "not yet");
    slow.closed.store(false, Ordering::SeqCst);
    workers.start(&tenant, &plugin, Arc::clone(&slow) as Arc<dyn RunStep>);
    slow.begun.store(false, Ordering::SeqCst);
    workers.tell_of_containers(&tenant, &plugin, &BTreeSet::new());
    while !slow.begun.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    slow.ended.store(false, Ordering::SeqCst);
    slow.closed.store(true, Ordering::SeqCst);
    assert!(workers.forget_tenant("blue", Duration::from_secs(10)).await);
    assert!(slow.ended.load(Ordering::SeqCst), "it was waited for");
    workers.start(&tenant, &plugin, Arc::clone(&slow) as Arc<dyn RunStep>);
    assert!(!workers.touch(&tenant, &plugin), "no worker of a tenant that goes away");
}
