// SPDX-License-Identifier: MIT
//! Migrations in Rust, events, backups by the program; and what panics in them.

use crate::MIGRATIONS;
use crate::common::{Database, engines};
use libmigrate::*;
use std::error::Error as _;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

fn options<'a>(database: &Database) -> Options<'a> {
    Options::new().url(&database.url).embedded(&MIGRATIONS)
}

#[test]
fn migrations_in_rust() {
    for engine in engines() {
        let (database, seen) = (Database::new(engine), Mutex::new(Vec::new()));
        let source = Source::new().sql("003_two", "INSERT INTO users VALUES (1, 'Ann'), (2, NULL);").code_with_down(
            "004_lower",
            "1",
            |connection| {
                assert_eq!(connection.engine(), engine);
                let quoted = connection.quote("O'Hara")?;
                connection.execute(&format!("INSERT INTO users VALUES (3, {quoted}); UPDATE users SET name = lower(name);"))?;
                let rows = connection.query("SELECT id, name FROM users ORDER BY id")?;
                assert_eq!((rows.len(), rows.columns()), (3, vec!["id", "name"]));
                seen.lock().unwrap().extend(rows.iter().map(|row| row.get("name").map(str::to_owned)));
                assert!(!connection.as_ptr().is_null());
                Ok(())
            },
            |connection| Ok(connection.execute("DELETE FROM users WHERE id = 3")?),
        );
        let mut migrator = Migrator::open(&options(&database).source(source)).unwrap();
        assert_eq!(migrator.apply().unwrap().to.as_deref(), Some("004_lower"));
        assert_eq!(*seen.lock().unwrap(), [Some("ann".to_owned()), None, Some("o'hara".to_owned())]);
        assert_eq!(migrator.rollback(Target::Default).unwrap().rolled_back, ["004_lower"]);
        assert_eq!(database.query("SELECT count(*) FROM users")[0][0].as_deref(), Some("2"));
    }
}

#[test]
fn what_fails_in_rust_is_the_cause() {
    for engine in engines() {
        let database = Database::new(engine);
        let source = Source::new().code("003_fails", "1", |connection| {
            connection.execute("CREATE TABLE half (id integer)")?;
            Err(std::io::Error::other("no such luck").into())
        });
        let error = startup(&options(&database).source(source)).unwrap_err();
        assert!(matches!(&error, Error::Code(details) if details.id.as_deref() == Some("003_fails")), "{error}");
        assert!(error.to_string().contains("no such luck"));
        assert_eq!(error.source().unwrap().downcast_ref::<std::io::Error>().unwrap().to_string(), "no such luck");
        assert_eq!(database.tables(), ["orders", "users"]);

        let source = Source::new().code("003_fails", "1", |connection| Ok(connection.execute("SELECT nothing")?));
        let error = startup(&options(&database).source(source)).unwrap_err();
        let inner = error.source().and_then(|cause| cause.downcast_ref::<Error>());
        assert!(matches!(inner, Some(Error::Sql(_))), "{error}");
    }
}

#[test]
fn a_panic_comes_out_of_the_call() {
    for engine in engines() {
        let database = Database::new(engine);
        let source = Source::new().code("003_panics", "1", |connection| {
            connection.execute("CREATE TABLE half (id integer)")?;
            panic!("on purpose")
        });
        let mut migrator = Migrator::open(&options(&database).source(source)).unwrap();
        let panic = catch_unwind(AssertUnwindSafe(|| migrator.apply())).unwrap_err();
        assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "on purpose");
        assert_eq!(database.tables(), ["orders", "users"]);
        assert_eq!(migrator.status().unwrap().pending, 2); // it is of use as before

        let events = options(&database).on_event(|event| assert_ne!(event.name(), "connected", "on purpose"));
        assert!(catch_unwind(AssertUnwindSafe(|| startup(&events))).is_err());
    }
}

#[test]
fn events_as_they_come() {
    for engine in engines() {
        let database = Database::new(engine);
        let mut names = Vec::new();
        let report = startup(&options(&database).on_event(|event| {
            if let ("applied", Some(id)) = (event.name(), event.id()) {
                names.push(id.to_owned());
                assert!(!event.message().is_empty() && event.level() == Level::Info && event.text("nothing").is_none());
            }
        }));
        assert_eq!(names, report.unwrap().applied);

        let database = Database::new(engine);
        let stop = |event: &Event<'_>| match event.id() {
            Some("002_orders") if event.name() == "step" => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let error = startup(&options(&database).on_event(stop)).unwrap_err();
        assert!(matches!(error, Error::Cancelled(_)) && error.class() == Class::Cancelled, "{error}");
        assert!(!database.tables().contains(&"orders".to_owned()));
    }
}

#[test]
fn a_declared_schema() {
    for engine in engines() {
        let database = Database::new(engine);
        let declared = options(&database).declared_sql(
            "CREATE TABLE users (id integer PRIMARY KEY, name text, email text);
             CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users (id));",
        );
        let mut migrator = Migrator::open(&declared).unwrap();
        migrator.apply().unwrap();
        let missing = migrator.reconcile(false).unwrap();
        assert!(!missing.ok() && !missing.changed && missing.missing == 1, "{missing:?}");
        let generated = migrator.generate(None).unwrap();
        assert!(generated.up.contains("email") && generated.changes >= 1);
        assert!(migrator.reconcile(true).unwrap().changed);

        let database = Database::new(engine);
        let calls = AtomicU32::new(0);
        let by_code = Options::new().url(&database.url).declared_code(|connection| {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok(connection.execute("CREATE TABLE made (id integer)")?)
        });
        let mut migrator = Migrator::open(&by_code).unwrap();
        assert!(migrator.reconcile(true).unwrap().changed && calls.load(Ordering::Relaxed) > 0);
        assert_eq!(database.tables(), ["made"]);
    }
}

#[test]
fn the_fast_road_in_rust() {
    let database = Database::new(Engine::Sqlite);
    let source = Source::new().files(&MIGRATIONS).schema_code("002_orders", |connection| {
        Ok(connection.execute("CREATE TABLE users (id integer); CREATE TABLE orders (id integer);")?)
    });
    let report = startup(&Options::new().url(&database.url).source(source)).unwrap();
    assert_eq!(report.to.as_deref(), Some("002_orders"));
    assert!(report.steps.iter().any(|step| step.action.as_deref() == Some("schema")), "{report:?}");
}

#[test]
fn backups_by_the_program() {
    for engine in engines().into_iter().filter(|engine| *engine == Engine::Postgresql) {
        let (database, folder) = (Database::new(engine), crate::common::Folder::new());
        let verbs = Mutex::new(Vec::new());
        let options = options(&database).backup_dir(folder.path()).on_backup(|job| {
            verbs.lock().unwrap().push(job.verb());
            assert!(job.url().is_some() && job.server().is_some() && job.tables().is_empty() && !job.is_cancelled());
            if job.verb() == BackupVerb::Backup {
                std::fs::write(job.file(), "a dump")?;
            }
            Ok(())
        });
        let mut migrator = Migrator::open(&options).unwrap();
        migrator.apply().unwrap();
        let backup = migrator.backup().unwrap();
        assert!(backup.verified && backup.bytes == 6, "{backup:?}");
        assert_eq!(*verbs.lock().unwrap(), [BackupVerb::Backup, BackupVerb::Verify]);

        let failing =
            Options::new().url(&database.url).backup_dir(folder.path()).on_backup(|_| Err("the disk is on fire".into()));
        let error = Migrator::open(&failing).unwrap().backup().unwrap_err();
        assert!(error.to_string().contains("the disk is on fire"), "{error}");
        assert_eq!(error.source().unwrap().to_string(), "the disk is on fire");
    }
}

#[cfg(feature = "tracing")]
mod traced {
    use super::*;
    use std::sync::Arc;
    use tracing::field::{Field, Visit};
    use tracing::span;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<(String, String)>>>);

    #[derive(Default)]
    struct Line(String, String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            match field.name() {
                "message" => self.1 = format!("{value:?}"),
                "name" => self.0 = format!("{value:?}"),
                _ => {}
            }
        }

        fn record_str(&mut self, field: &Field, value: &str) {
            if field.name() == "name" {
                self.0 = value.to_owned();
            }
        }
    }

    impl tracing::Subscriber for Lines {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target() == "libmigrate"
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            let mut line = Line::default();
            event.record(&mut line);
            self.0.lock().unwrap().push((line.0, line.1));
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn events_go_to_tracing() {
        let (database, lines) = (Database::new(Engine::Sqlite), Lines::default());
        tracing::subscriber::with_default(lines.clone(), || startup(&options(&database)).unwrap());
        let lines = lines.0.lock().unwrap();
        assert!(lines.iter().any(|(name, message)| name == "applied" && message.contains("002_orders")), "{lines:?}");
    }
}
