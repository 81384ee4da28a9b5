// SPDX-License-Identifier: MIT
//! The conformance suite (tests/conformance of the repository): the same cases in every language. Its README says what a runner does.
//!
//! cargo test --test conformance [-- WORD...]     WORD: in the name of a case, with its engine and road: sqlite/own/drift

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod matching;

use common::{Database, Folder, engines};
use libmigrate::Engine;
use matching::{chosen, matches, replaced, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How the library gets its connection and its migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    Url,
    /// The migrations are given from memory.
    Memory,
    /// On the program's own connection: rusqlite, postgres.
    Own,
}

/// One case: its database, its folders, the plan that is kept.
pub struct World {
    road: Road,
    database: Database,
    _folder: Folder,
    dir: PathBuf,
    files: Mutex<BTreeMap<String, String>>,
    case: Value,
    kept: Option<calls::Kept>,
}

impl World {
    fn new(case: Value, engine: Engine, road: Road) -> Self {
        let (database, folder) = (Database::new(engine), Folder::new());
        let dir = folder.path().join("migrations");
        std::fs::create_dir(&dir).unwrap();
        let (dir_text, folder_text) = (dir.to_str().unwrap(), folder.path().to_str().unwrap());
        let words = [
            ("${dir}", dir_text),
            ("${folder}", folder_text),
            ("${url}", database.url.as_str()),
            ("${database}", database.name.as_str()),
        ];
        let case = replaced(case, &words);
        Self { road, database, dir, files: Mutex::default(), case, kept: None, _folder: folder }
    }

    /// A later step runs the plan that is made.
    fn needs_plan(&self) -> bool {
        self.case["steps"].as_array().is_some_and(|steps| steps.iter().any(|step| step["planned"] == json!(true)))
    }

    fn write(&mut self, files: &Value) {
        for (name, text) in files.as_object().into_iter().flatten() {
            let path = self.dir.join(name);
            let mut own = self.files.lock().unwrap();
            let Some(text) = text.as_str() else {
                own.remove(name);
                std::fs::remove_file(path).unwrap();
                continue;
            };
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            if !name.starts_with("../") {
                own.insert(name.clone(), text.to_owned());
            }
        }
    }

    fn step(&mut self, step: &Value) -> Result<(), String> {
        let expect = step.get("expect");
        match text(step, "do") {
            Some("files") => self.write(&step["files"]),
            Some("sql") => self.database.script(text(step, "sql").ok_or("sql is missing")?),
            Some("tables") => return matches(Some(&json!(self.database.tables())), expect.ok_or("expects nothing")?, "tables"),
            Some("query") => {
                let rows = json!(self.database.query(text(step, "sql").ok_or("sql is missing")?));
                return matches(Some(&rows), expect.ok_or("expects nothing")?, "rows");
            }
            _ => {
                let folder = format!("{}/", self.dir.display());
                let answer = replaced(calls::answer(self, step)?, &[(&folder, "")]);
                let mut expected = expect.cloned().unwrap_or(json!({}));
                if expected.is_object() && expected.get("code").is_none() {
                    expected["code"] = json!("ok");
                }
                return matches(Some(&answer), &expected, "answer").map_err(|why| match answer.get("error") {
                    Some(error) => format!("{why}\n    {error}"),
                    None => why,
                });
            }
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), String> {
        let files = self.case["files"].clone();
        self.write(&files);
        if let Some(sql) = text(&self.case, "database") {
            self.database.script(sql);
        }
        let steps = self.case["steps"].as_array().cloned().ok_or("a case needs \"steps\"")?;
        for (number, step) in steps.iter().enumerate() {
            self.step(step).map_err(|why| format!("step {}, {}: {why}", number + 1, step["do"]))?;
        }
        self.kept = None;
        Ok(())
    }
}

fn is_for(case: &Value, engine: Engine, road: Road) -> bool {
    let named = text(case, "engine").unwrap_or("any");
    let elsewhere = (road == Road::Memory && text(case, "source") == Some("directory"))
        || (road == Road::Own && text(case, "connection") == Some("url"));
    !elsewhere && (named == "any" || named == engine.as_str())
}

/// What a road lacks, and why. COPY ... FROM stdin: the postgres crate passes no statement with its data on as one.
const LEFT_OUT: &[(Engine, Road, &str)] = &[(Engine::Postgresql, Road::Own, "sql_copy")];

/// `None`: it is not for this engine or road.
fn run_file(path: &Path, engine: Engine, road: Road) -> Option<Result<(), String>> {
    let file = std::fs::read_to_string(path).unwrap();
    let case: Value = serde_json::from_str(&file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_stem().unwrap_or_default();
    if !is_for(&case, engine, road) || LEFT_OUT.iter().any(|one| (one.0, one.1) == (engine, road) && name == one.2) {
        return None;
    }
    let case = chosen(case, engine.as_str()).expect("a case");
    let outcome = std::panic::catch_unwind(|| World::new(case, engine, road).run());
    Some(outcome.unwrap_or_else(|_| Err("the runner panicked".to_owned())))
}

/// A runner that could not fail would prove nothing.
fn the_runner_can_fail() -> bool {
    let wrong = [
        (json!(1), json!(true)),
        (json!([1]), json!([1, 2])),
        (json!({"a": 1}), json!({"b": 1})),
        (json!("ab"), json!({"$contains": "x"})),
        (json!([1]), json!({"$excludes": [1]})),
        (json!(null), json!({"$present": true})),
        (json!("a"), json!({"$unknown": 1})),
    ];
    wrong.iter().all(|(actual, expected)| matches(Some(actual), expected, "").is_err())
}

/// While one waits for the server, another one works.
const WORKERS: usize = 3;

type Run<'f> = (String, &'f Path, Engine, Road);

/// Where migrations come from is no matter of the engine: that road is gone on one of them, unless it is asked for.
fn runs<'f>(files: &'f [PathBuf], words: &[String]) -> Vec<Run<'f>> {
    let mut runs = Vec::new();
    for engine in engines() {
        for road in [Road::Url, Road::Memory, Road::Own] {
            for path in files {
                let name = format!("{engine}/{road:?}/{}", path.file_stem().unwrap_or_default().to_string_lossy()).to_lowercase();
                let usual = words.is_empty() && (road != Road::Memory || engine == Engine::Sqlite);
                if usual || words.iter().any(|word| name.contains(word.as_str())) {
                    runs.push((name, path.as_path(), engine, road));
                }
            }
        }
    }
    runs
}

/// What cargo test hands to all of its programs: words that are looked for; `--skip` is not for this one.
fn words() -> Vec<String> {
    let mut arguments = std::env::args().skip(1);
    let mut words = Vec::new();
    while let Some(one) = arguments.next() {
        if one == "--skip" {
            arguments.next();
        } else if !one.starts_with("--") {
            words.push(one);
        }
    }
    words
}

fn main() -> ExitCode {
    let folder = std::env::var_os("LIBMIGRATE_CONFORMANCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/conformance/cases"), PathBuf::from);
    let words = words();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    let runs = runs(&files, &words);
    let (next, passed, failed, others) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    if !the_runner_can_fail() {
        println!("FAILED  the runner passes what is wrong");
        failed.fetch_add(1, Relaxed);
    }
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((name, path, engine, road)) = runs.get(next.fetch_add(1, Relaxed)) {
                    match run_file(path, *engine, *road) {
                        None => others.fetch_add(1, Relaxed),
                        Some(Ok(())) => passed.fetch_add(1, Relaxed),
                        Some(Err(why)) => {
                            println!("FAILED  {name}: {why}");
                            failed.fetch_add(1, Relaxed)
                        }
                    };
                }
            });
        }
    });
    let (passed, failed, others) = (passed.into_inner(), failed.into_inner(), others.into_inner());
    let outcome = if failed == 0 && (passed > 0 || !words.is_empty()) { "ok" } else { "FAILED" };
    println!("test result: {outcome}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {others} filtered out");
    if outcome == "ok" { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
