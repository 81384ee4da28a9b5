// SPDX-License-Identifier: MIT
//! A session on the program's own `postgres::Client`.

use crate::Result;
use crate::driver::{Driver, Failure, Rows};
use crate::engine::Engine;
use crate::migrator::Migrator;
use crate::options::Options;
use postgres::error::{ErrorPosition, SqlState};
use postgres::tls::{MakeTlsConnect, TlsConnect};
use postgres::{CancelToken, Client, NoTls, SimpleQueryMessage, Socket};

struct Own<'c, T> {
    client: &'c mut Client,
    cancel: CancelToken,
    tls: T,
    /// Of the connection, where it is known.
    in_transaction: Option<bool>,
}

/// A statement's first word, behind comments.
fn first_word(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start();
        let behind = if sql.starts_with("--") { "\n" } else { "*/" };
        match sql.find(behind) {
            Some(end) if sql.starts_with("--") || sql.starts_with("/*") => sql = &sql[end + behind.len()..],
            _ => break,
        }
    }
    sql.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default()
}

impl<T> Driver for Own<'_, T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::TlsConnect: Send,
    T::Stream: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn engine(&self) -> Engine {
        Engine::Postgresql
    }

    fn run(&mut self, sql: &str) -> std::result::Result<Rows, Failure> {
        let word = first_word(sql).to_ascii_uppercase();
        if ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE", "CALL", "DO"].contains(&word.as_str()) {
            self.in_transaction = None;
        }
        let mut rows = Rows::default();
        for message in self.client.simple_query(sql).map_err(|error| failure(&error))? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => rows = Rows::named(columns.iter().map(|column| column.name())),
                SimpleQueryMessage::Row(row) => {
                    rows.values.extend((0..row.len()).map(|column| row.get(column).map(|value| value.as_bytes().to_vec())));
                }
                _ => {}
            }
        }
        if word == "BEGIN" {
            self.in_transaction = Some(true);
        }
        Ok(rows)
    }

    /// The client does not tell. But only a statement that is a transaction by itself begins when its transaction does.
    fn in_transaction(&mut self) -> Option<bool> {
        if self.in_transaction.is_some() {
            return self.in_transaction;
        }
        self.in_transaction =
            match self.client.simple_query("SELECT pg_catalog.statement_timestamp() = pg_catalog.transaction_timestamp()") {
                Ok(messages) => messages.iter().find_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0).map(|alone| alone != "t"),
                    _ => None,
                }),
                Err(error) => (error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION)).then_some(true),
            };
        self.in_transaction
    }

    fn interrupter(&self) -> Option<Box<dyn Fn() + Send + Sync>> {
        let (cancel, tls) = (self.cancel.clone(), self.tls.clone());
        // A server that cannot be reached any more has nothing to be cancelled.
        Some(Box::new(move || _ = cancel.cancel_query(tls.clone())))
    }
}

fn failure(error: &postgres::Error) -> Failure {
    let Some(said) = error.as_db_error() else {
        let failure = Failure::new(error.to_string());
        return if error.is_closed() { failure.sqlstate("08006") } else { failure };
    };
    let position = match said.position() {
        Some(ErrorPosition::Original(position)) => *position,
        _ => 0,
    };
    Failure::new(said.message()).sqlstate(said.code().code()).position(position)
}

impl<'a> Migrator<'a> {
    /// On the program's own connection, which stays open. `COPY ... FROM stdin` in a migration needs a URL.
    pub fn with_postgres(client: &'a mut Client, options: &Options<'a>) -> Result<Self> {
        Self::with_postgres_tls(client, NoTls, options)
    }

    /// The same, where the server is to be reached by TLS to cancel a statement.
    pub fn with_postgres_tls<T>(client: &'a mut Client, tls: T, options: &Options<'a>) -> Result<Self>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let cancel = client.cancel_token();
        Self::with_driver(Own { client, cancel, tls, in_transaction: None }, options)
    }
}

#[cfg(test)]
#[test]
fn first_words() {
    for (sql, word) in
        [(" BEGIN;", "BEGIN"), ("-- why\n/* and\nhow */ COMMIT", "COMMIT"), ("SELECT '--'", "SELECT"), ("-- only", ""), ("", "")]
    {
        assert_eq!(first_word(sql), word);
    }
}
