// SPDX-License-Identifier: MIT
//! What a migration in Rust works on.

use crate::engine::Engine;
use crate::rows::{Rows, str_of};
use crate::source::settle;
use crate::text::{lent, taken};
use crate::{Error, Result};
use libmigrate_sys as sys;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

/// The open connection inside a migration's transaction. Do not commit, and do not open another one to the same database.
pub struct Connection<'c> {
    connection: *mut sys::migrate_connection,
    _alive: PhantomData<&'c mut ()>,
}

impl Connection<'_> {
    /// # Safety
    /// `connection` is what a callback got, and this does not outlive it.
    pub(crate) unsafe fn new(connection: *mut sys::migrate_connection) -> Self {
        Self { connection, _alive: PhantomData }
    }

    pub fn engine(&self) -> Engine {
        // SAFETY: the connection is alive; the word is static.
        Engine::of(unsafe { str_of(sys::migrate_connection_engine(self.connection)) }.unwrap_or_default())
    }

    /// Runs SQL text, one or more statements.
    pub fn execute(&mut self, sql: &str) -> Result<()> {
        let (sql, mut error) = (lent(sql)?, ptr::null_mut());
        // SAFETY: the connection is alive.
        settle(unsafe { sys::migrate_connection_exec(self.connection, sql.as_ptr(), &mut error) }, error)
    }

    /// Runs one statement; its rows, all of them text or null.
    pub fn query(&mut self, sql: &str) -> Result<Rows> {
        let (sql, mut rows, mut error) = (lent(sql)?, ptr::null_mut(), ptr::null_mut());
        // SAFETY: the connection is alive, the outputs are ours.
        unsafe {
            settle(sys::migrate_connection_query(self.connection, sql.as_ptr(), &mut rows, &mut error), error)?;
            Rows::take(rows).ok_or_else(|| Error::misuse("a query without rows".to_owned()))
        }
    }

    /// A text as a literal of the engine's SQL, quotes included.
    pub fn quote(&mut self, text: &str) -> Result<String> {
        let (text, mut literal, mut error) = (lent(text)?, ptr::null_mut(), ptr::null_mut());
        // SAFETY: the connection is alive, the outputs are ours.
        unsafe {
            settle(sys::migrate_connection_quote(self.connection, text.as_ptr(), &mut literal, &mut error), error)?;
            Ok(taken(literal))
        }
    }

    /// The engine's own handle (`sqlite3 *`, `PGconn *`), for those who call its library by themselves; NULL where there is none.
    pub fn as_ptr(&mut self) -> *mut c_void {
        // SAFETY: the connection is alive.
        unsafe { sys::migrate_connection_handle(self.connection) }
    }
}

impl std::fmt::Debug for Connection<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Connection({})", self.engine().as_str())
    }
}
