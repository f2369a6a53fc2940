//! Named places at which a test kills the process, fails a step or slows it down. Set by `FOGBANK_FAULT`, a list with
//! commas of `POINT:ACTION[:NTH]`: the action is `kill` (SIGKILL to this process), `fail` or `delay=MILLISECONDS`, and
//! happens each time the point is reached, or only the NTH time. Costs one load where nothing is set.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The environment variable.
pub const VARIABLE: &str = "FOGBANK_FAULT";

/// What happens where.
#[derive(Clone, Debug, Default)]
pub struct Faults(Option<Arc<[Rule]>>);

#[derive(Debug)]
struct Rule {
    point: String,
    action: Action,
    nth: Option<u64>,
    reached: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Kill,
    Fail,
    Delay(Duration),
}

/// What the whole process was started with; nothing where the variable is absent or wrong ([`check`] says so at start).
pub fn global() -> &'static Faults {
    static GLOBAL: OnceLock<Faults> = OnceLock::new();
    GLOBAL.get_or_init(|| from_environment().unwrap_or_default())
}

/// Whether `FOGBANK_FAULT` can be understood; the sentence is for the operator.
pub fn check() -> Result<(), String> {
    from_environment().map(|_| ())
}

/// A point in asynchronous code. The error is what the caller has to treat as a failed step.
pub async fn reach(point: &str) -> Result<(), String> {
    match global().act(point) {
        Some(Action::Delay(time)) => {
            tokio::time::sleep(time).await;
            Ok(())
        }
        action => end(point, action),
    }
}

/// A point on a thread that may block.
pub fn reach_blocking(point: &str) -> Result<(), String> {
    global().reach_blocking(point)
}

impl Faults {
    /// A point on a thread that may block.
    pub fn reach_blocking(&self, point: &str) -> Result<(), String> {
        match self.act(point) {
            Some(Action::Delay(time)) => {
                std::thread::sleep(time);
                Ok(())
            }
            action => end(point, action),
        }
    }

    fn act(&self, point: &str) -> Option<Action> {
        let rules = self.0.as_ref()?;
        rules.iter().filter(|rule| rule.point == point).fold(None, |found, rule| {
            let time = rule.reached.fetch_add(1, Ordering::Relaxed) + 1;
            let due = rule.nth.is_none_or(|nth| nth == time);
            found.or(due.then_some(rule.action))
        })
    }
}

fn end(point: &str, action: Option<Action>) -> Result<(), String> {
    match action {
        Some(Action::Kill) => {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            // The signal is delivered at the latest when this thread enters the kernel again.
            std::thread::sleep(Duration::from_secs(1));
            Ok(())
        }
        Some(Action::Fail) => Err(format!("a fault was asked for at {point}")),
        Some(Action::Delay(_)) | None => Ok(()),
    }
}

fn from_environment() -> Result<Faults, String> {
    match std::env::var(VARIABLE) {
        Ok(text) => text.parse(),
        Err(std::env::VarError::NotPresent) => Ok(Faults::default()),
        Err(error) => Err(format!("{VARIABLE}: {error}")),
    }
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rules: Vec<Rule> =
            text.split(',').filter(|rule| !rule.trim().is_empty()).map(parse_rule).collect::<Result<_, _>>()?;
        Ok(Self((!rules.is_empty()).then(|| rules.into())))
    }
}

fn parse_rule(text: &str) -> Result<Rule, String> {
    let wrong = || format!("{VARIABLE}: `{text}` is not POINT:kill|fail|delay=MILLISECONDS[:NTH]");
    let mut fields = text.trim().split(':');
    let (point, action) = (fields.next().unwrap_or(""), fields.next().ok_or_else(wrong)?);
    let action = match action.split_once('=') {
        None if action == "kill" => Action::Kill,
        None if action == "fail" => Action::Fail,
        Some(("delay", time)) => Action::Delay(Duration::from_millis(time.parse().map_err(|_| wrong())?)),
        _ => return Err(wrong()),
    };
    let nth = fields.next().map(|nth| nth.parse().map_err(|_| wrong())).transpose()?;
    if point.is_empty() || nth == Some(0) || fields.next().is_some() {
        return Err(wrong());
    }
    Ok(Rule { point: point.to_owned(), action, nth, reached: AtomicU64::new(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_happens_where_nothing_is_asked_for() {
        assert_eq!(Faults::default().reach_blocking("a.b"), Ok(()));
        let other: Faults = "x.y:fail".parse().expect("a rule");
        assert_eq!(other.reach_blocking("a.b"), Ok(()));
    }

    #[test]
    fn a_rule_acts_every_time_or_the_nth() {
        let faults: Faults = "a:fail, b:fail:2,c:delay=1".parse().expect("rules");
        assert!(faults.reach_blocking("a").is_err());
        assert!(faults.reach_blocking("a").is_err());
        assert!(faults.reach_blocking("b").is_ok());
        assert!(faults.reach_blocking("b").is_err());
        assert!(faults.reach_blocking("b").is_ok());
        assert!(faults.reach_blocking("c").is_ok());
    }

    #[test]
    fn what_cannot_be_understood_is_refused_by_name() {
        for text in ["a", "a:explode", "a:delay", "a:delay=soon", "a:fail:0", "a:fail:1:2", ":kill", "a:kill=9"] {
            let error = text.parse::<Faults>().expect_err(text);
            assert!(error.contains(text), "{error}");
        }
        assert!("".parse::<Faults>().is_ok());
    }
}
