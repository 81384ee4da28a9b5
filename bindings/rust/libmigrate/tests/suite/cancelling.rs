// SPDX-License-Identifier: MIT
//! Ending early: a statement that would take a minute is gone within 300 ms, whatever connection it runs on.

use crate::common::{Database, engines};
use libmigrate::*;
use std::time::{Duration, Instant};

pub const LIMIT: Duration = Duration::from_millis(300);

pub fn slow<'a>(engine: Engine) -> Source<'a> {
    let statement = match engine {
        Engine::Sqlite => {
            "CREATE TABLE much AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n;"
        }
        _ => "SELECT pg_sleep(60);",
    };
    Source::new()
        .sql("001_fine", "CREATE TABLE fine (id integer);")
        .sql("002_slow", format!("CREATE TABLE half (id integer);\n{statement}"))
}

/// Cancels soon, from a thread; gives back when it did.
pub fn later(token: &Token, after: Duration) -> std::thread::JoinHandle<Instant> {
    let token = token.clone();
    std::thread::spawn(move || {
        std::thread::sleep(after);
        let at = Instant::now();
        token.cancel();
        at
    })
}

const SOON: Duration = Duration::from_millis(400);

fn ended(outcome: Result<Report>, at: std::thread::JoinHandle<Instant>) {
    let now = Instant::now();
    assert!(matches!(outcome, Err(Error::Cancelled(_))), "{outcome:?}");
    let took = now - at.join().unwrap();
    println!("ended {took:?} behind the cancel");
    assert!(took < LIMIT, "{took:?}");
}

#[test]
fn by_a_token() {
    for engine in engines() {
        let (database, token) = (Database::new(engine), Token::new());
        let options = Options::new().url(&database.url).source(slow(engine)).token(&token);
        let at = later(&token, SOON);
        ended(startup(&options), at);
        assert!(token.is_cancelled() && !database.tables().contains(&"half".to_owned()));
        assert!(matches!(startup(&options), Err(Error::Cancelled(_)))); // a token stays what it is
    }
}

#[test]
fn by_the_migrator_s_own_token() {
    for engine in engines() {
        let database = Database::new(engine);
        let mut migrator = Migrator::open(&Options::new().url(&database.url).source(slow(engine))).unwrap();
        let at = later(&migrator.token(), SOON);
        ended(migrator.apply(), at);
    }
}

#[test]
fn on_the_program_s_own_connection() {
    for engine in engines() {
        let database = Database::new(engine);
        let options = Options::new().source(slow(engine));
        match engine {
            Engine::Sqlite => {
                let mut connection = database.sqlite();
                let mut migrator = Migrator::with_rusqlite(&mut connection, &options).unwrap();
                let at = later(&migrator.token(), SOON);
                ended(migrator.apply(), at);
                drop(migrator);
                assert!(connection.is_autocommit());
                connection.execute_batch("CREATE TABLE after (id integer)").unwrap();
            }
            _ => {
                let mut client = database.client();
                let mut migrator = Migrator::with_postgres(&mut client, &options).unwrap();
                let at = later(&migrator.token(), SOON);
                ended(migrator.apply(), at);
                drop(migrator);
                client.batch_execute("CREATE TABLE after (id integer)").unwrap();
            }
        }
        let tables = database.tables();
        assert!(tables.contains(&"after".to_owned()) && !tables.contains(&"half".to_owned()), "{tables:?}");
    }
}

#[test]
fn while_waiting_for_the_database() {
    let token = Token::new();
    let options = Options::new().url("postgresql://127.0.0.1:1/none").token(&token);
    let at = later(&token, SOON);
    ended(startup(&options), at);
}

#[test]
fn stop_at_a_safe_point() {
    for engine in engines() {
        let (database, token) = (Database::new(engine), Token::new());
        let source =
            (1..4).fold(Source::new(), |source, n| source.sql(format!("00{n}_t"), format!("CREATE TABLE t{n} (id integer);")));
        let options = Options::new().url(&database.url).source(source).transaction(options::Transaction::Migration);
        let stopping = options.clone().token(&token).on_event(|event| {
            if event.name() == "step" {
                token.stop();
            }
        });
        let report = Migrator::open(&stopping).unwrap().apply().unwrap();
        assert!(report.stopped && token.is_stopped() && !token.is_cancelled(), "{report:?}");
        assert_eq!(report.applied, ["001_t"]);
        let token = Token::new();
        let error = startup(&options.clone().token(&token).on_event(|event| {
            if event.name() == "step" {
                token.stop();
            }
        }));
        assert!(matches!(error, Err(Error::Stopped(report)) if report.applied == ["002_t"]));
        assert_eq!(startup(&options).unwrap().applied, ["003_t"]);
    }
}

#[test]
fn a_token_goes_anywhere() {
    fn anywhere<T: Send + Sync + Clone>(_: &T) {}
    fn to_another_thread<T: Send>(_: &T) {}
    anywhere(&Token::new());
    anywhere(&Options::new());
    let mut migrator = Migrator::open(&Options::new().url("sqlite::memory:").source(slow(Engine::Sqlite))).unwrap();
    to_another_thread(&migrator.plan(Target::Default).unwrap());
    to_another_thread(&migrator);
    std::thread::spawn(move || migrator.status().unwrap()).join().unwrap();
}
