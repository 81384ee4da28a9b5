// SPDX-License-Identifier: MIT
//! What the crate itself does, on both engines.

#[path = "../common/mod.rs"]
mod common;

mod asynchronous;
mod cancelling;
mod closures;
mod hosts;
mod verbs;

use libmigrate::{Files, embed_migrations};

pub static MIGRATIONS: Files = embed_migrations!("tests/migrations");
