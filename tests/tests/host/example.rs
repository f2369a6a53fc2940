//! `examples/hello`: a third party's service, outside every workspace of this repository.

use fogbank_tests::Server;
use fogbank_tests::guests::Plugins;
use fogbank_tests::server::Options;
use serde_json::json;

#[tokio::test]
async fn the_smallest_service_greets_and_remembers() {
    let plugins = Plugins::of(&[]);
    plugins.put_example("hello");
    let server = Server::with(Options::new().arg("--plugins").arg(plugins.arg()));
    let client = server.client();
    for times in 1..=2 {
        let answer = client.post("/hello/v1/greetings/world", json!({})).await.expect(200).json();
        assert_eq!(answer, json!({ "greeting": "Hello, world!", "times": times }));
    }
    let list = client.get("/hello/v1/greetings").await.expect(200).json();
    assert_eq!(list, json!({ "items": [{ "name": "world", "times": 2 }] }));
    let unknown = client.get("/hello/v1/unknown").await.expect(404);
    assert_eq!(unknown.reason(), "notFound");
}
