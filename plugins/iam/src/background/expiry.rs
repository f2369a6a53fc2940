//! Forgets what was deleted and whose time to come back is over, keys and tokens that count no more, and operations that ended long
//! ago.

use crate::{accounts, api_keys, operations, pools, roles, tokens};
use fogbank_sdk::db::{self, Statement, params, stmt};
use fogbank_sdk::{Result, context};

/// One round.
///
/// Errors: the database's; the next round tries again.
pub fn run() -> Result<()> {
    accounts::forget_expired()?;
    pools::forget_expired()?;
    db::execute(statements().into_iter().chain(tokens::expired()).collect())?;
    Ok(())
}

/// Rows that nothing outside the database belongs to.
fn statements() -> Vec<Statement> {
    vec![
        stmt(
            "DELETE FROM account_keys WHERE kind = 'SYSTEM_MANAGED' AND valid_before_ms <= $1",
            params![context::now()],
        ),
        stmt("DELETE FROM custom_roles WHERE deleted_ms <= $1", params![roles::custom::cutoff()]),
        stmt("DELETE FROM providers WHERE deleted_ms <= $1", params![pools::cutoff()]),
        stmt("DELETE FROM provider_keys WHERE deleted_ms <= $1", params![pools::cutoff()]),
        stmt("DELETE FROM api_keys WHERE deleted_ms <= $1", params![api_keys::cutoff()]),
        stmt("DELETE FROM ended_operations WHERE created_ms <= $1", params![operations::cutoff()]),
    ]
}
