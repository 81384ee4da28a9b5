// SPDX-License-Identifier: MIT
//! What C calls back: the program's closures, whose panics and errors come out of the call that they happened in.

use crate::backup::BackupJob;
use crate::connection::Connection;
use crate::driver::{Driver, Failure};
use crate::event::{Answer, Event};
use crate::source::{Code, CodeFn};
use crate::text::cleaned;
use crate::token::Statements;
use crate::{BoxError, Error, Result};
use libmigrate_sys as sys;
use std::any::Any;
use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

/// A closure for events behind a lock of its own: options with a `Mutex<dyn ...>` in them could not be lent for less than their lifetime.
pub(crate) trait Hear: Send + Sync {
    /// `false`: cancel.
    fn hear(&self, event: &Event<'_>) -> bool;
}

impl<R: Answer, F: FnMut(&Event<'_>) -> R + Send> Hear for Mutex<F> {
    fn hear(&self, event: &Event<'_>) -> bool {
        self.lock().unwrap_or_else(PoisonError::into_inner)(event).goes_on()
    }
}

pub(crate) type EventFn<'a> = Arc<dyn Hear + 'a>;
pub(crate) type BackupFn<'a> = Arc<dyn Fn(&mut BackupJob<'_>) -> Result<(), BoxError> + Send + Sync + 'a>;

/// What a call hands over: freed where a closure's panic keeps it from being taken.
pub(crate) struct Out<T> {
    pointer: *mut T,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Out<T> {
    pub(crate) fn new(free: unsafe extern "C" fn(*mut T)) -> Self {
        Self { pointer: ptr::null_mut(), free }
    }

    pub(crate) fn place(&mut self) -> *mut *mut T {
        &mut self.pointer
    }

    pub(crate) fn take(&mut self) -> *mut T {
        std::mem::replace(&mut self.pointer, ptr::null_mut())
    }
}

impl<T> Drop for Out<T> {
    fn drop(&mut self) {
        if !self.pointer.is_null() {
            // SAFETY: the library's, and nobody has taken it.
            unsafe { (self.free)(self.pointer) }
        }
    }
}

/// Lives at one place as long as anything of C's knows it. Only the thread that calls uses it.
#[derive(Default)]
pub(crate) struct Context<'a> {
    pub(crate) event: Option<EventFn<'a>>,
    pub(crate) backup: Option<BackupFn<'a>>,
    pub(crate) declare: Option<CodeFn<'a>>,
    pub(crate) driver: Option<RefCell<Box<dyn Driver + Send + 'a>>>,
    pub(crate) statements: Option<Arc<Statements>>,
    pub(crate) panic: RefCell<Option<Box<dyn Any + Send>>>,
    pub(crate) cause: RefCell<Option<BoxError>>,
}

impl Context<'_> {
    /// Runs a closure; 1: it panicked, which is kept.
    fn guard(&self, body: impl FnOnce() -> i32) -> i32 {
        catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
            self.panic.borrow_mut().get_or_insert(panic);
            1
        })
    }

    /// What an error of the program is told as, and kept.
    fn keep(&self, error: BoxError) -> std::ffi::CString {
        let mut text = error.to_string();
        if let Some(Error::Sql(details)) = error.downcast_ref() {
            text.clone_from(&details.message);
        }
        self.cause.borrow_mut().replace(error);
        cleaned(&text)
    }

    /// A call of the library: its error, with what a closure failed with; a panic goes on from here.
    pub(crate) fn call(&self, function: impl FnOnce(*mut *mut sys::migrate_error) -> i32) -> Result<i32> {
        let mut error = ptr::null_mut();
        let code = function(&mut error);
        let cause = self.cause.take();
        if let Some(panic) = self.panic.take() {
            // SAFETY: the error comes from this call, or is NULL.
            unsafe { sys::migrate_error_free(error) };
            resume_unwind(panic);
        }
        if code < 0 {
            // SAFETY: the same.
            return Err(unsafe { Error::take(code, error, cause) });
        }
        Ok(code)
    }
}

pub(crate) unsafe extern "C" fn on_event(event: *const sys::migrate_event, user: *mut c_void) -> i32 {
    // SAFETY: `user` is the context of the session that calls; the event lives until this returns.
    let (context, event) = unsafe { (&*user.cast::<Context<'_>>(), Event::new(event)) };
    context.guard(|| {
        #[cfg(feature = "tracing")]
        crate::event::trace(&event);
        i32::from(!context.event.as_ref().is_none_or(|own| own.hear(&event)))
    })
}

pub(crate) unsafe extern "C" fn on_backup(job: *mut sys::migrate_backup_job, user: *mut c_void) -> i32 {
    // SAFETY: `user` is the context of the session that calls; the job lives until this returns.
    let context = unsafe { &*user.cast::<Context<'_>>() };
    context.guard(|| {
        let Some(own) = &context.backup else { return 1 };
        // SAFETY: as above.
        match own(&mut unsafe { BackupJob::new(job) }) {
            Ok(()) => 0,
            Err(error) => {
                let text = context.keep(error);
                // SAFETY: as above; the text is copied.
                unsafe { sys::migrate_backup_job_fail(job, text.as_ptr(), ptr::null()) }
            }
        }
    })
}

fn run_code(context: &Context<'_>, code: &CodeFn<'_>, connection: *mut sys::migrate_connection) -> i32 {
    context.guard(|| {
        // SAFETY: the connection lives until the callback returns.
        match code(&mut unsafe { Connection::new(connection) }) {
            Ok(()) => 0,
            Err(error) => {
                let text = context.keep(error);
                // SAFETY: as above; the text is copied.
                unsafe { sys::migrate_connection_fail(connection, text.as_ptr()) }
            }
        }
    })
}

pub(crate) unsafe extern "C" fn run_up(connection: *mut sys::migrate_connection, user: *mut c_void) -> i32 {
    // SAFETY: `user` is a code migration of the session that calls, and knows its context.
    let (code, context) = unsafe {
        let code = &*user.cast::<Code<'_>>();
        (code, &*code.context)
    };
    run_code(context, &code.up, connection)
}

pub(crate) unsafe extern "C" fn run_down(connection: *mut sys::migrate_connection, user: *mut c_void) -> i32 {
    // SAFETY: as in run_up().
    let (code, context) = unsafe {
        let code = &*user.cast::<Code<'_>>();
        (code, &*code.context)
    };
    code.down.as_ref().map_or(1, |down| run_code(context, down, connection))
}

pub(crate) unsafe extern "C" fn declare(connection: *mut sys::migrate_connection, user: *mut c_void) -> i32 {
    // SAFETY: `user` is the context of the session that calls.
    let context = unsafe { &*user.cast::<Context<'_>>() };
    context.declare.as_ref().map_or(1, |make| run_code(context, make, connection))
}

fn hand_over(answer: &crate::driver::Rows, result: *mut sys::migrate_result) -> i32 {
    // SAFETY: the result lives until the callback returns; names and values are copied.
    unsafe {
        if answer.columns() == 0 {
            return 0;
        }
        let mut code = sys::migrate_result_columns(result, answer.columns());
        for name in answer.names() {
            if code != sys::MIGRATE_OK {
                break;
            }
            code = sys::migrate_result_name(result, cleaned(name).as_ptr());
        }
        for value in &answer.values {
            if code != sys::MIGRATE_OK {
                break;
            }
            code = match value {
                Some(text) => sys::migrate_result_value(result, text.as_ptr().cast(), text.len()),
                None => sys::migrate_result_value(result, ptr::null(), 0),
            };
        }
        code
    }
}

fn refuse(failure: &Failure, result: *mut sys::migrate_result) -> i32 {
    let state = failure.sqlstate.as_deref().map(cleaned);
    let message = cleaned(&failure.message);
    let state = state.as_ref().map_or(ptr::null(), |text| text.as_ptr());
    // SAFETY: the result lives until the callback returns; texts are copied.
    unsafe { sys::migrate_result_fail(result, state, failure.driver_code, message.as_ptr(), i64::from(failure.position)) };
    1
}

pub(crate) unsafe extern "C" fn drive(
    sql: *const c_char,
    length: usize,
    result: *mut sys::migrate_result,
    user: *mut c_void,
) -> i32 {
    // SAFETY: `user` is the context of the session that calls; the text lives until this returns.
    let (context, sql) =
        unsafe { (&*user.cast::<Context<'_>>(), String::from_utf8_lossy(std::slice::from_raw_parts(sql.cast(), length))) };
    let outcome = context.guard(|| {
        let Some(driver) = &context.driver else { return 1 };
        if let Some(statements) = &context.statements {
            statements.begin();
        }
        let answer = driver.borrow_mut().run(&sql);
        if let Some(statements) = &context.statements {
            statements.end();
        }
        match answer {
            Ok(answer) => hand_over(&answer, result),
            Err(failure) => refuse(&failure, result),
        }
    });
    if context.panic.borrow().is_some() {
        refuse(&Failure::new("the program's driver panicked"), result);
    }
    outcome
}

pub(crate) unsafe extern "C" fn drives_in_transaction(user: *mut c_void) -> i32 {
    // SAFETY: `user` is the context of the session that calls.
    let context = unsafe { &*user.cast::<Context<'_>>() };
    let Some(driver) = &context.driver else { return -1 };
    let mut state = -1;
    context.guard(|| {
        state = driver.borrow_mut().in_transaction().map_or(-1, i32::from);
        0
    });
    state
}
