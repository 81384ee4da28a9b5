// SPDX-License-Identifier: MIT
//! What this crate says of the library's tables, against the tables themselves: each call is made, and its struct has to say what the
//! library's own JSON says.

#[path = "../tests/common/mod.rs"]
mod common;

use crate::error::CODES;
use crate::results::*;
use crate::rows::{Row, Rows};
use crate::{Engine, Migrator, Options, Source, sys};
use common::{Database, engines};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ptr;

type Session = *mut sys::migrate_session;
type OutRows = *mut *mut sys::migrate_rows;
type OutError = *mut *mut sys::migrate_error;

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept: Map<_, _> = object.into_iter().filter(|(_, item)| !item.is_null()).collect();
            Value::Object(kept.into_iter().map(|(name, item)| (name, without_nulls(item))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Columns are there, all of them, and nothing has another value or another type.
fn same(what: &str, rows: &Rows, columns: &[&str], values: Option<&[&str]>, own: &str) {
    let raw = parsed(&rows.json());
    if !rows.columns().is_empty() {
        let (real, known): (BTreeSet<_>, BTreeSet<_>) = (rows.columns().into_iter().collect(), columns.iter().copied().collect());
        assert_eq!(real, known, "{what}: columns");
    }
    let Some(values) = values else {
        assert_eq!(without_nulls(raw["rows"].clone()), without_nulls(parsed(own)), "{what}");
        return;
    };
    let real: BTreeSet<_> = raw.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "rows").collect();
    let unknown: Vec<_> = real.iter().filter(|name| !values.contains(name)).collect();
    assert!(unknown.is_empty(), "{what}: values {unknown:?} have no field");
    let missing: Vec<_> = values.iter().filter(|name| !real.contains(*name) && raw[**name] != Value::Null).collect();
    assert!(missing.is_empty(), "{what}: {missing:?}");
    assert_eq!(without_nulls(raw), without_nulls(parsed(own)), "{what}");
}

fn list<T: Row>(what: &str, rows: &Rows) {
    let mut own = String::new();
    crate::rows::json_rows(&mut own, &rows.all::<T>());
    same(what, rows, T::COLUMNS, None, &own);
}

fn call(migrator: &mut Migrator<'_>, function: impl FnOnce(Session, OutRows, OutError) -> i32) -> Rows {
    migrator.rows(function).unwrap().1
}

macro_rules! whole {
    ($migrator:expr, $table:ident, $row:ident, $function:ident $(, $argument:expr)*) => {{
        // SAFETY: arguments are static texts or NULL.
        let rows = call($migrator, |session, out, error| unsafe { sys::$function(session, $($argument,)* out, error) });
        same(stringify!($function), &rows, $row::COLUMNS, Some($table::VALUES), &$table::read(&rows).to_json());
    }};
}

fn migrations(folder: &common::Folder) {
    folder.write("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY, name text);\n-- ROLLBACK: DROP TABLE a;\n");
    folder.write("002_b.sql", "CREATE TABLE b (a integer REFERENCES a (id));\n");
    folder.write("003_c.sql", "DROP TABLE b;\n-- ROLLBACK: CREATE TABLE b (a integer);\n");
    folder.write("repeatable/v.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT id FROM a;\n");
}

#[test]
fn tables_are_what_their_structs_say() {
    for engine in engines() {
        let (database, folder) = (Database::new(engine), common::Folder::new());
        migrations(&folder);
        let options =
            Options::new().url(&database.url).dir(folder.path()).set("backup_dir", folder.path().join("b").display().to_string());
        let options =
            options.declared_sql("CREATE TABLE a (id integer PRIMARY KEY, name text);\nCREATE TABLE more (id integer);\n");
        let options = options.fingerprint(true).on_event(|_| ()).on_backup(|_| Ok(()));
        let migrator = &mut Migrator::open(&options).unwrap();
        let (steps, findings) = migrator.plan("002_b").unwrap().rows();
        same("plan", &steps, Step::COLUMNS, Some(Steps::VALUES), &Steps::read(&steps).to_json());
        list::<Finding>("findings of a plan", &findings);
        whole!(migrator, Status, MigrationStatus, migrate_status);
        migrator.apply_to("002_b").unwrap();
        let (_, findings) = migrator.plan("003_c").unwrap().rows();
        assert!(!findings.is_empty());
        list::<Finding>("findings of a plan", &findings);
        whole!(migrator, Status, MigrationStatus, migrate_status);
        whole!(migrator, History, HistoryEvent, migrate_history);
        whole!(migrator, Snapshot, Fact, migrate_snapshot);
        whole!(migrator, Check, Finding, migrate_check, ptr::null());
        whole!(migrator, Check, Finding, migrate_check, c"database".as_ptr());
        let dir = crate::text::lent(folder.path().to_str().unwrap()).unwrap();
        whole!(migrator, Check, Finding, migrate_check_against, dir.as_ptr(), ptr::null());
        whole!(migrator, Graph, GraphPart, migrate_graph, ptr::null(), ptr::null());
        whole!(migrator, Graph, GraphPart, migrate_graph, c"tables".as_ptr(), ptr::null());
        whole!(migrator, Verification, Verified, migrate_verify, ptr::null());
        whole!(migrator, Rehearsal, Rehearsed, migrate_rehearse, ptr::null());
        whole!(migrator, Generated, LeftOut, migrate_generate, ptr::null());
        whole!(migrator, GeneratedDown, LeftOut, migrate_generate_down, c"002_b".as_ptr());
        if engine == Engine::Sqlite {
            // SAFETY: there are no arguments.
            list::<Backup>("backup", &call(migrator, |session, out, error| unsafe { sys::migrate_backup(session, out, error) }));
            // SAFETY: the same.
            list::<Backup>(
                "backups",
                &call(migrator, |session, out, error| unsafe { sys::migrate_backups(session, out, error) }),
            );
        }
        // SAFETY: NULL is fine.
        reports(&call(migrator, |session, out, error| unsafe { sys::migrate_apply(session, ptr::null(), out, error) }));
        whole!(migrator, Reconciliation, Reconciled, migrate_reconcile, c"report".as_ptr());
        whole!(migrator, Reconciliation, Reconciled, migrate_reconcile, c"apply".as_ptr());
        database.script("CREATE TABLE by_hand (id integer);");
        whole!(migrator, Drift, Difference, migrate_diff);
        // SAFETY: the texts are static.
        reports(&call(migrator, |session, out, error| unsafe {
            sys::migrate_rollback(session, c"only:003_c".as_ptr(), out, error)
        }));
        // SAFETY: there are no arguments.
        reports(&call(migrator, |session, out, error| unsafe { sys::migrate_startup_session(session, out, error) }));
        // SAFETY: the text is static.
        reports(&call(migrator, |session, out, error| unsafe { sys::migrate_protect(session, 1, c"why".as_ptr(), out, error) }));
    }
}

/// Of a report the fields are other ones than the library's: but nothing is left out.
fn reports(rows: &Rows) {
    let raw = parsed(&rows.json());
    for (name, _) in raw.as_object().unwrap() {
        let known = ["changed", "from", "to", "applied", "rolled_back", "waited_us", "pending", "run", "backup", "rows"];
        assert!(known.contains(&name.as_str()), "{name} of a report has no field");
    }
    let unknown: Vec<_> = rows.columns().into_iter().filter(|column| !Done::COLUMNS.contains(column)).collect();
    assert!(unknown.is_empty(), "{unknown:?} of a report have no field");
    let report = Report::read(rows, false);
    assert_eq!(raw["changed"], Value::Bool(report.changed));
    assert_eq!(raw["from"].as_str(), report.from.as_deref());
    assert_eq!(raw["to"].as_str(), report.to.as_deref());
    assert_eq!(raw["rows"].as_array().unwrap().len(), report.steps.len());
    parsed(&report.to_json());
}

#[test]
fn lists_are_what_their_structs_say() {
    let mut rows = ptr::null_mut();
    // SAFETY: the outputs are ours.
    unsafe {
        assert_eq!(sys::migrate_check_rules(&mut rows, ptr::null_mut()), 0);
        list::<Rule>("rules", &Rows::take(rows).unwrap());
        assert_eq!(sys::migrate_options_list(&mut rows, ptr::null_mut()), 0);
        list::<OptionInfo>("options", &Rows::take(rows).unwrap());
    }
    assert!(crate::rules().unwrap().iter().any(|rule| rule.rule == "PG11"));
}

#[test]
fn options_are_the_library_s() {
    let real = crate::options::options().unwrap();
    let known = crate::options::OPTIONS;
    let real: Vec<_> =
        real.iter().map(|one| (one.key.as_str(), one.kind.as_str(), one.default.as_deref(), one.values.as_deref())).collect();
    assert_eq!(real, known, "run tools/generate.py");
}

/// Each code of an error has a variant, and the word of it is the library's.
#[test]
fn errors_are_the_library_s() {
    for code in (-200..0).rev() {
        // SAFETY: the text is static.
        let word = unsafe { crate::rows::str_of(sys::migrate_code_name(code)) };
        let known = CODES.iter().find(|(own, _)| *own == code);
        assert_eq!(word.is_some(), known.is_some(), "{code} {word:?}");
        if let (Some(word), Some((_, name))) = (word, known) {
            assert_eq!(*name, format!("MIGRATE_ERROR_{}", word.to_uppercase()));
        }
    }
    // SAFETY: an error that is NULL is one without details.
    let unknown = unsafe { crate::Error::take(-999, ptr::null_mut(), None) };
    assert!(matches!(unknown, crate::Error::Other(_)));
}

#[test]
fn texts_with_a_nul_are_refused() {
    let options = Options::new().url("sqlite::memory:").source(Source::new().sql("001_a", "SELECT '\0';"));
    assert!(matches!(Migrator::open(&options), Err(crate::Error::Misuse(_))));
}
