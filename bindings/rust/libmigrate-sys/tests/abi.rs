// SPDX-License-Identifier: MIT
//! Every constant, callback and function of the header is declared, and as the header has it: a C compiler compares.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn header() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = here.join("../../../include/migrate.h");
    if repository.exists() { repository } else { here.join("vendor/migrate.h") }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Without comments, directives' line ends and runs of white space.
fn plain_header() -> String {
    let mut text = read(&header()).replace("\\\n", " ");
    while let (Some(begin), Some(end)) = (text.find("/*"), text.find("*/")) {
        text.replace_range(begin..end + 2, " ");
    }
    text
}

fn declarations() -> Vec<String> {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bindings.rs"));
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let text = lines.join(" ").replace(['{', '}'], ";");
    text.split(';').map(|one| one.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// `*const c_char` -> `const char *`
fn c_type(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix("*const ") {
        return format!("const {} *", c_type(inner));
    }
    if let Some(inner) = text.strip_prefix("*mut ") {
        return format!("{} *", c_type(inner));
    }
    match text {
        "i32" => "int32_t",
        "i64" => "int64_t",
        "usize" => "size_t",
        "c_char" => "char",
        "c_void" => "void",
        other => other,
    }
    .to_owned()
}

/// `(name: type, ...) -> type` as result and parameters.
fn c_signature(text: &str) -> (String, String) {
    let inside = &text[text.find('(').unwrap() + 1..text.rfind(')').unwrap()];
    let parameters: Vec<String> =
        inside.split(',').filter(|one| !one.trim().is_empty()).map(|one| c_type(one.split_once(':').unwrap().1)).collect();
    let result = text.rsplit_once(") -> ").map_or("void".to_owned(), |(_, result)| c_type(result));
    (result, if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") })
}

/// The names that a text has behind some words.
fn names(text: &str, pattern: impl Fn(&str) -> Option<&str>) -> BTreeSet<String> {
    text.split(';').flat_map(str::lines).filter_map(|line| pattern(line.trim())).map(str::to_owned).collect()
}

#[test]
fn a_c_compiler_agrees() {
    let mut c = format!("#include \"{}\"\n", header().display());
    let (mut constants, mut callbacks, mut functions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for one in declarations() {
        if let Some(rest) = one.strip_prefix("pub const ") {
            let (name, value) = rest.split_once(": ").unwrap();
            let value = match value.split_once(" = ").unwrap().1 {
                "usize::MAX" => "SIZE_MAX",
                value => value,
            };
            c += &format!("_Static_assert({name} == ({value}), \"{name}\");\n");
            constants.insert(name.to_owned());
        } else if let Some(rest) = one.strip_prefix("pub type ") {
            let (name, shape) = rest.split_once(" = ").unwrap();
            let shape = shape.strip_prefix("Option<").unwrap().strip_suffix('>').unwrap();
            let (result, parameters) = c_signature(shape);
            c += &format!("_Static_assert(_Generic(({name})0, {result} (*)({parameters}): 1, default: 0), \"{name}\");\n");
            callbacks.insert(name.to_owned());
        } else if let Some(rest) = one.strip_prefix("pub fn ") {
            let name = rest.split('(').next().unwrap();
            let (result, parameters) = c_signature(rest);
            c += &format!("{result} {name}({parameters});\n");
            functions.insert(name.to_owned());
        }
    }
    compile(&c).unwrap_or_else(|said| panic!("{said}"));
    assert!(compile(&format!("{c}_Static_assert(MIGRATE_OK == 1, \"\");\n")).is_err(), "the compiler compares nothing");
    assert!(compile(&format!("{c}int32_t migrate_version(void);\n")).is_err(), "the compiler compares nothing");

    let header = plain_header();
    let defined = names(&header, |line| {
        let (name, value) = line.strip_prefix("#define ")?.split_once(char::is_whitespace)?;
        let is_value = !value.trim().is_empty() && name.starts_with("MIGRATE_") && name != "MIGRATE_API";
        is_value.then_some(name)
    });
    assert_eq!(constants, defined);
    let flat = header.split_whitespace().collect::<Vec<_>>().join(" ");
    let declared: BTreeSet<String> = flat
        .split("MIGRATE_API ")
        .skip(1)
        .filter_map(|one| one.split('(').next()?.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("migrate_"))
        .map(str::to_owned)
        .collect();
    assert_eq!(functions, declared);
    assert!(functions.len() > 100);
    let typed: BTreeSet<String> =
        flat.split("typedef ").filter_map(|one| one.split_once("(*")?.1.split(')').next()).map(str::to_owned).collect();
    assert_eq!(callbacks, typed);
}

fn compile(text: &str) -> Result<(), String> {
    let file = std::env::temp_dir().join(format!("libmigrate_abi_{}.c", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let compiler = std::env::var("CC").unwrap_or("cc".to_owned());
    let output = Command::new(compiler).args(["-std=c11", "-Werror", "-fsyntax-only"]).arg(&file).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[test]
fn the_library_that_is_linked_is_of_this_header() {
    // SAFETY: the functions take nothing.
    unsafe {
        let number = libmigrate_sys::migrate_version_number();
        assert!((libmigrate_sys::MIGRATE_VERSION_NUMBER..2_000_000).contains(&number), "{number}");
        assert!(!libmigrate_sys::migrate_version().is_null());
    }
}

/// Whatever the header has is of use in the safe crate.
#[test]
fn nothing_is_out_of_reach() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../libmigrate/src");
    let mut text = String::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            text += &read(&path);
        }
    }
    text += &read(&folder.join("options/mod.rs"));
    let unused: Vec<String> = declarations()
        .iter()
        .filter_map(|one| one.strip_prefix("pub fn ")?.split('(').next())
        .filter(|name| !text.contains(*name))
        .map(str::to_owned)
        .collect();
    // Errors and rows are structs here, whose fields are read; a JSON text of them is for those who have none.
    let meant = ["migrate_version_number", "migrate_error_code", "migrate_error_json", "migrate_options_get"];
    let meant: Vec<String> = meant.iter().map(|&name| name.to_owned()).filter(|name| unused.contains(name)).collect();
    assert_eq!(unused, meant);
}
