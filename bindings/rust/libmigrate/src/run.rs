// SPDX-License-Identifier: MIT
//! A run, pulled step by step.

use crate::context::Out;
use crate::migrator::Migrator;
use crate::results::Report;
use crate::rows::Rows;
use crate::{Plan, Result};
use libmigrate_sys as sys;
use std::ptr;

/// For programs that answer others between two steps: each has committed when its call returns. It holds the lock until
/// [`end`](Self::end), or until it goes out of scope.
#[derive(Debug)]
pub struct Run<'m, 'a> {
    migrator: &'m mut Migrator<'a>,
    run: *mut sys::migrate_run,
    stopped: bool,
}

// SAFETY: migrate.h: a handle may move between threads; the migrator, which may too, is borrowed as long as it lives.
unsafe impl Send for Run<'_, '_> {}

impl<'m, 'a> Run<'m, 'a> {
    pub(crate) fn begin(migrator: &'m mut Migrator<'a>, plan: Option<&Plan>) -> Result<Self> {
        let mut run = Out::new(end);
        let plan = plan.map_or(ptr::null(), Plan::raw);
        // SAFETY: session and plan are alive, the output is ours.
        migrator.call(|session, error| unsafe { sys::migrate_run_begin(session, plan, run.place(), error) })?;
        Ok(Self { migrator, run: run.take(), stopped: false })
    }

    /// `true`: a step was done, call again. `false`: nothing was left, or the run was stopped.
    pub fn step(&mut self) -> Result<bool> {
        let run = self.run;
        // SAFETY: the run is alive.
        let code = self.migrator.call(|_, error| unsafe { sys::migrate_run_step(run, error) })?;
        self.stopped = code == sys::MIGRATE_STOPPED;
        Ok(code == sys::MIGRATE_MORE)
    }

    /// Ends the run, early if steps are left, and says what it did.
    pub fn end(mut self) -> Result<Report> {
        let stopped = self.stopped;
        let rows = self.finish()?;
        Ok(rows.map_or_else(Report::empty, |rows| Report::read(&rows, stopped)))
    }

    fn finish(&mut self) -> Result<Option<Rows>> {
        let run = std::mem::replace(&mut self.run, ptr::null_mut());
        let mut rows = Out::new(sys::migrate_rows_free);
        // SAFETY: the run is alive, and ended once; it is freed whatever the call returns.
        let outcome = self.migrator.call(|_, error| unsafe { sys::migrate_run_end(run, rows.place(), error) });
        // SAFETY: the rows are ours.
        let rows = unsafe { Rows::take(rows.take()) };
        outcome.map(|_| rows)
    }
}

impl Drop for Run<'_, '_> {
    fn drop(&mut self) {
        if !self.run.is_null() && !std::thread::panicking() {
            // What went wrong has been told by step(); there is nobody left to tell of the end.
            _ = self.finish();
        } else if !self.run.is_null() {
            // SAFETY: as in finish(). A closure that panics now stays kept, and does not go on from here.
            unsafe { end(self.run) };
        }
    }
}

unsafe extern "C" fn end(run: *mut sys::migrate_run) {
    // SAFETY: as the caller promises; whatever it returns, the run is freed.
    unsafe { sys::migrate_run_end(run, ptr::null_mut(), ptr::null_mut()) };
}
