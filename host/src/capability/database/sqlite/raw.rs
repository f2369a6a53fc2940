//! The few calls of SQLite's C interface that sqlx does not make: the authorizer, hard limits, and whether a
//! transaction is open. The only `unsafe` code of the capability.

#![expect(unsafe_code, reason = "calls of SQLite's C interface; each carries its proof")]

use super::gate::Gate;
use super::rules;
use crate::capability::database::error::Error;
use libsqlite3_sys as ffi;
use sqlx::sqlite::LockedSqliteHandle;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

/// Bounds that SQLite enforces itself.
#[derive(Debug, Clone, Copy)]
pub struct HardLimits {
    /// Bytes of one value, and of one row.
    pub length: u64,
    /// Bytes of one statement's text.
    pub sql: usize,
}

/// Confines a connection: nothing is attached, the schema is not written as data, `"x"` is never a string, and every
/// statement passes [`rules`] when it is compiled.
pub fn confine(handle: &mut LockedSqliteHandle<'_>, gate: &Arc<Gate>, limits: HardLimits) -> Result<(), Error> {
    let db = handle.as_raw_handle().as_ptr();
    let length = c_int::try_from(limits.length).unwrap_or(c_int::MAX);
    let sql = c_int::try_from(limits.sql).unwrap_or(c_int::MAX);
    // SAFETY: `db` is an open connection, and the locked handle keeps sqlx's thread from using it meanwhile. The
    // calls only set numbers in it.
    unsafe {
        ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_ATTACHED, 0);
        ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_LENGTH, length);
        ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_SQL_LENGTH, sql);
    }
    for (option, value) in [
        (ffi::SQLITE_DBCONFIG_DEFENSIVE, 1),
        (ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (ffi::SQLITE_DBCONFIG_DQS_DML, 0),
        (ffi::SQLITE_DBCONFIG_DQS_DDL, 0),
    ] {
        // SAFETY: as above; these options take an int and a pointer to an int, which may be null
        // (https://www.sqlite.org/c3ref/c_dbconfig_defensive.html).
        let status = unsafe { ffi::sqlite3_db_config(db, option, value as c_int, ptr::null_mut::<c_int>()) };
        expect_ok(status)?;
    }
    authorize_with(db, gate)
}

fn authorize_with(db: *mut ffi::sqlite3, gate: &Arc<Gate>) -> Result<(), Error> {
    let context = Arc::into_raw(Arc::clone(gate)).cast_mut().cast::<c_void>();
    // SAFETY: `db` is open and locked as above. SQLite owns one count of the gate from here on and gives it back
    // through `release_gate` when the connection is closed, or at once where this call fails, so the pointer is valid
    // for as long as the authorizer can be called. The name is a static C string.
    let status = unsafe { ffi::sqlite3_set_clientdata(db, c"gate".as_ptr(), context, Some(release_gate)) };
    expect_ok(status)?;
    // SAFETY: `authorize` has the signature that SQLite asks for, and `context` lives as long as the connection.
    expect_ok(unsafe { ffi::sqlite3_set_authorizer(db, Some(authorize), context) })
}

/// Whether a transaction is open.
pub fn in_transaction(handle: &mut LockedSqliteHandle<'_>) -> bool {
    // SAFETY: the handle is open and locked; the call only reads.
    unsafe { ffi::sqlite3_get_autocommit(handle.as_raw_handle().as_ptr()) == 0 }
}

fn expect_ok(status: c_int) -> Result<(), Error> {
    if status == ffi::SQLITE_OK { Ok(()) } else { Err(Error::Unavailable(format!("SQLite set-up: code {status}"))) }
}

/// SAFETY: called by SQLite once, with the pointer that `authorize_with` gave to it.
unsafe extern "C" fn release_gate(context: *mut c_void) {
    // SAFETY: the pointer came from `Arc::into_raw` and this is the one time that it is given back.
    drop(unsafe { Arc::from_raw(context.cast::<Gate>().cast_const()) });
}

/// SAFETY: called by SQLite with the context of `authorize_with` and with C strings, or nulls, that live for the call.
unsafe extern "C" fn authorize(
    context: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _database: *const c_char,
    _trigger: *const c_char,
) -> c_int {
    // SAFETY: the gate is owned by the connection that calls, see `authorize_with`.
    let gate = unsafe { &*context.cast::<Gate>().cast_const() };
    // SAFETY: null, or a C string that SQLite keeps for the time of this call.
    let (first, second) = unsafe { (text(first), text(second)) };
    if rules::allows(gate.author(), action, first, second) { ffi::SQLITE_OK } else { ffi::SQLITE_DENY }
}

/// SAFETY: `name` is null or a C string that lives for `'a`.
unsafe fn text<'a>(name: *const c_char) -> &'a str {
    if name.is_null() {
        return "";
    }
    // SAFETY: not null, and a C string as the caller promised.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default()
}
