// SPDX-License-Identifier: MIT
//! Any connection of the program's own as the library's: a trait that says how it runs a statement.

use crate::engine::Engine;

/// A connection that is in autocommit mode and passes BEGIN, COMMIT, ROLLBACK and SAVEPOINT on to the database.
pub trait Driver {
    fn engine(&self) -> Engine;

    /// Runs one statement, which has literals and no parameters. A statement that can give rows names its columns even when it gives none:
    /// [`Rows::named`].
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

/// What a statement gave. The default has no columns: a statement that gives no rows.
///
/// ```
/// use libmigrate::driver::Rows;
/// let mut rows = Rows::named(["id", "name"]);
/// rows.values.extend([Some(b"1".to_vec()), Some(b"Ann".to_vec())]);
/// rows.values.extend([Some(b"2".to_vec()), None]);
/// assert_eq!(rows.columns(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Rows {
    columns: usize,
    /// Of all columns, or none.
    names: Vec<String>,
    /// All values row by row, as the database writes them; `None`: null.
    pub values: Vec<Option<Vec<u8>>>,
}

impl Rows {
    /// Columns by their names, from left to right: what migrations in Rust read them by.
    pub fn named<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        Self { columns: names.len(), names, values: Vec::new() }
    }

    /// For a connection that does not tell names: migrations in Rust know the columns as "1", "2" and so on.
    pub fn unnamed(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }

    /// How many values a row has; 0: there are no rows.
    pub fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
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
