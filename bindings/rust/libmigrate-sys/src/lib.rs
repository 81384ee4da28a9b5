// SPDX-License-Identifier: MIT
//! The functions, constants and types of `migrate.h`, whose comments are their manual.
//!
//! Programs use the crate `libmigrate`; this one is for what that lacks. It links with an installed libmigrate 1.x that
//! pkg-config finds, or compiles the source that it brings along.

#![allow(non_camel_case_types)]
#![allow(clippy::missing_safety_doc, clippy::too_many_arguments)]

mod bindings;

pub use bindings::*;
