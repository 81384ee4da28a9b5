// SPDX-License-Identifier: MIT
//! A database and a folder of their own for each test, on both engines.

#![allow(dead_code)]

use libmigrate::Engine;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty folder that goes with its owner.
pub struct Folder(PathBuf);

static NUMBER: AtomicU32 = AtomicU32::new(0);

fn unique(what: &str) -> String {
    format!("{what}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(unique("libmigrate_rust"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A superuser's URL of the server for tests.
pub fn server() -> Option<String> {
    std::env::var("MIGRATE_TEST_POSTGRESQL").ok().filter(|url| !url.is_empty())
}

/// What can be tested here.
pub fn engines() -> Vec<Engine> {
    let mut engines = vec![Engine::Sqlite];
    match server() {
        Some(_) => engines.push(Engine::Postgresql),
        None => eprintln!("SKIPPED: PostgreSQL: MIGRATE_TEST_POSTGRESQL is not set"),
    }
    engines
}

/// A new file that does not exist yet, or a new database on the server.
pub struct Database {
    pub engine: Engine,
    pub url: String,
    pub name: String,
    file: PathBuf,
    _folder: Folder,
}

impl Database {
    pub fn new(engine: Engine) -> Self {
        let folder = Folder::new();
        let name = unique("rust");
        match engine {
            Engine::Sqlite => {
                let name = format!("{name}.db");
                let file = folder.path().join(&name);
                Self { engine, url: format!("sqlite:{}", file.display()), name, file, _folder: folder }
            }
            _ => {
                administer(&format!("CREATE DATABASE {name}"));
                let server = server().unwrap();
                let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
                Self { engine, url, name, file: PathBuf::new(), _folder: folder }
            }
        }
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.file).unwrap()
    }

    pub fn client(&self) -> postgres::Client {
        postgres::Client::connect(&self.url, postgres::NoTls).unwrap()
    }

    pub fn script(&self, sql: &str) {
        match self.engine {
            Engine::Sqlite => self.sqlite().execute_batch(sql).unwrap(),
            _ => self.client().batch_execute(sql).unwrap(),
        }
    }

    /// All values as texts.
    pub fn query(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        if self.engine == Engine::Sqlite {
            return self.query_sqlite(sql);
        }
        let mut rows = Vec::new();
        for message in self.client().simple_query(sql).unwrap() {
            if let postgres::SimpleQueryMessage::Row(row) = message {
                rows.push((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect());
            }
        }
        rows
    }

    fn query_sqlite(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        use rusqlite::types::ValueRef;
        let connection = self.sqlite();
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut all = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let text = |column| match row.get_ref(column).unwrap() {
                ValueRef::Null => None,
                ValueRef::Integer(number) => Some(number.to_string()),
                ValueRef::Real(number) => Some(number.to_string()),
                ValueRef::Text(text) | ValueRef::Blob(text) => Some(String::from_utf8_lossy(text).into_owned()),
            };
            all.push((0..columns).map(text).collect());
        }
        all
    }

    /// The names of all tables but the history's.
    pub fn tables(&self) -> Vec<String> {
        let sql = match self.engine {
            Engine::Sqlite => {
                r"SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
                  AND name NOT LIKE 'libmigrate\_%' ESCAPE '\' ORDER BY name"
            }
            _ => {
                r#"SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                   AND relname NOT LIKE 'libmigrate\_%' ORDER BY relname COLLATE "C""#
            }
        };
        self.query(sql).into_iter().filter_map(|mut row| row.remove(0)).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.engine == Engine::Postgresql {
            administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

fn administer(sql: &str) {
    postgres::Client::connect(&server().unwrap(), postgres::NoTls).unwrap().batch_execute(sql).unwrap();
}
