//! Greets people, and remembers how often.

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

use fogbank_sdk::{Reply, Request, Result, Service};

fogbank_sdk::service!(Hello);

struct Hello;

impl Service for Hello {
    fn handle(request: Request) -> Result<Reply> {
        routes::dispatch(request)
    }
}

mod greetings {
    use fogbank_sdk::{Error, Request, Response, Result, db, params};
    use serde_json::json;

    /// `POST /hello/v1/greetings/{name}`
    pub fn create(request: Request) -> Result<Response> {
        let name = request.param("name");
        let times = db::transaction(|tx| {
            let sql = "INSERT INTO greetings (name, times) VALUES ($1, 1) \
                       ON CONFLICT (name) DO UPDATE SET times = greetings.times + 1 RETURNING times";
            let row = tx.query_one(sql, params![name])?.ok_or_else(|| Error::internal("RETURNING gave no row"))?;
            Ok(row.get::<i64>("times")?)
        })?;
        Ok(Response::json(&json!({ "greeting": format!("Hello, {name}!"), "times": times })))
    }

    /// `GET /hello/v1/greetings`
    pub fn list(_request: Request) -> Result<Response> {
        let rows = db::query("SELECT name, times FROM greetings ORDER BY name", params![])?;
        let mut items = Vec::new();
        for row in rows {
            items.push(json!({ "name": row.get::<String>("name")?, "times": row.get::<i64>("times")? }));
        }
        Ok(Response::json(&json!({ "items": items })))
    }
}
