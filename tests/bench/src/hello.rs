//! What a component costs: the smallest answer, on a fresh instance and on one that is kept.

use super::Scale;
use super::load::{Shot, rate};
use super::native::Native;
use super::report::{Report, median};
use fogbank_tests::Server;
use fogbank_tests::guests::Plugins;
use fogbank_tests::server::Options;

/// A hello of a service against one of native hyper, in turns.
pub async fn measure(report: &mut Report, scale: Scale) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let native = Native::start(folder.path(), None);
    let (fresh_plugins, kept_plugins) = (plugins(0), plugins(128));
    let fresh = Server::with(Options::new().arg("--plugins").arg(fresh_plugins.arg()));
    let kept = Server::with(Options::new().arg("--plugins").arg(kept_plugins.arg()));
    let (mut of_native, mut of_fresh, mut of_kept) = (vec![], vec![], vec![]);
    for _ in 0..scale.rounds {
        let native_hello = Shot::get("/hello");
        of_native.push(rate(native.base(), &native_hello, scale.connections, scale.seconds).await);
        let hello = Shot::get("/misbehave/v1/hello");
        of_fresh.push(rate(fresh.base(), &hello, scale.connections, scale.seconds).await);
        of_kept.push(rate(kept.base(), &hello, scale.connections, scale.seconds).await);
    }
    let baseline = median(of_native);
    report.rate("hello, fresh instance, against native hyper", "/s", median(of_fresh), baseline);
    report.rate("hello, reused instance, against native hyper", "/s", median(of_kept), baseline);
}

/// The guest that says hello, with this reuse.
fn plugins(reuse: u32) -> Plugins {
    let plugins = Plugins::of(&[]);
    plugins.put_changed("misbehave", "misbehave", |manifest| format!("reuse = {reuse}\n{manifest}"));
    plugins
}
