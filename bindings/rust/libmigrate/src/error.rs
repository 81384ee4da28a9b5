// SPDX-License-Identifier: MIT
//! What went wrong: one variant for each code of the library, all with the same details.

use crate::results::Report;
use crate::text::{borrowed, taken};
use libmigrate_sys as sys;
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a closure of the program (a code migration, a backup) may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Nothing is wrong with the program: try again later.
    Retry,
    /// The migrations have to be mended.
    Source,
    /// The role lacks a right; the hint has the GRANT.
    Rights,
    /// An argument, an option or the order of calls is wrong.
    Usage,
    /// The database and the build differ: a person has to decide.
    State,
    /// The set-up has to be mended.
    Environment,
    /// Somebody asked for the end.
    Cancelled,
    /// A defect of the library.
    Internal,
    /// It may have been done or not: run again on a new connection, the history tells.
    Unknown,
}

impl Class {
    fn of(word: &str) -> Self {
        match word {
            "retry" => Self::Retry,
            "source" => Self::Source,
            "rights" => Self::Rights,
            "usage" => Self::Usage,
            "state" => Self::State,
            "environment" => Self::Environment,
            "cancelled" => Self::Cancelled,
            "internal" => Self::Internal,
            _ => Self::Unknown,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Source => "source",
            Self::Rights => "rights",
            Self::Usage => "usage",
            Self::State => "state",
            Self::Environment => "environment",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of an error. No password ever stands in it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Details {
    /// The library's word for it: `sql`, `locked` ...
    pub name: String,
    pub class: Class,
    /// One line.
    pub message: String,
    pub detail: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The migration.
    pub id: Option<String>,
    pub file: Option<String>,
    /// From 1, in the file.
    pub line: Option<u64>,
    /// From 1, in characters.
    pub column: Option<u64>,
    /// The failing statement, cut at 4 KiB.
    pub statement: Option<String>,
    /// PostgreSQL's five characters.
    pub sqlstate: Option<String>,
    /// SQLite's extended result code.
    pub driver_code: Option<i32>,
    /// The whole error for a person: place, message, the source line with a caret, detail, hint.
    pub text: String,
    /// What the program's own closure failed with.
    pub cause: Option<BoxError>,
}

macro_rules! errors {
    ($($(#[$about:meta])* $variant:ident = $code:ident,)*) => {
        /// What went wrong. Its text says what, where, why and what to do next.
        #[non_exhaustive]
        pub enum Error {
            $($(#[$about])* $variant(Box<Details>),)*
            /// Mode check: migrations are pending.
            Pending(Box<Report>),
            /// A start-up that was ended early, at a safe point: start again to go on.
            Stopped(Box<Report>),
            /// An error that a newer library has, and this version does not know.
            Other(Box<Details>),
        }

        impl Error {
            /// `None` of `Pending` and `Stopped`, which have a report instead.
            pub fn details(&self) -> Option<&Details> {
                match self {
                    $(Self::$variant(details) => Some(details),)*
                    Self::Other(details) => Some(details),
                    Self::Pending(_) | Self::Stopped(_) => None,
                }
            }

            fn of(code: i32, details: Box<Details>) -> Self {
                match code {
                    $(sys::$code => Self::$variant(details),)*
                    _ => Self::Other(details),
                }
            }

            fn variant(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)*
                    Self::Pending(_) => "Pending",
                    Self::Stopped(_) => "Stopped",
                    Self::Other(_) => "Other",
                }
            }
        }

        #[cfg(test)]
        pub(crate) const CODES: &[(i32, &str)] = &[$((sys::$code, stringify!($code))),*];
    };
}

errors! {
    /// Out of memory.
    OutOfMemory = MIGRATE_ERROR_NOMEM,
    /// An argument is out of range, or a call untimely.
    Misuse = MIGRATE_ERROR_MISUSE,
    /// Unknown option or bad value.
    Option = MIGRATE_ERROR_OPTION,
    /// A URL that names no known engine or cannot be read.
    Url = MIGRATE_ERROR_URL,
    /// libpq or libsqlite3 is absent, or lacks a function.
    Client = MIGRATE_ERROR_CLIENT,
    /// The database was not reachable within `wait_timeout`.
    Connect = MIGRATE_ERROR_CONNECT,
    /// Password, role or host refused by the server.
    Authentication = MIGRATE_ERROR_AUTHENTICATION,
    /// The server has no such database; the file does not exist.
    NoDatabase = MIGRATE_ERROR_NO_DATABASE,
    /// A directory, file, name or text of the migrations is not valid.
    Source = MIGRATE_ERROR_SOURCE,
    /// Two migrations with one id or one number.
    Duplicate = MIGRATE_ERROR_DUPLICATE,
    /// `Depends:` names an unknown id, forms a circle, or forbids this rollback.
    Dependency = MIGRATE_ERROR_DEPENDENCY,
    /// The target is unknown, or fits several ids.
    Target = MIGRATE_ERROR_TARGET,
    /// A statement failed; its migration was rolled back.
    Sql = MIGRATE_ERROR_SQL,
    /// A code migration or another closure of the program failed.
    Code = MIGRATE_ERROR_CODE,
    /// An applied migration's text has changed.
    Modified = MIGRATE_ERROR_MODIFIED,
    /// An applied migration is not in the source.
    Missing = MIGRATE_ERROR_MISSING,
    /// A pending number is lower than an applied one.
    Late = MIGRATE_ERROR_LATE,
    /// The database is ahead of this build.
    Ahead = MIGRATE_ERROR_AHEAD,
    /// An applied migration stands in the source under a new id.
    Renamed = MIGRATE_ERROR_RENAMED,
    /// The database has objects but no history.
    Unmanaged = MIGRATE_ERROR_UNMANAGED,
    /// The history table is not ours, newer than this library, or damaged.
    History = MIGRATE_ERROR_HISTORY,
    /// The role lacks a right; the hint has the GRANT.
    Rights = MIGRATE_ERROR_RIGHTS,
    /// Read-only file or server.
    ReadOnly = MIGRATE_ERROR_READ_ONLY,
    /// Another runner or writer holds the lock beyond `wait_timeout`, or a table's lock was not to be had.
    Locked = MIGRATE_ERROR_LOCKED,
    /// `run_deadline`, `max_blocking`, or mode wait beyond `wait_timeout`.
    Timeout = MIGRATE_ERROR_TIMEOUT,
    /// Cancelled by a token or by the closure for events.
    Cancelled = MIGRATE_ERROR_CANCELLED,
    /// The plan no longer fits the database or the source.
    Stale = MIGRATE_ERROR_STALE,
    /// No rollback text.
    Irreversible = MIGRATE_ERROR_IRREVERSIBLE,
    /// Refused by a guard.
    Refused = MIGRATE_ERROR_REFUSED,
    /// Work without a transaction ended half-way; a new run goes on behind the last statement that was done.
    Partial = MIGRATE_ERROR_PARTIAL,
    /// The connection broke during the run; what was under way was not committed.
    ConnectionLost = MIGRATE_ERROR_CONNECTION_LOST,
    /// The program's own connection is inside a transaction.
    InTransaction = MIGRATE_ERROR_IN_TRANSACTION,
    /// Disk full, I/O error, damaged database file.
    Io = MIGRATE_ERROR_IO,
    /// A defect of the library: please report it.
    Internal = MIGRATE_ERROR_INTERNAL,
    /// SQLite: the file is on a network file system, or on one without locks.
    FileSystem = MIGRATE_ERROR_FILE_SYSTEM,
    /// SQLite: the file is there only once the device or its encrypted folder is unlocked.
    DeviceLocked = MIGRATE_ERROR_DEVICE_LOCKED,
    /// The connection broke during COMMIT and the database could not be asked; the next run finds out.
    OutcomeUnknown = MIGRATE_ERROR_OUTCOME_UNKNOWN,
    /// No scratch database to try things in.
    Shadow = MIGRATE_ERROR_SHADOW,
    /// The schema is not the one that was claimed or wanted.
    Schema = MIGRATE_ERROR_SCHEMA,
}

impl Error {
    /// The library's word for it: `sql`, `locked`, `pending` ...
    pub fn name(&self) -> &str {
        match self {
            Self::Pending(_) => "pending",
            Self::Stopped(_) => "stopped",
            other => other.details().map_or("", |details| &details.name),
        }
    }

    /// What to do about it.
    pub fn class(&self) -> Class {
        match self {
            Self::Pending(_) => Class::State,
            Self::Stopped(_) => Class::Retry,
            other => other.details().map_or(Class::Unknown, |details| details.class),
        }
    }

    /// Something that this crate itself found wrong with what it was given.
    pub(crate) fn misuse(message: String) -> Self {
        Self::Misuse(Box::new(Details {
            name: "misuse".to_owned(),
            class: Class::Usage,
            text: message.clone(),
            message,
            detail: None,
            hint: None,
            id: None,
            file: None,
            line: None,
            column: None,
            statement: None,
            sqlstate: None,
            driver_code: None,
            cause: None,
        }))
    }

    /// # Safety
    /// `error` is one of the library's, and nobody else's; or NULL.
    pub(crate) unsafe fn take(code: i32, error: *mut sys::migrate_error, cause: Option<BoxError>) -> Self {
        // SAFETY: getters take NULL, texts live as long as the error, and all of them are copied before it is freed.
        unsafe {
            let text =
                |getter: unsafe extern "C" fn(*const sys::migrate_error) -> *const std::ffi::c_char| borrowed(getter(error));
            let number = |value: i64| u64::try_from(value).ok().filter(|value| *value > 0);
            let word = borrowed(sys::migrate_code_name(code)).unwrap_or_default();
            let message = text(sys::migrate_error_message).unwrap_or_else(|| word.clone());
            let mut whole = std::ptr::null_mut();
            sys::migrate_error_text(error, &mut whole);
            let whole = taken(whole);
            let driver_code = sys::migrate_error_driver_code(error);
            let details = Details {
                name: text(sys::migrate_error_name).unwrap_or(word),
                class: Class::of(&text(sys::migrate_error_class).unwrap_or_default()),
                detail: text(sys::migrate_error_detail),
                hint: text(sys::migrate_error_hint),
                id: text(sys::migrate_error_id),
                file: text(sys::migrate_error_file),
                line: number(sys::migrate_error_line(error)),
                column: number(sys::migrate_error_column(error)),
                statement: text(sys::migrate_error_statement),
                sqlstate: text(sys::migrate_error_sqlstate),
                driver_code: (driver_code != 0).then_some(driver_code),
                text: if whole.is_empty() { message.clone() } else { whole.trim_end().to_owned() },
                message,
                cause,
            };
            sys::migrate_error_free(error);
            Self::of(code, Box::new(details))
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending(report) => {
                write!(out, "{} migrations are pending, and mode check does not apply them", report.pending.unwrap_or(0))
            }
            Self::Stopped(_) => out.write_str("the migrations ended early, at a safe point; start again to go on"),
            other => out.write_str(other.details().map_or("", |details| &details.text)),
        }
    }
}

/// The text of a person, as `main() -> Result<...>` shows it.
impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {self}", self.variant())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause: &(dyn std::error::Error + 'static) = self.details()?.cause.as_deref()?;
        Some(cause)
    }
}
