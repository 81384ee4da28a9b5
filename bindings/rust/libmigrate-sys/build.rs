// SPDX-License-Identifier: MIT
//! Finds an installed libmigrate 1.x by pkg-config, or compiles the one file that the package brings along.
//!
//! The feature `vendored`, or LIBMIGRATE_VENDORED=1 in the environment, leaves an installed one aside.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-env-changed=LIBMIGRATE_VENDORED");
    let vendored =
        env::var_os("CARGO_FEATURE_VENDORED").is_some() || env::var("LIBMIGRATE_VENDORED").is_ok_and(|value| value != "0");
    if !vendored && pkg_config::Config::new().range_version("1.0.0".."2.0.0").probe("libmigrate").is_ok() {
        return;
    }
    // In a checkout these are links to the files of the Go package.
    compile(&PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vendor"));
}

fn headers_of(package: &str, debian: &str) -> Vec<PathBuf> {
    match pkg_config::Config::new().cargo_metadata(false).probe(package) {
        Ok(library) => library.include_paths,
        Err(error) => panic!("compiling libmigrate takes the headers of {package} (Debian: {debian}): {error}"),
    }
}

fn compile(folder: &Path) {
    let mut build = cc::Build::new();
    println!("cargo:rerun-if-changed=vendor/libmigrate.c");
    println!("cargo:rerun-if-changed=vendor/migrate.h");
    build.file(folder.join("libmigrate.c")).include(folder).std("gnu11").warnings(false);
    // What the functions are called in there is nobody else's business.
    build.flag_if_supported("-fvisibility=hidden");
    // Headers alone: libpq and libsqlite3 themselves are loaded when a URL needs them.
    for (feature, omit, package, debian) in [
        ("CARGO_FEATURE_SQLITE", "MIGRATE_OMIT_SQLITE", "sqlite3", "libsqlite3-dev"),
        ("CARGO_FEATURE_POSTGRESQL", "MIGRATE_OMIT_POSTGRESQL", "libpq", "libpq-dev"),
    ] {
        if env::var_os(feature).is_some() {
            build.includes(headers_of(package, debian));
        } else {
            build.define(omit, None);
        }
    }
    build.compile("migrate");
    if pkg_config::Config::new().probe("libmd").is_err() {
        println!("cargo:rustc-link-lib=md");
    }
    println!("cargo:include={}", folder.display());
}
