// SPDX-License-Identifier: MIT
//! Calls, their results and their errors.

use crate::MIGRATIONS;
use crate::common::{Database, Folder, engines, server};
use libmigrate::options::{Mode, OnUnmanaged};
use libmigrate::*;
use std::error::Error as _;
use std::time::Duration;

fn options(database: &Database) -> Options<'static> {
    Options::new().url(&database.url).wait_timeout(Duration::from_secs(10)).embedded(&MIGRATIONS)
}

#[test]
fn a_start_up() {
    for engine in engines() {
        let database = Database::new(engine);
        let report = startup(&options(&database)).unwrap();
        assert!(report.changed && !report.stopped && report.waited_ms < 10_000);
        assert_eq!(report.from, None);
        assert_eq!(report.to.as_deref(), Some("002_orders"));
        assert_eq!(report.applied, ["001_users", "002_orders", "names"]);
        assert_eq!(database.tables(), ["orders", "users"]);
        let again = startup(&options(&database)).unwrap();
        assert!(!again.changed && again.applied.is_empty());
        let nothing = startup(&options(&database).mode(Mode::Off)).unwrap();
        assert!(!nothing.changed);
    }
}

#[test]
fn pending_is_an_answer_that_ends_a_start_up() {
    for engine in engines() {
        let database = Database::new(engine);
        database.script("SELECT 1;");
        let error = startup(&options(&database).mode(Mode::Check)).unwrap_err();
        assert!(matches!(&error, Error::Pending(report) if report.pending == Some(3)), "{error}");
        assert_eq!((error.name(), error.class(), error.details().is_none()), ("pending", Class::State, true));
        assert!(error.to_string().starts_with("3 migrations are pending"));
        startup(&options(&database)).unwrap();
        startup(&options(&database).mode(Mode::Check)).unwrap();
    }
}

#[test]
fn a_plan_is_what_runs() {
    for engine in engines() {
        let database = Database::new(engine);
        let mut migrator = Migrator::open(&options(&database)).unwrap();
        let plan = migrator.plan(Target::Next(1)).unwrap();
        assert_eq!((plan.len(), plan.is_empty(), plan.steps[0].id.as_str()), (1, false, "001_users"));
        assert_eq!((plan.from.as_deref(), plan.to.as_deref()), (None, Some("001_users")));
        assert!(plan.sql().unwrap().contains("CREATE TABLE users") && plan.findings().unwrap().is_empty());
        let stale = migrator.plan(Target::Default).unwrap();
        assert_eq!(stale.into_iter().count(), 3);
        assert_eq!(migrator.apply_plan(&plan).unwrap().applied, ["001_users"]);
        assert!(matches!(migrator.apply_plan(&stale), Err(Error::Stale(_))));
        assert_eq!(migrator.apply_to("002").unwrap().applied, ["002_orders", "names"]);
        let status = migrator.status().unwrap();
        assert_eq!((status.applied, status.pending, status.at.as_deref()), (3, 0, Some("002_orders")));
        assert_eq!(status.migrations[0].state, "applied");
        assert!(status.migrations[0].at.unwrap().elapsed().unwrap() < Duration::from_secs(600));
        assert_eq!(migrator.rollback(Target::Last(2)).unwrap().rolled_back, ["002_orders", "001_users"]);
        let history = migrator.history().unwrap();
        let events: Vec<_> = history.events.iter().map(|one| one.event.as_str()).collect();
        assert_eq!(events, ["applied", "applied", "applied", "forgotten", "rolled_back", "rolled_back"]);
    }
}

#[test]
fn a_run_that_is_pulled() {
    for engine in engines() {
        let database = Database::new(engine);
        let mut migrator = Migrator::open(&options(&database)).unwrap();
        let mut run = migrator.run(None).unwrap();
        assert!(run.step().unwrap());
        drop(run); // ended early, and what was done is committed
        assert_eq!(database.tables(), ["users"]);
        let mut run = migrator.run(None).unwrap();
        let mut steps = 0;
        while run.step().unwrap() {
            steps += 1;
        }
        assert_eq!((steps, run.end().unwrap().applied.len()), (2, 2));
    }
}

#[test]
fn an_error_says_where_and_what_to_do() {
    for engine in engines() {
        let (database, folder) = (Database::new(engine), Folder::new());
        folder.write("001_wrong.sql", "CREATE TABLE fine (id integer);\nINSERT INTO nowhere VALUES (1);\n");
        let options = Options::new().url(&database.url).dir(folder.path());
        let error = startup(&options).unwrap_err();
        assert_eq!((error.name(), error.class().as_str()), ("sql", "source"));
        assert!(matches!(error, Error::Sql(_)) && error.source().is_none());
        let details = error.details().unwrap();
        assert_eq!((details.id.as_deref(), details.line), (Some("001_wrong"), Some(2)));
        assert!(details.file.as_ref().unwrap().ends_with("001_wrong.sql"));
        assert!(details.statement.as_ref().unwrap().contains("nowhere"));
        assert_eq!(details.sqlstate.as_deref(), (engine == Engine::Postgresql).then_some("42P01"));
        assert!(error.to_string().contains("001_wrong.sql:2:") && format!("{error:?}").starts_with("Sql: "));
        assert_eq!(database.tables(), [] as [&str; 0]);
    }
}

#[test]
fn wrong_options_are_told_by_the_call_that_uses_them() {
    let url = "sqlite::memory:";
    for (options, word) in [
        (Options::new().url(url).set("wait_timeuot", "1s"), "wait_timeout"),
        (Options::new().url(url).set("mode", "aply"), "apply"),
        (Options::new().url(url).wait_timeout("soon"), "soon"),
    ] {
        let error = startup(&options).unwrap_err();
        assert!(matches!(error, Error::Option(_)) && error.to_string().contains(word), "{error}");
    }
    assert!(matches!(startup(&Options::new().url("mysql://x")), Err(Error::Url(_))));
    let secret = Options::new().url("postgresql://me:secret@127.0.0.1:1/x").wait_timeout("300ms");
    let error = startup(&secret).unwrap_err();
    assert!(matches!(error, Error::Connect(_)) && !format!("{error:?} {error} {secret:?}").contains("secret"));
}

#[test]
fn values_of_options() {
    let options = Options::new()
        .url("sqlite::memory:")
        .run_deadline(Duration::from_millis(1500))
        .backup_max_bytes(1_000_000)
        .backup_keep(3)
        .fingerprint(true)
        .on_unmanaged(OnUnmanaged::Apply)
        .dir(std::path::Path::new("tests/migrations"))
        .unset("actor");
    assert_eq!(startup(&options).unwrap().applied.len(), 3);
    assert_eq!(startup(&options.clone().unset("dir").embedded(&MIGRATIONS)).unwrap().applied.len(), 3);
}

#[test]
fn files_alone() {
    let options = Options::new().embedded(&MIGRATIONS);
    let mut files = Migrator::open_files(Some(Engine::Postgresql), &options).unwrap();
    let check = files.check(Depth::Source).unwrap();
    assert!(check.ok() && check.errors == 0, "{check:?}");
    let graph = files.graph(GraphOf::Declared, None).unwrap();
    assert!(graph.parts.iter().any(|part| part.from == "001_users") && graph.mermaid.contains("001_users"));
    assert!(matches!(files.apply(), Err(Error::Misuse(_))));
}

#[test]
fn before_a_merge() {
    let (ours, theirs) = (Folder::new(), Folder::new());
    ours.write("001_ours.sql", "CREATE TABLE a (id integer);\n");
    theirs.write("001_theirs.sql", "CREATE TABLE b (id integer);\n");
    let mut files = Migrator::open_files(Some(Engine::Sqlite), &Options::new().dir(ours.path())).unwrap();
    let check = files.check_against(theirs.path(), None).unwrap();
    assert!(!check.ok() && check.findings.iter().any(|finding| finding.severity == "error"), "{check:?}");
}

#[test]
fn the_history_alone() {
    for engine in engines() {
        let database = Database::new(engine);
        database.script("CREATE TABLE users (id integer PRIMARY KEY, name text);");
        let mut migrator = Migrator::open(&options(&database)).unwrap();
        assert!(matches!(migrator.apply(), Err(Error::Unmanaged(_))));
        let report = migrator.baseline("001", Some("it was there")).unwrap();
        assert_eq!((report.to.as_deref(), report.applied.len()), (Some("001_users"), 0));
        migrator.mark(Mark::Applied, Some("002_orders"), "as a test").unwrap();
        migrator.mark(Mark::Forgotten, Some("002_orders"), "as a test").unwrap();
        assert_eq!(migrator.apply().unwrap().applied, ["002_orders", "names"]);
        assert!(matches!(migrator.mark(Mark::Applied, Some("002_orders"), ""), Err(Error::Misuse(_))));
    }
}

#[test]
fn a_former_tool_s_table() {
    let database = Database::new(Engine::Sqlite);
    database.script("CREATE TABLE users (id integer); CREATE TABLE done (version text); INSERT INTO done VALUES ('001');");
    let mut migrator = Migrator::open(&options(&database)).unwrap();
    migrator.baseline_from_table("done", "version", None).unwrap();
    assert_eq!(migrator.status().unwrap().at.as_deref(), Some("001_users"));
}

#[test]
fn backups_of_a_file() {
    let (database, folder) = (Database::new(Engine::Sqlite), Folder::new());
    let options = options(&database).backup_dir(folder.path()).confirm(&database.name);
    let mut migrator = Migrator::open(&options).unwrap();
    migrator.apply_to("001").unwrap();
    let backup = migrator.backup().unwrap();
    assert!(backup.verified && std::path::Path::new(&backup.file).exists());
    assert_eq!(migrator.backups().unwrap(), std::slice::from_ref(&backup));
    migrator.apply().unwrap();
    let report = migrator.restore(Some(backup.file.as_ref())).unwrap();
    assert!(report.backup.is_some());
    assert_eq!(database.tables(), ["users"]);
    assert!(migrator.protect(true, "precious").unwrap().changed);
    assert!(migrator.status().unwrap().protected);
}

#[test]
fn what_the_library_is() {
    assert!(version().starts_with("1."));
    assert!(has("sqlite") && !has("mysql"));
    assert!(rules().unwrap().len() > 20);
    assert!(libmigrate::options::options().unwrap().iter().any(|one| one.key == "url" && one.secret));
}

#[test]
fn the_environment() {
    // Another process, because this one's environment belongs to all of its threads.
    if std::env::var_os("LIBMIGRATE_RUST_INNER").is_some() {
        let report = startup(&Options::new().environment().embedded(&MIGRATIONS)).unwrap();
        assert_eq!(report.pending, Some(3));
        return;
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "verbs::the_environment"])
        .env("LIBMIGRATE_RUST_INNER", "1")
        .env("DATABASE_URL", "sqlite::memory:")
        .envs([("MIGRATE_MODE", "check"), ("MIGRATE_ON_PENDING", "warn")])
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
}

#[test]
fn a_missing_database_is_told_at_once() {
    let error = startup(&Options::new().url("sqlite:/nowhere/at/all.db").embedded(&MIGRATIONS)).unwrap_err();
    assert!(error.to_string().contains("make the folder /nowhere/at first"), "{error}");
    if let Some(server) = server() {
        let url = format!("{}/there_is_none", server.rsplit_once('/').unwrap().0);
        assert!(matches!(Migrator::open(&Options::new().url(url)), Err(Error::NoDatabase(_))));
    }
}
