// SPDX-License-Identifier: MIT
//! Backups of a server's database, which the program makes by itself: the library starts no other program.

use crate::rows::str_of;
use libmigrate_sys as sys;
use std::marker::PhantomData;
use std::path::Path;

/// What is wanted of the closure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BackupVerb {
    /// Write the file, mode 0600, and flush it to disk.
    Backup,
    /// Can the file be read, and is it whole?
    Verify,
    /// Bring its contents back.
    Restore,
}

/// What the closure of [`Options::on_backup`](crate::Options::on_backup) is asked for.
pub struct BackupJob<'j> {
    job: *mut sys::migrate_backup_job,
    _alive: PhantomData<&'j mut ()>,
}

impl<'j> BackupJob<'j> {
    /// # Safety
    /// `job` is what a callback got, and this does not outlive it.
    pub(crate) unsafe fn new(job: *mut sys::migrate_backup_job) -> Self {
        Self { job, _alive: PhantomData }
    }

    pub fn verb(&self) -> BackupVerb {
        // SAFETY: the job is alive, and owns its texts; so for all of these.
        match unsafe { str_of(sys::migrate_backup_job_verb(self.job)) } {
            Some("verify") => BackupVerb::Verify,
            Some("restore") => BackupVerb::Restore,
            _ => BackupVerb::Backup,
        }
    }

    /// Of a backup: one that does not exist yet, in a folder that does.
    pub fn file(&self) -> &'j Path {
        // SAFETY: see verb().
        Path::new(unsafe { str_of(sys::migrate_backup_job_file(self.job)) }.unwrap_or_default())
    }

    /// The tables that are wanted, quoted and with their schemas. None: the whole database.
    pub fn tables(&self) -> Vec<&'j str> {
        // SAFETY: see verb().
        (0..).map_while(|number| unsafe { str_of(sys::migrate_backup_job_table(self.job, number)) }).collect()
    }

    /// The database's URL, with its password: never for a child's arguments. `None`: the program's own connection.
    pub fn url(&self) -> Option<&'j str> {
        // SAFETY: see verb().
        unsafe { str_of(sys::migrate_backup_job_url(self.job)) }
    }

    /// The server's version: what makes the backup must not be older.
    pub fn server(&self) -> Option<&'j str> {
        // SAFETY: see verb().
        unsafe { str_of(sys::migrate_backup_job_server(self.job)) }
    }

    /// Ask at least ten times a second, and give up at once when it is true.
    pub fn is_cancelled(&mut self) -> bool {
        // SAFETY: see verb().
        unsafe { sys::migrate_backup_job_cancelled(self.job) != 0 }
    }
}

impl std::fmt::Debug for BackupJob<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "BackupJob({:?} {})", self.verb(), self.file().display())
    }
}
