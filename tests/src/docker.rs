//! The container engine of the test run, where it has one (`FOGBANK_TEST_DOCKER` names an image with a shell), and what a test left
//! there.

use crate::need;
use std::process::Command;

/// The image that the test run made, or none after saying that the test is skipped.
///
/// # Panics
/// When the tests are strict and there is none.
pub fn image() -> Option<String> {
    let image = std::env::var("FOGBANK_TEST_DOCKER").ok().filter(|image| !image.is_empty());
    if image.is_none() {
        need::skip("the test run has no Docker (FOGBANK_TEST_DOCKER)");
    }
    image
}

/// What `docker` with these arguments printed.
///
/// # Panics
/// When it fails.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A tenant's name that no other test has; what it made at the engine is removed when this is dropped.
#[derive(Debug)]
pub struct OwnTenant(pub String);

impl OwnTenant {
    /// A name of its own.
    pub fn new(begin: &str) -> Self {
        Self(format!("{begin}-{:08x}", rand::random::<u32>()))
    }

    /// Ids of all that the tenant has at the engine: containers, then networks, volumes and images.
    pub fn left(&self) -> [Vec<String>; 4] {
        let (label, image) =
            (format!("label=fogbank.tenant={}", self.0), format!("label=fogbank.image.tenant={}", self.0));
        let list = |arguments: &[&str]| docker(arguments).lines().map(str::to_owned).collect::<Vec<_>>();
        [
            list(&["ps", "-aq", "--filter", &label]),
            list(&["network", "ls", "-q", "--filter", &label]),
            list(&["volume", "ls", "-q", "--filter", &label]),
            list(&["images", "-q", "--filter", &image]),
        ]
    }
}

impl Drop for OwnTenant {
    fn drop(&mut self) {
        let remove: [&[&str]; 4] = [&["rm", "-fv"], &["network", "rm"], &["volume", "rm"], &["rmi", "-f"]];
        for (ids, command) in self.left().iter().zip(remove) {
            for id in ids {
                // Something else may have removed it.
                let _ = Command::new("docker").args(command).arg(id).output();
            }
        }
    }
}
