// SPDX-License-Identifier: MIT
//! Any connection of the program's own as the library's: a trait that says how it runs a statement.

use crate::engine::Engine;

/// A connection that is in autocommit mode and passes BEGIN, COMMIT, ROLLBACK and SAVEPOINT on to the database.
pub trait Driver {
    fn engine(&self) -> Engine;

    /// Runs one statement, which has literals and no parameters.
    fn run(&mut self, sql: &str) -> Result<Rows, Failure>;

    /// Is a transaction open? `None`: nobody knows.
    fn in_transaction(&mut self) -> Option<bool> {
        None
    }

    /// How another thread ends the statement that runs. Without it a token is heard between two statements only.
    fn interrupter(&self) -> Option<Box<dyn Fn() + Send + Sync>> {
        None
    }
}

/// What a statement gave: all values row by row, as the database writes them.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// 0: it gives no rows.
    pub columns: usize,
    pub values: Vec<Option<Vec<u8>>>,
}

/// What the database said against it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Failure {
    pub message: String,
    /// PostgreSQL's.
    pub sqlstate: Option<String>,
    /// SQLite's extended result code.
    pub driver_code: i32,
    /// From 1, in characters of the statement; 0: unknown.
    pub position: u32,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    #[must_use]
    pub fn sqlstate(mut self, sqlstate: impl Into<String>) -> Self {
        self.sqlstate = Some(sqlstate.into());
        self
    }

    #[must_use]
    pub fn driver_code(mut self, code: i32) -> Self {
        self.driver_code = code;
        self
    }

    #[must_use]
    pub fn position(mut self, position: u32) -> Self {
        self.position = position;
        self
    }
}
