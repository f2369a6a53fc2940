//! Instances as they are shown: with the status that their containers have.

use crate::machines;
use compute_api::call::Call;
use compute_api::{list as lists, show, store};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::json;

/// `GET .../instances/NAME`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut found = vec![store::get(&call.target(&request)?)?];
    machines::observe(&mut found)?;
    let shown = show::resource(&found[0], &call.base)?;
    Ok(Response::json(&shown).into())
}

/// `GET .../instances`
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, |found| machines::observe(found)).map(Reply::from)
}

/// `GET projects/PROJECT/aggregated/instances`
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, |found| machines::observe(found)).map(Reply::from)
}

/// `GET .../instances/NAME/serialPort`: what the instance printed, from `start` on.
///
/// Errors: 400 for a port that there is not, 404.
pub fn get_serial_port_output(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let port = request.query_u32("port")?.unwrap_or(1);
    if !(1..=4).contains(&port) {
        return Err(compute_api::failure::invalid("port", port, "It has to be between 1 and 4."));
    }
    let instance = store::get(&path)?;
    let printed = if port == 1 { machines::printed(&instance)? } else { String::new() };
    let (start, contents) = part(&printed, request.query_i64("start")?.unwrap_or_default());
    Ok(Response::json(&json!({
        "kind": "compute#serialPortOutput",
        "selfLink": format!("{}{path}/serialPort", call.base),
        "contents": contents,
        "start": start.to_string(),
        "next": (start + contents.len()).to_string(),
    }))
    .into())
}

/// At most 1 MiB from `start`; from the end where that is negative. Never a part of a character.
fn part(printed: &str, start: i64) -> (usize, &str) {
    const MOST: usize = 1 << 20;
    let wanted = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
    let mut from = if start < 0 { printed.len().saturating_sub(wanted) } else { wanted.min(printed.len()) };
    while !printed.is_char_boundary(from) {
        from += 1;
    }
    let mut to = printed.len().min(from.saturating_add(MOST));
    while !printed.is_char_boundary(to) {
        to -= 1;
    }
    (from, &printed[from..to])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_read_in_parts() {
        assert_eq!(part("hello", 0), (0, "hello"));
        assert_eq!(part("hello", 3), (3, "lo"));
        assert_eq!(part("hello", 9), (5, ""));
        assert_eq!(part("hello", -2), (3, "lo"));
        assert_eq!(part("h\u{e9}llo", 2), (3, "llo"));
    }
}
