// SPDX-License-Identifier: MIT
//! On connections of the program's own: they stay open, and are left as they were found.

use crate::MIGRATIONS;
use crate::common::{Database, engines, server};
use libmigrate::driver::{Driver, Failure, Rows};
use libmigrate::options::HostTransaction;
use libmigrate::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn options<'a>() -> Options<'a> {
    Options::new().embedded(&MIGRATIONS)
}

/// With a migration in Rust that reads a table by its columns' names, when it is empty and when it is not.
fn reading<'a>(names: &'a [&'a str; 2]) -> Options<'a> {
    options().source(Source::new().code("003_reads", "1", move |connection| {
        assert_eq!(connection.query("SELECT id, name FROM users")?.columns(), names);
        connection.execute("INSERT INTO users VALUES (1, 'Ann'), (2, NULL)")?;
        let rows = connection.query("SELECT id, name FROM users ORDER BY id")?;
        assert_eq!(rows.columns(), names);
        let values: Vec<_> = rows.iter().map(|row| names.map(|name| row.get(name).map(str::to_owned))).collect();
        assert_eq!(values, [[Some("1".to_owned()), Some("Ann".to_owned())], [Some("2".to_owned()), None]]);
        connection.execute("DELETE FROM users")?;
        Ok(())
    }))
}

#[test]
fn rusqlite() {
    let database = Database::new(Engine::Sqlite);
    let mut connection = database.sqlite();
    connection.execute_batch("PRAGMA foreign_keys = on; PRAGMA busy_timeout = 1234;").unwrap();
    {
        let mut migrator = Migrator::with_rusqlite(&mut connection, &options()).unwrap();
        assert_eq!(migrator.startup().unwrap().applied.len(), 3);
        assert!(!migrator.startup().unwrap().changed);
    }
    let settings: (i64, i64) = (
        connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap(),
        connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap(),
    );
    assert_eq!(settings, (1, 1234));
    connection.execute("INSERT INTO users VALUES (1, 'Ann')", []).unwrap();
    connection.execute_batch("BEGIN; INSERT INTO users VALUES (2, 'Bob');").unwrap();
    let refused = Migrator::with_rusqlite(
        &mut connection,
        &options().source(Source::new().sql("003_more", "CREATE TABLE more (id integer);")),
    );
    assert!(matches!(refused.and_then(|mut migrator| migrator.apply()), Err(Error::InTransaction(_))));
    let inside =
        options().host_transaction(HostTransaction::Use).source(Source::new().sql("003_more", "CREATE TABLE more (id integer);"));
    assert!(Migrator::with_rusqlite(&mut connection, &inside).unwrap().apply().unwrap().changed);
    assert!(!connection.is_autocommit());
    connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(database.tables(), ["orders", "users"]);
}

#[test]
fn one_copy_of_sqlite_in_memory() {
    let mut connection = ::rusqlite::Connection::open_in_memory().unwrap();
    Migrator::with_rusqlite(&mut connection, &options()).unwrap().apply().unwrap();
    let count: i64 = connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

#[test]
fn places_of_errors_on_the_own_handle() {
    let mut connection = ::rusqlite::Connection::open_in_memory().unwrap();
    let source = Source::new()
        .file("001_wrong.sql", "CREATE TABLE a (id integer);\nCREATE TABLE b (id integer);\nSELECT  nothing;\n".as_bytes());
    let error = Migrator::with_rusqlite(&mut connection, &Options::new().source(source)).unwrap().apply().unwrap_err();
    let details = error.details().unwrap();
    assert_eq!((details.line, details.column), (Some(3), Some(9)), "{error}");
}

#[test]
fn postgres() {
    if server().is_none() {
        return;
    }
    let database = Database::new(Engine::Postgresql);
    let mut client = database.client();
    client.batch_execute("SET lock_timeout = '66s'; SET statement_timeout = '77s'").unwrap();
    {
        let mut migrator = Migrator::with_postgres(&mut client, &options()).unwrap();
        assert_eq!(migrator.startup().unwrap().applied.len(), 3);
    }
    let timeout: String = client.query_one("SHOW statement_timeout", &[]).unwrap().get(0);
    assert_eq!(timeout, "77s");
    Migrator::with_postgres(&mut client, &reading(&["id", "name"])).unwrap().apply().unwrap();
    let wrong = Options::new().source(Source::new().file("001_wrong.sql", "SELECT\n  nothing;\n".as_bytes())).module("other");
    let error = Migrator::with_postgres(&mut client, &wrong).unwrap().apply().unwrap_err();
    let details = error.details().unwrap();
    assert_eq!((details.sqlstate.as_deref(), details.line, details.column), (Some("42703"), Some(2), Some(3)), "{error}");
    client.batch_execute("BEGIN").unwrap();
    let more = options().source(Source::new().sql("003_more", "CREATE TABLE more (id integer);"));
    let outcome = Migrator::with_postgres(&mut client, &more).and_then(|mut migrator| migrator.apply());
    assert!(matches!(outcome, Err(Error::InTransaction(_))), "{outcome:?}");
}

/// A driver that a program might write: here over rusqlite.
struct Own<'c> {
    connection: &'c mut ::rusqlite::Connection,
    panics_at: Option<&'static str>,
    names: bool,
}

impl Driver for Own<'_> {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn run(&mut self, sql: &str) -> Result<Rows, Failure> {
        assert!(self.panics_at.is_none_or(|word| !sql.contains(word)), "on purpose");
        let failure = |error: ::rusqlite::Error| Failure::new(error.to_string()).driver_code(1);
        let mut statement = self.connection.prepare(sql).map_err(failure)?;
        let mut made = if self.names { Rows::named(statement.column_names()) } else { Rows::unnamed(statement.column_count()) };
        let mut rows = statement.query([]).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            for column in 0..made.columns() {
                use ::rusqlite::types::Value;
                made.values.push(match row.get(column).map_err(failure)? {
                    Value::Null => None,
                    Value::Integer(number) => Some(number.to_string().into_bytes()),
                    Value::Real(number) => Some(number.to_string().into_bytes()),
                    Value::Text(text) => Some(text.into_bytes()),
                    Value::Blob(bytes) => Some(bytes),
                });
            }
        }
        Ok(made)
    }

    fn in_transaction(&mut self) -> Option<bool> {
        Some(!self.connection.is_autocommit())
    }
}

#[test]
fn any_driver() {
    let database = Database::new(Engine::Sqlite);
    let mut connection = database.sqlite();
    let driver = Own { connection: &mut connection, panics_at: Some("CREATE TABLE orders"), names: true };
    let mut migrator = Migrator::with_driver(driver, &options()).unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| migrator.apply())).unwrap_err();
    assert!(panic.downcast_ref::<&str>().is_some_and(|text| *text == "on purpose"));
    drop(migrator);
    assert!(connection.is_autocommit());
    let driver = Own { connection: &mut connection, panics_at: None, names: true };
    let mut migrator = Migrator::with_driver(driver, &options()).unwrap();
    assert!(migrator.apply().unwrap().changed);
    assert_eq!(migrator.status().unwrap().applied, 3);
    assert_eq!(engines()[0], Engine::Sqlite);
}

#[test]
fn any_driver_with_names_and_without() {
    for (names, expected) in [(true, ["id", "name"]), (false, ["1", "2"])] {
        let database = Database::new(Engine::Sqlite);
        let mut connection = database.sqlite();
        let driver = Own { connection: &mut connection, panics_at: None, names };
        let report = Migrator::with_driver(driver, &reading(&expected)).unwrap().apply().unwrap();
        assert_eq!(report.to.as_deref(), Some("003_reads"));
    }
}
