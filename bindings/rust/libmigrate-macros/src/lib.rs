// SPDX-License-Identifier: MIT
//! `embed_migrations!("folder")`: the folder's files, compiled into the program. Use it through the crate `libmigrate`.

use proc_macro::{TokenStream, TokenTree};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The `.sql` files of a folder and its folders, with their paths in it: a `libmigrate::Files`. The folder's path begins at the
/// package's Cargo.toml. A file that changes compiles anew; so that a file that is added does too, let the package's `build.rs` say
/// `println!("cargo:rerun-if-changed=migrations")`.
#[proc_macro]
pub fn embed_migrations(input: TokenStream) -> TokenStream {
    match expanded(input) {
        Ok(text) => text.parse().expect("a list of literals"),
        Err(why) => format!("::core::compile_error!({:?})", format!("embed_migrations!: {why}")).parse().expect("a literal"),
    }
}

fn expanded(input: TokenStream) -> Result<String, String> {
    let place = literal(input).ok_or("write the folder as a text: embed_migrations!(\"migrations\")")?;
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).ok_or("CARGO_MANIFEST_DIR is not set")?;
    let folder = root.join(&place);
    let mut files = Vec::new();
    collect(&folder, "", &mut files)?;
    if files.is_empty() {
        return Err(format!("there is no .sql file in {}", folder.display()));
    }
    files.sort();
    let mut text = String::from("::libmigrate::Files::new(&[");
    for (name, path) in files {
        let path = path.to_str().ok_or_else(|| format!("{}: not UTF-8", path.display()))?;
        write!(text, "({name:?}, ::core::include_bytes!({path:?}).as_slice()),").map_err(|error| error.to_string())?;
    }
    Ok(text + "])")
}

/// "migrations", r"migrations"
fn literal(input: TokenStream) -> Option<String> {
    let mut tokens = input.into_iter();
    let (Some(TokenTree::Literal(first)), None) = (tokens.next(), tokens.next()) else { return None };
    let text = first.to_string();
    let inner = text.trim_start_matches('r').trim_matches('#').strip_prefix('"')?.strip_suffix('"')?;
    (text.starts_with('r') || !inner.contains('\\')).then(|| inner.to_owned())
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in folder.read_dir().map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| format!("{}: not UTF-8", path.display()))?;
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else if name.ends_with(".sql") {
            files.push((format!("{prefix}{name}"), path));
        }
    }
    Ok(())
}
