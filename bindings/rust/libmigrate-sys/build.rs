// SPDX-License-Identifier: MIT
//! Finds an installed libmigrate 1.x by pkg-config, or compiles the one file that the package brings along.
//!
//! The feature `vendored`, or LIBMIGRATE_VENDORED=1 in the environment, leaves an installed one aside.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBMIGRATE_VENDORED");
    let vendored =
        env::var_os("CARGO_FEATURE_VENDORED").is_some() || env::var("LIBMIGRATE_VENDORED").is_ok_and(|value| value != "0");
    if !vendored && pkg_config::Config::new().range_version("1.0.0".."2.0.0").probe("libmigrate").is_ok() {
        return;
    }
    compile(&source());
}

/// The folder with libmigrate.c. In a checkout that has none yet, it is made of the library's files.
fn source() -> PathBuf {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let vendor = here.join("vendor");
    println!("cargo:rerun-if-changed=vendor");
    if vendor.join("libmigrate.c").exists() {
        println!("cargo:rerun-if-changed=vendor/libmigrate.c");
        return vendor;
    }
    let script = here.join("../../../lib/amalgamate.py");
    println!("cargo:rerun-if-changed={}", script.parent().unwrap().display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap()).join("vendor");
    std::fs::create_dir_all(&out).unwrap();
    let status = Command::new("python3").arg("-B").arg(&script).arg(&out).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{}: neither vendor/libmigrate.c nor a checkout to make it of",
        script.display()
    );
    out
}

fn headers_of(package: &str, debian: &str) -> Vec<PathBuf> {
    match pkg_config::Config::new().cargo_metadata(false).probe(package) {
        Ok(library) => library.include_paths,
        Err(error) => panic!("compiling libmigrate takes the headers of {package} (Debian: {debian}): {error}"),
    }
}

fn compile(folder: &Path) {
    let mut build = cc::Build::new();
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
