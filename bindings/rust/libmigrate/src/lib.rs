// SPDX-License-Identifier: MIT
#![doc = include_str!("../README.md")]
#![warn(missing_debug_implementations)]
#![allow(clippy::missing_errors_doc)]

#[cfg(feature = "tokio")]
pub mod asynchronous;
mod backup;
mod connection;
mod context;
pub mod driver;
mod engine;
mod error;
mod event;
mod migrator;
pub mod options;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod results;
mod rows;
mod run;
#[cfg(feature = "rusqlite")]
mod rusqlite;
mod source;
mod text;
mod token;

pub use backup::{BackupJob, BackupVerb};
pub use connection::Connection;
pub use driver::Driver;
pub use engine::Engine;
pub use error::{BoxError, Class, Details, Error, Result};
pub use event::{Answer, Event, Level};
pub use libmigrate_macros::embed_migrations;
pub use migrator::{Depth, GraphOf, Mark, Migrator, startup};
pub use options::{Mode, Options};
pub use plan::{Plan, Target};
pub use results::*;
pub use rows::{RowOf, Rows};
pub use run::Run;
pub use source::{Files, Source};
pub use token::{CancelOnDrop, Token};

#[cfg(test)]
extern crate self as libmigrate;
#[cfg(all(test, feature = "rusqlite", feature = "postgres"))]
mod tests;

use libmigrate_sys as sys;

/// The rules of [`Migrator::check`], with their severities.
pub fn rules() -> Result<Vec<Rule>> {
    let (mut rows, mut error) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: both outputs are ours.
    unsafe {
        source::settle(sys::migrate_check_rules(&mut rows, &mut error), error)?;
        Ok(Rows::take(rows).map(|rows| rows.all()).unwrap_or_default())
    }
}

/// Of the C library that runs: `1.0.0`.
pub fn version() -> &'static str {
    // SAFETY: the text is static.
    unsafe { rows::str_of(sys::migrate_version()) }.unwrap_or_default()
}

/// Whether the C library has a feature: `sqlite`, `postgresql`, `dlopen`, `linked`.
pub fn has(feature: &str) -> bool {
    // SAFETY: the text lives until the call returns.
    text::lent(feature).is_ok_and(|feature| unsafe { sys::migrate_has(feature.as_ptr()) } != 0)
}
