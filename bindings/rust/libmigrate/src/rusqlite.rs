// SPDX-License-Identifier: MIT
//! A session on the program's own `rusqlite::Connection`, through the SQLite that the program has.

use crate::migrator::Migrator;
use crate::options::Options;
use crate::text::lent;
use crate::{Error, Result};
use libmigrate_sys as sys;
use rusqlite::ffi;
use std::ffi::c_int;
use std::ptr::{self, NonNull};

unsafe extern "C" {
    // Some versions of libsqlite3-sys do not declare these two; SQLite has the second one from 3.38 on.
    fn sqlite3_close_v2(db: *mut ffi::sqlite3) -> c_int;
    fn sqlite3_error_offset(db: *mut ffi::sqlite3) -> c_int;
}

/// The program's own functions, so that its handle never meets another copy of SQLite.
struct Client(NonNull<sys::migrate_client>);

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: it is ours; a session keeps its own.
        unsafe { sys::migrate_client_free(self.0.as_ptr()) }
    }
}

impl Client {
    fn new() -> Result<Self> {
        let (mut client, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: both outputs are ours.
        let code = unsafe { sys::migrate_client_new(c"sqlite".as_ptr(), &mut client, &mut error) };
        // SAFETY: the error comes from this call.
        let client = NonNull::new(client).ok_or_else(|| unsafe { Error::take(code, error, None) })?;
        let own = Self(client);
        macro_rules! hand_over {
            ($($name:ident)*) => {
                $(own.set(stringify!($name), ffi::$name as *const ())?;)*
            };
        }
        hand_over! {
            sqlite3_backup_finish sqlite3_backup_init sqlite3_backup_pagecount sqlite3_backup_remaining sqlite3_backup_step
            sqlite3_busy_handler sqlite3_column_bytes sqlite3_column_count sqlite3_column_name sqlite3_column_text
            sqlite3_column_type sqlite3_db_config sqlite3_db_filename sqlite3_db_readonly sqlite3_db_status sqlite3_errmsg
            sqlite3_extended_errcode sqlite3_file_control sqlite3_finalize sqlite3_get_autocommit sqlite3_interrupt sqlite3_libversion sqlite3_next_stmt sqlite3_open_v2
            sqlite3_prepare_v2 sqlite3_progress_handler sqlite3_reset sqlite3_set_authorizer sqlite3_step sqlite3_stmt_busy sqlite3_system_errno
        }
        own.set("sqlite3_close_v2", sqlite3_close_v2 as *const ())?;
        own.set("sqlite3_error_offset", sqlite3_error_offset as *const ())?;
        Ok(own)
    }

    fn set(&self, name: &str, function: *const ()) -> Result<()> {
        let name = lent(name)?;
        // SAFETY: a function's pointer; the library calls it as what its name says.
        unsafe {
            let function = std::mem::transmute::<*const (), unsafe extern "C" fn()>(function);
            sys::migrate_client_set(self.0.as_ptr(), name.as_ptr(), Some(function));
        }
        Ok(())
    }
}

impl<'a> Migrator<'a> {
    /// On the program's own connection, which stays open and is left as it was found. A transaction that is open is refused, unless
    /// the option `host_transaction` is `use`.
    pub fn with_rusqlite(connection: &'a mut rusqlite::Connection, options: &Options<'a>) -> Result<Self> {
        let client = Client::new()?;
        // SAFETY: the connection is borrowed as long as the migrator lives, and nobody else uses it meanwhile.
        let handle = unsafe { connection.handle() };
        // SAFETY: client, options and handle are alive, the outputs ours.
        Self::opened(options.native(None, None)?, |options, session, error| unsafe {
            sys::migrate_open_handle(client.0.as_ptr(), handle.cast(), options, session, error)
        })
    }
}
