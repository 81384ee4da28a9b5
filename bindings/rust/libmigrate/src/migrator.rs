// SPDX-License-Identifier: MIT
//! A database with its migrations, and everything that can be done with them.

use crate::context::{self, Out};
use crate::driver::Driver;
use crate::engine::Engine;
use crate::options::{Native, Options};
use crate::plan::{Plan, Target};
use crate::results::*;
use crate::rows::Rows;
use crate::run::Run;
use crate::source::settle;
use crate::text::{Lent, lent};
use crate::token::{Statements, Token};
use crate::{Error, Result};
use libmigrate_sys as sys;
use std::path::Path;
use std::ptr::{self, NonNull};

/// How deep [`Migrator::check`] looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Depth {
    /// The files, and the history where there is a database: nothing is run.
    Source,
    /// The same, and they run in a scratch database.
    #[default]
    Scratch,
    /// The same, and the sizes of the real tables decide how severe that is.
    Database,
}

/// What [`Migrator::graph`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum GraphOf {
    /// Migrations, by `Depends:`, and by what they need of each other.
    #[default]
    Migrations,
    /// Migrations, by `Depends:` alone.
    Declared,
    /// Tables, by foreign keys.
    Tables,
}

/// What [`Migrator::mark`] writes into the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mark {
    /// The id counts as applied.
    Applied,
    /// The id counts no longer.
    Forgotten,
    /// The source's text is the right one.
    AcceptChecksum,
    /// The new id stands for the old one.
    Renamed,
}

/// A database with its migrations. It holds one connection; going out of scope closes it.
pub struct Migrator<'a> {
    session: NonNull<sys::migrate_session>,
    native: Native<'a>,
}

// SAFETY: migrate.h: a handle may move between threads but serves one at a time, which &mut sees to. All closures are Send.
unsafe impl Send for Migrator<'_> {}

impl Drop for Migrator<'_> {
    fn drop(&mut self) {
        // SAFETY: it is ours; what it may call back goes behind it.
        unsafe { sys::migrate_close(self.session.as_ptr()) }
    }
}

impl std::fmt::Debug for Migrator<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Migrator").finish_non_exhaustive()
    }
}

type Place<T> = *mut *mut T;

impl<'a> Migrator<'a> {
    /// Connects to [`Options::url`].
    pub fn open(options: &Options<'a>) -> Result<Self> {
        // SAFETY: the options are alive, the outputs ours.
        Self::opened(options.native(None, None)?, |options, session, error| unsafe {
            sys::migrate_open(ptr::null(), options, session, error)
        })
    }

    /// The migrations alone, without any database, for [`check`](Self::check) and [`graph`](Self::graph).
    pub fn open_files(engine: Option<Engine>, options: &Options<'a>) -> Result<Self> {
        let engine = Lent::new(engine.map(Engine::as_str))?;
        // SAFETY: as in open().
        Self::opened(options.native(None, None)?, |options, session, error| unsafe {
            sys::migrate_open_files(engine.as_ptr(), options, session, error)
        })
    }

    /// On a connection of the program's own, whatever its library is.
    pub fn with_driver(driver: impl Driver + Send + 'a, options: &Options<'a>) -> Result<Self> {
        let statements = driver.interrupter().map(Statements::new);
        let engine = lent(driver.engine().as_str())?;
        let native = options.native(Some(Box::new(driver)), statements)?;
        let (mut made, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the context lives as long as the session, which keeps the driver alive; functions go as the pointers that they are.
        unsafe {
            let user = ptr::from_ref(&*native.context).cast_mut().cast();
            settle(sys::migrate_driver_new(engine.as_ptr(), user, &mut made, &mut error), error)?;
            let run: unsafe extern "C" fn(_, _, _, _) -> _ = context::drive;
            let state: unsafe extern "C" fn(_) -> _ = context::drives_in_transaction;
            let run = std::mem::transmute::<*const (), unsafe extern "C" fn()>(run as *const ());
            let state = std::mem::transmute::<*const (), unsafe extern "C" fn()>(state as *const ());
            for (name, function) in [(c"exec", run), (c"query", run), (c"in_transaction", state)] {
                sys::migrate_driver_set(made, name.as_ptr(), Some(function));
            }
            let opened = Self::opened(native, |options, session, error| sys::migrate_open_host(made, options, session, error));
            sys::migrate_driver_free(made);
            opened
        }
    }

    pub(crate) fn opened(
        native: Native<'a>,
        open: impl FnOnce(*const sys::migrate_options, Place<sys::migrate_session>, Place<sys::migrate_error>) -> i32,
    ) -> Result<Self> {
        let mut session = Out::new(sys::migrate_close);
        native.context.call(|error| open(native.raw(), session.place(), error))?;
        let session = NonNull::new(session.take()).ok_or_else(|| Error::misuse("no session".to_owned()))?;
        Ok(Self { session, native })
    }

    /// Ends this migrator's calls from another thread.
    pub fn token(&self) -> Token {
        self.native.token.clone()
    }

    pub(crate) fn call(
        &mut self,
        function: impl FnOnce(*mut sys::migrate_session, Place<sys::migrate_error>) -> i32,
    ) -> Result<i32> {
        let session = self.session.as_ptr();
        self.native.context.call(|error| function(session, error))
    }

    pub(crate) fn rows(
        &mut self,
        function: impl FnOnce(*mut sys::migrate_session, Place<sys::migrate_rows>, Place<sys::migrate_error>) -> i32,
    ) -> Result<(i32, Rows)> {
        let mut rows = Out::new(sys::migrate_rows_free);
        let code = self.call(|session, error| function(session, rows.place(), error))?;
        // SAFETY: the rows are ours.
        let rows = unsafe { Rows::take(rows.take()) }.ok_or_else(|| Error::misuse("a call without rows".to_owned()))?;
        Ok((code, rows))
    }

    fn report(
        &mut self,
        function: impl FnOnce(*mut sys::migrate_session, Place<sys::migrate_rows>, Place<sys::migrate_error>) -> i32,
    ) -> Result<Report> {
        let (code, rows) = self.rows(function)?;
        Ok(Report::read(&rows, code == sys::MIGRATE_STOPPED))
    }
}

// SAFETY of all calls below: the session is alive; texts live until the call returns; outputs are ours.
impl<'a> Migrator<'a> {
    /// What would run: changes nothing.
    pub fn plan(&mut self, target: impl Into<Target>) -> Result<Plan> {
        let target = Lent::new(target.into().text().as_deref())?;
        let mut plan = Out::new(sys::migrate_plan_free);
        self.call(|session, error| unsafe { sys::migrate_plan_make(session, target.as_ptr(), plan.place(), error) })?;
        unsafe { Plan::take(plan.take()) }
    }

    /// Runs everything pending.
    pub fn apply(&mut self) -> Result<Report> {
        self.report(|session, rows, error| unsafe { sys::migrate_apply(session, ptr::null(), rows, error) })
    }

    /// Runs a plan exactly as reviewed.
    pub fn apply_plan(&mut self, plan: &Plan) -> Result<Report> {
        self.report(|session, rows, error| unsafe { sys::migrate_apply(session, plan.raw(), rows, error) })
    }

    /// Runs everything up to a target.
    pub fn apply_to(&mut self, target: impl Into<Target>) -> Result<Report> {
        let plan = self.plan(target)?;
        self.apply_plan(&plan)
    }

    /// Rolls back; [`Target::Default`]: the last applied one.
    pub fn rollback(&mut self, target: impl Into<Target>) -> Result<Report> {
        let target = Lent::new(target.into().text().as_deref())?;
        self.report(|session, rows, error| unsafe { sys::migrate_rollback(session, target.as_ptr(), rows, error) })
    }

    /// The lifespan hook, by the option `mode`, on this connection: for readiness checks, too.
    pub fn startup(&mut self) -> Result<Report> {
        let mut rows = Out::new(sys::migrate_rows_free);
        let code = self.call(|session, error| unsafe { sys::migrate_startup_session(session, rows.place(), error) })?;
        started(code, unsafe { Rows::take(rows.take()) })
    }

    /// A run that you pull, of a plan or of everything pending.
    pub fn run(&mut self, plan: Option<&Plan>) -> Result<Run<'_, 'a>> {
        Run::begin(self, plan)
    }

    /// Every event in the history, the oldest first.
    pub fn history(&mut self) -> Result<History> {
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_history(session, rows, error) })?;
        Ok(History::read(&rows))
    }

    /// Every migration of the source and of the history, and where the database is.
    pub fn status(&mut self) -> Result<Status> {
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_status(session, rows, error) })?;
        Ok(Status::read(&rows))
    }

    /// The schema, as facts and as SQL that makes it.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_snapshot(session, rows, error) })?;
        Ok(Snapshot::read(&rows))
    }

    /// Up, down and up in a scratch database: do the rollback texts lead back? `Target::Id("pending".into())`: of the pending ones.
    pub fn verify(&mut self, target: impl Into<Target>) -> Result<Verification> {
        let target = Lent::new(target.into().text().as_deref())?;
        let (_, rows) =
            self.rows(|session, rows, error| unsafe { sys::migrate_verify(session, target.as_ptr(), rows, error) })?;
        Ok(Verification::read(&rows))
    }

    /// Runs a plan (none: everything pending) for real, and rolls it back: what it costs, what it locks.
    pub fn rehearse(&mut self, plan: Option<&Plan>) -> Result<Rehearsal> {
        let plan = plan.map_or(ptr::null(), Plan::raw);
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_rehearse(session, plan, rows, error) })?;
        Ok(Rehearsal::read(&rows))
    }

    /// Was the schema changed by somebody else than the migrations?
    pub fn diff(&mut self) -> Result<Drift> {
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_diff(session, rows, error) })?;
        Ok(Drift::read(&rows))
    }

    /// The migration that leads to another schema: SQL text, a URL, or none: the declared one.
    pub fn generate(&mut self, to: Option<&str>) -> Result<Generated> {
        let to = Lent::new(to)?;
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_generate(session, to.as_ptr(), rows, error) })?;
        Ok(Generated::read(&rows))
    }

    /// The rollback text that can be generated for one migration.
    pub fn generate_down(&mut self, id: &str) -> Result<GeneratedDown> {
        let id = lent(id)?;
        let (_, rows) =
            self.rows(|session, rows, error| unsafe { sys::migrate_generate_down(session, id.as_ptr(), rows, error) })?;
        Ok(GeneratedDown::read(&rows))
    }

    /// What is missing of the declared schema; `apply` brings it in.
    pub fn reconcile(&mut self, apply: bool) -> Result<Reconciliation> {
        let mode = if apply { c"apply" } else { c"report" };
        let (_, rows) =
            self.rows(|session, rows, error| unsafe { sys::migrate_reconcile(session, mode.as_ptr(), rows, error) })?;
        Ok(Reconciliation::read(&rows))
    }

    /// What is wrong with the migrations, or will be when they run.
    pub fn check(&mut self, depth: Depth) -> Result<Check> {
        let depth = match depth {
            Depth::Source => c"source".as_ptr(),
            Depth::Scratch => ptr::null(),
            Depth::Database => c"database".as_ptr(),
        };
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_check(session, depth, rows, error) })?;
        Ok(Check::read(&rows))
    }

    /// Before a merge: do the migrations fit to those of another side? `base`: the files from which both sides began.
    pub fn check_against(&mut self, dir: impl AsRef<Path>, base: Option<&Path>) -> Result<Check> {
        let dir = lent(&dir.as_ref().to_string_lossy())?;
        let base = Lent::new(base.map(Path::to_string_lossy).as_deref())?;
        let (_, rows) = self.rows(|session, rows, error| unsafe {
            sys::migrate_check_against(session, dir.as_ptr(), base.as_ptr(), rows, error)
        })?;
        Ok(Check::read(&rows))
    }

    /// Who needs whom. `at`: of tables, behind which migration.
    pub fn graph(&mut self, of: GraphOf, at: Option<&str>) -> Result<Graph> {
        let at = Lent::new(at)?;
        let of = match of {
            GraphOf::Migrations => c"migrations",
            GraphOf::Declared => c"declared",
            GraphOf::Tables => c"tables",
        };
        let (_, rows) =
            self.rows(|session, rows, error| unsafe { sys::migrate_graph(session, of.as_ptr(), at.as_ptr(), rows, error) })?;
        Ok(Graph::read(&rows))
    }

    /// Makes a backup now, outside of any run.
    pub fn backup(&mut self) -> Result<Backup> {
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_backup(session, rows, error) })?;
        rows.all().pop().ok_or_else(|| Error::misuse("a backup without a row".to_owned()))
    }

    /// The backups of this database, the newest first.
    pub fn backups(&mut self) -> Result<Vec<Backup>> {
        let (_, rows) = self.rows(|session, rows, error| unsafe { sys::migrate_backups(session, rows, error) })?;
        Ok(rows.all())
    }

    /// Brings the contents of a backup back; none: of the newest verified one. Needs the option `confirm`.
    pub fn restore(&mut self, file: Option<&Path>) -> Result<Report> {
        let file = Lent::new(file.map(Path::to_string_lossy).as_deref())?;
        self.report(|session, rows, error| unsafe { sys::migrate_restore(session, file.as_ptr(), rows, error) })
    }

    /// Marks the database as one whose data are precious, or not.
    pub fn protect(&mut self, on: bool, reason: &str) -> Result<Report> {
        let reason = lent(reason)?;
        self.report(|session, rows, error| unsafe { sys::migrate_protect(session, i32::from(on), reason.as_ptr(), rows, error) })
    }

    /// Writes the history without running anything. No id: all modified, or all renamed ones.
    pub fn mark(&mut self, mark: Mark, id: Option<&str>, reason: &str) -> Result<Report> {
        let (id, reason) = (Lent::new(id)?, lent(reason)?);
        let word = match mark {
            Mark::Applied => c"applied",
            Mark::Forgotten => c"forgotten",
            Mark::AcceptChecksum => c"accept-checksum",
            Mark::Renamed => c"renamed",
        };
        self.report(|session, rows, error| unsafe {
            sys::migrate_mark(session, word.as_ptr(), id.as_ptr(), reason.as_ptr(), rows, error)
        })
    }

    /// Adopts a database that was built without libmigrate: everything up to the target counts as applied.
    pub fn baseline(&mut self, target: impl Into<Target>, reason: Option<&str>) -> Result<Report> {
        let (target, reason) = (Lent::new(target.into().text().as_deref())?, Lent::new(reason)?);
        self.report(|session, rows, error| unsafe {
            sys::migrate_baseline(session, target.as_ptr(), reason.as_ptr(), rows, error)
        })
    }

    /// The same from a table of the former tool, whose column holds file names, ids or version numbers.
    pub fn baseline_from_table(&mut self, table: &str, column: &str, reason: Option<&str>) -> Result<Report> {
        let (table, column, reason) = (lent(table)?, lent(column)?, Lent::new(reason)?);
        self.report(|session, rows, error| unsafe {
            sys::migrate_baseline_from_table(session, table.as_ptr(), column.as_ptr(), reason.as_ptr(), rows, error)
        })
    }
}

/// The report of a start-up, unless its answer is that the program must not start.
fn started(code: i32, rows: Option<Rows>) -> Result<Report> {
    let report = rows.map_or_else(Report::empty, |rows| Report::read(&rows, code == sys::MIGRATE_STOPPED));
    match code {
        sys::MIGRATE_PENDING => Err(Error::Pending(Box::new(report))),
        sys::MIGRATE_STOPPED => Err(Error::Stopped(Box::new(report))),
        _ => Ok(report),
    }
}

/// The lifespan hook in one call: brings the database to the schema of this program, by the option `mode`. An error: the program must
/// not start, and the error's text says what to do.
pub fn startup(options: &Options<'_>) -> Result<Report> {
    let native = options.native(None, None)?;
    let mut rows = Out::new(sys::migrate_rows_free);
    // SAFETY: the options are alive, the output ours.
    let code = native.context.call(|error| unsafe { sys::migrate_startup(ptr::null(), native.raw(), rows.place(), error) })?;
    // SAFETY: the rows are ours.
    started(code, unsafe { Rows::take(rows.take()) })
}
