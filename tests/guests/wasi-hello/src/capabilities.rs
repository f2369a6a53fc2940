//! Fogbank's capabilities, each called once.

use serde_json::{Value, json};

wit_bindgen::generate!({
    path: "../../../wit/0.1",
    world: "fogbank:service/capabilities",
    generate_all,
});

use fogbank::catalog::catalog;
use fogbank::context::context;
use fogbank::database::database::{self, Statement};
use fogbank::files::files::{self, Source, StageOptions};
use fogbank::identity::{identity, signers};
use fogbank::operations::operations::{self, NewOperation};
use fogbank::peers::peers;

/// What each capability says.
pub fn call_each() -> Value {
    json!({
        "context": context::tenant(),
        "files": file(),
        "database": visit(),
        "operations": operation(),
        "identity": identity::caller().enforced,
        "signers": signers::assume_signed("nobody@example.com", b"", &signers::Proof::SharedSecret).is_ok(),
        "catalog": catalog::services().iter().any(|service| service.name == "wasi-hello"),
        "peers": peer(),
    })
}

/// A file, written and read.
fn file() -> String {
    let options = StageOptions { max_size: None, exact_size: None, md5: true };
    let staged = files::stage(&[Source::Bytes(b"kept".to_vec())], options).expect("staged");
    let id = staged.commit().expect("committed");
    let file = files::open(&id).expect("open");
    let content = file.body(0, None).read_to_end(1024).expect("read");
    files::remove(&[id]);
    String::from_utf8(content).expect("text")
}

fn statement(sql: &str) -> Statement {
    Statement { sql: sql.into(), params: vec![] }
}

/// A row in a transaction.
fn visit() -> u64 {
    let transaction = database::begin(database::Mode::Write).expect("begun");
    let insert = statement("INSERT INTO visit (id) SELECT COALESCE(MAX(id), 0) + 1 FROM visit");
    let outcomes = transaction.execute(&[insert]).expect("written");
    transaction.commit().expect("committed");
    outcomes[0].affected
}

/// An operation that is never committed.
fn operation() -> bool {
    let transaction = database::begin(database::Mode::Write).expect("begun");
    let new = NewOperation { kind: "k".into(), target: "t".into(), input: "".into(), id: None, hidden: false };
    let id = operations::start(&transaction, &new).expect("started");
    drop(transaction);
    matches!(operations::get(&id), Err(operations::Error::NotFound))
}

/// This service itself, as a peer.
fn peer() -> u16 {
    let request = peers::Request {
        method: "GET".into(),
        url: "http://hello.wasi.test/wasi-hello/v1/hello".into(),
        headers: vec![],
        body: vec![],
        identity: peers::Identity::Service,
    };
    let answer = peers::send(&[request]).into_iter().next().expect("one answer");
    answer.expect("reached").status
}
