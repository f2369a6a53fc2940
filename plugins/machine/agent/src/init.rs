//! Process 1: starts the parts, reaps every process that ends (also those that lost their parents), and powers off when it
//! is told to. The machine ends with this process, so it waits, starts and signals, and does nothing else.

use crate::console::INIT;
use crate::sudo;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Numbers that neither library names: the power is failing, and what systemd takes as "halt" (SIGRTMIN+3).
const SIGPWR: i32 = 30;
const SIGHALT: i32 = 37;
/// The power button: SIGTERM and SIGINT come from outside, SIGUSR1 and SIGUSR2 from busybox's halt and poweroff inside.
const POWER_BUTTON: [i32; 6] = [SIGTERM, SIGINT, SIGPWR, SIGHALT, SIGUSR1, SIGUSR2];

/// Google gives shutdown scripts this long, best effort.
const SHUTDOWN_SCRIPT: Duration = Duration::from_secs(90);
/// How long processes have between SIGTERM and SIGKILL.
const TERMINATION: Duration = Duration::from_secs(5);
/// A part that ran this long is started again at once when it ends.
const STEADY: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A part of the agent: this program again, with other arguments.
struct Part {
    arguments: &'static [&'static str],
    /// Whether it is started again when it ends.
    lasting: bool,
    state: State,
    pause: Duration,
}

enum State {
    Due(Instant),
    Running(Pid, Instant),
    Ended,
}

impl Part {
    fn new(arguments: &'static [&'static str], lasting: bool) -> Part {
        Part { arguments, lasting, state: State::Due(Instant::now()), pause: Duration::from_secs(1) }
    }

    fn start_if_due(&mut self) {
        if matches!(self.state, State::Due(at) if at <= Instant::now()) {
            match start(self.arguments) {
                Ok(pid) => self.state = State::Running(pid, Instant::now()),
                Err(error) => {
                    INIT.say(&format!("cannot start {}: {error}", self.arguments.join(" ")));
                    self.rest();
                }
            }
        }
    }

    /// Plans the next start, later each time.
    fn rest(&mut self) {
        self.state = State::Due(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Takes note of a process that ended, if it is this part's.
    fn ended(&mut self, pid: Pid, status: WaitStatus) {
        let State::Running(own, since) = self.state else { return };
        if own != pid {
            return;
        }
        if !self.lasting {
            self.state = State::Ended;
            return;
        }
        if since.elapsed() > STEADY {
            self.pause = Duration::from_secs(1);
        }
        let seconds = self.pause.as_secs();
        INIT.say(&format!("{} {}, starts again in {seconds} s", self.arguments.join(" "), describe(status)));
        self.rest();
    }
}

/// How a process ended, in words.
fn describe(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (_, Some(signal)) => format!("was ended by signal {signal}"),
        _ => "ended".to_owned(),
    }
}

fn start(arguments: &[&str]) -> std::io::Result<Pid> {
    let child = Command::new("/proc/self/exe").args(arguments).spawn()?;
    Pid::from_raw(child.id() as i32).ok_or_else(|| std::io::Error::other("no process id"))
}

/// Wakes the main loop at each signal.
struct Signals {
    wake: UnixStream,
    power: Arc<AtomicBool>,
}

impl Signals {
    fn listen() -> std::io::Result<Signals> {
        let (wake, wakes) = UnixStream::pair()?;
        let power = Arc::new(AtomicBool::new(false));
        for signal in POWER_BUTTON {
            // The flag first, so that it is up when the loop wakes.
            signal_hook::flag::register(signal, power.clone())?;
            signal_hook::low_level::pipe::register(signal, wakes.try_clone()?)?;
        }
        signal_hook::low_level::pipe::register(SIGCHLD, wakes)?;
        Ok(Signals { wake, power })
    }

    /// Sleeps until a signal comes, at most until `limit`.
    fn sleep(&mut self, limit: Instant) {
        let time = limit.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let set = self.wake.set_read_timeout(Some(time));
        // A time-out and an interrupted call are as good as a signal: the loop looks at everything again.
        if set.is_err() || self.wake.read(&mut [0; 64]).is_err_and(|error| !expected(&error)) {
            std::thread::sleep(time.min(Duration::from_millis(200)));
        }
    }
}

fn expected(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

/// Takes one process that ended off the table. `Err` if there are no processes left at all.
fn reap() -> Result<Option<(Pid, WaitStatus)>, Errno> {
    rustix::process::wait(WaitOptions::NOHANG)
}

/// Runs the machine until it is powered off.
pub fn run() -> ExitCode {
    if std::process::id() != 1 {
        eprintln!("agent: without arguments it must be the first process of a container");
        return ExitCode::from(64);
    }
    INIT.say(&format!("Fogbank agent {} starts the machine", env!("CARGO_PKG_VERSION")));
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            INIT.say(&format!("cannot listen to signals: {error}"));
            return ExitCode::FAILURE;
        }
    };
    // Before the startup script, which may well begin with it.
    if let Err(error) = sudo::install(Path::new("/")) {
        INIT.say(&format!("cannot install sudo: {error}"));
    }
    let mut parts =
        [Part::new(&["guest"], true), Part::new(&["sshd"], true), Part::new(&["scripts", "startup"], false)];
    while !signals.power.load(Ordering::SeqCst) {
        while let Ok(Some((pid, status))) = reap() {
            parts.iter_mut().for_each(|part| part.ended(pid, status));
        }
        parts.iter_mut().for_each(Part::start_if_due);
        let due = parts.iter().filter_map(|part| if let State::Due(at) = part.state { Some(at) } else { None });
        let limit = due.min().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        signals.sleep(limit);
    }
    power_off(&mut signals);
    ExitCode::SUCCESS
}

fn power_off(signals: &mut Signals) {
    INIT.say("power button pressed: the machine shuts down");
    match start(&["scripts", "shutdown"]) {
        Ok(script) => {
            let done = wait_until(signals, SHUTDOWN_SCRIPT, |ended| ended == script);
            if !done {
                INIT.say(&format!("the shutdown script ran longer than {} s", SHUTDOWN_SCRIPT.as_secs()));
            }
        }
        Err(error) => INIT.say(&format!("cannot run the shutdown script: {error}")),
    }
    for (signal, patience) in [(Signal::TERM, TERMINATION), (Signal::KILL, Duration::from_secs(1))] {
        if signal_all(signal).is_err() || wait_until(signals, patience, |_| false) {
            break;
        }
    }
    INIT.say("the machine is off");
}

/// Signals every process of the machine but this one, also those that came in by `docker exec`: from process 1 the group
/// "1" (kill -1) is all others (kill(2)). An error says that there are none.
fn signal_all(signal: Signal) -> Result<(), Errno> {
    rustix::process::kill_process_group(Pid::INIT, signal)
}

/// Reaps until `stop` says so of a process that ended, or no process is left (true), or the time is over (false).
fn wait_until(signals: &mut Signals, patience: Duration, stop: impl Fn(Pid) -> bool) -> bool {
    let limit = Instant::now() + patience;
    loop {
        match reap() {
            Ok(Some((pid, _))) if stop(pid) => return true,
            Ok(Some(_)) => continue,
            Ok(None) => {}
            Err(_) => return true,
        }
        if Instant::now() >= limit {
            return false;
        }
        signals.sleep(limit);
    }
}
