// SPDX-License-Identifier: MIT
//! With await: the runtime goes on meanwhile, and a future that is dropped cancels its call.

use crate::MIGRATIONS;
use crate::cancelling::{LIMIT, slow};
use crate::common::{Database, engines};
use libmigrate::asynchronous::AsyncMigrator;
use libmigrate::*;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

#[test]
fn calls() {
    for engine in engines() {
        let database = Database::new(engine);
        runtime().block_on(async {
            let options = Options::new().url(&database.url).embedded(&MIGRATIONS);
            let report = libmigrate::asynchronous::startup(options.clone()).await.unwrap();
            assert_eq!(report.applied.len(), 3);
            let mut migrator = AsyncMigrator::open(options).await.unwrap();
            assert_eq!(migrator.call(|migrator| migrator.status()).await.unwrap().applied, 3);
            assert!(migrator.call(|migrator| migrator.apply_to("nowhere")).await.is_err());
            assert!(!migrator.call(|migrator| migrator.apply()).await.unwrap().changed);
        });
    }
}

#[test]
fn dropping_a_future_cancels() {
    for engine in engines() {
        let database = Database::new(engine);
        let runtime = runtime();
        let gone = runtime.block_on(async {
            let options = Options::new().url(&database.url).source(slow(engine));
            timeout(Duration::from_millis(400), libmigrate::asynchronous::startup(options.clone())).await.unwrap_err();
            let mut migrator = AsyncMigrator::open(options).await.unwrap();
            let mut ticks = 0;
            let ticking = async {
                while ticks < 20 {
                    sleep(Duration::from_millis(20)).await;
                    ticks += 1;
                }
            };
            tokio::select! {
                outcome = migrator.call(|migrator| migrator.apply()) => panic!("{outcome:?}"),
                () = ticking => {}
            }
            let error = migrator.call(|migrator| migrator.status()).await.unwrap_err();
            assert!(matches!(error, Error::Misuse(_)) && error.to_string().contains("cancelled"));
            Instant::now()
        });
        drop(runtime); // waits for the thread that called
        assert!(gone.elapsed() < LIMIT, "{:?}", gone.elapsed());
        assert!(!database.tables().contains(&"half".to_owned()));
    }
}

#[test]
fn a_panic_comes_out_of_the_future() {
    let source = Source::new().code("001_panics", "1", |_| panic!("on purpose"));
    let options = Options::new().url("sqlite::memory:").source(source);
    let outcome =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime().block_on(libmigrate::asynchronous::startup(options))));
    assert_eq!(*outcome.unwrap_err().downcast_ref::<&str>().unwrap(), "on purpose");
}
