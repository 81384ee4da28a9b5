// SPDX-License-Identifier: MIT
//! A thousand times open, apply, close: memory stays flat, and nothing is left open. Alone in its process, which it measures.

mod common;

use common::{Database, engines};
use libmigrate::*;

static MIGRATIONS: Files = embed_migrations!("tests/migrations");

fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Everything that holds memory: a source with closures, events, plans, errors, tokens; every second one fails.
fn once(options: &Options<'_>, number: u32) {
    let source = match number % 2 {
        0 => Source::new().code("003_fine", "1", |connection| Ok(connection.execute("CREATE TABLE fine (id integer)")?)),
        _ => Source::new().code("003_fine", "1", |_| Ok(())).code("004_fails", "1", |_| Err("on purpose".into())),
    };
    let mut migrator = Migrator::open(&options.clone().source(source).on_event(|_| ())).unwrap();
    assert!(migrator.plan(Target::Default).unwrap().len() < 2);
    let outcome = migrator.apply();
    assert!(if number % 2 == 0 { outcome.is_ok() } else { matches!(outcome, Err(Error::Code(_))) });
}

#[test]
fn a_thousand_cycles() {
    let count = std::env::var("LIBMIGRATE_CYCLES").map_or(1000, |count| count.parse().unwrap());
    for engine in engines() {
        let database = Database::new(engine);
        let options = Options::new().url(&database.url).embedded(&MIGRATIONS);
        startup(&options.clone().source(Source::new().code("003_fine", "1", |_| Ok(())))).unwrap();
        (0..count / 5).for_each(|number| once(&options, number));
        let (memory, files) = (resident_kib(), open_files());
        (count / 5..count).for_each(|number| once(&options, number));
        let more = resident_kib().saturating_sub(memory);
        println!("{engine}: {more} KiB more behind {count} cycles than behind {}", count / 5);
        assert!(count < 1000 || more < 1024, "{more} KiB more on {engine} after {count} cycles");
        assert_eq!(open_files(), files);
    }
}
