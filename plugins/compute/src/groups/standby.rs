//! Instances of a group that are kept ready without running.
//! <https://cloud.google.com/compute/docs/instance-groups/suspended-and-stopped-vms-in-mig>

use super::member::{Action, Goal, Member};
use super::members::each;
use compute_api::store::Resource;
use fogbank_sdk::{Reply, Request, Result};

/// `POST .../stopInstances`
///
/// Errors: 400 for an instance that is not in the group.
pub fn stop(request: Request) -> Result<Reply> {
    turn(request, Goal::Stopped, Action::Stopping)
}

/// `POST .../suspendInstances`
///
/// Errors: as [`stop`].
pub fn suspend(request: Request) -> Result<Reply> {
    turn(request, Goal::Suspended, Action::Suspending)
}

/// `POST .../startInstances`
///
/// Errors: as [`stop`].
pub fn start(request: Request) -> Result<Reply> {
    turn(request, Goal::Running, Action::Starting)
}

/// `POST .../resumeInstances`
///
/// Errors: as [`stop`].
pub fn resume(request: Request) -> Result<Reply> {
    turn(request, Goal::Running, Action::Resuming)
}

fn turn(request: Request, goal: Goal, action: Action) -> Result<Reply> {
    each(request, |manager, members, chosen| {
        let stay = |member: &&mut Member| chosen.contains(&member.path) && member.stays() && member.goal != goal;
        for member in members.iter_mut().filter(stay) {
            member.goal = goal;
            member.action = action;
        }
        resized(manager, members);
    })
}

/// The group wants as many of each kind as it has from now on.
pub fn resized(manager: &mut Resource, members: &[Member]) {
    let goals =
        [("targetSize", Goal::Running), ("targetStoppedSize", Goal::Stopped), ("targetSuspendedSize", Goal::Suspended)];
    for (field, goal) in goals {
        let count = members.iter().filter(|member| member.stays() && member.goal == goal).count();
        manager.set(field, count);
    }
}
