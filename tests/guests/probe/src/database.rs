//! `fogbank:database`.

use crate::{Arguments, Given, name};
use fogbank_sdk::bindings::fogbank::database::database::{self, Mode, Rows, Statement, Transaction, Value};

pub fn call(function: &str, arguments: &Arguments) -> Option<Given> {
    Some(match function {
        "backend" => Ok(format!("{:?}", database::backend()).into()),
        "query" => database::query(&statement(arguments)).map(cells).map_err(name),
        "execute" => database::execute(&[statement(arguments)]).map(|done| done[0].affected.into()).map_err(name),
        "begin" => begin(Mode::Read).map(|_| ().into()),
        "transaction.query" => {
            begin(Mode::Read).and_then(|tx| tx.query(&statement(arguments)).map(cells).map_err(name))
        }
        "transaction.execute" => begin(Mode::Write).and_then(|tx| write(&tx, arguments)),
        "transaction.commit" => begin(Mode::Write).and_then(|tx| {
            let affected = write(&tx, arguments)?;
            tx.commit().map(|()| affected).map_err(name)
        }),
        _ => return None,
    })
}

fn statement(arguments: &Arguments) -> Statement {
    let text = arguments.0["text"].as_str();
    Statement { sql: arguments.text("sql"), params: text.map(|text| Value::Text(text.into())).into_iter().collect() }
}

fn begin(mode: Mode) -> Result<Transaction, String> {
    database::begin(mode).map_err(name)
}

fn write(tx: &Transaction, arguments: &Arguments) -> Given {
    tx.execute(&[statement(arguments)]).map(|done| done[0].affected.into()).map_err(name)
}

fn cells(rows: Rows) -> serde_json::Value {
    rows.cells.into_iter().map(|cell| format!("{cell:?}")).collect()
}
