// SPDX-License-Identifier: MIT
//! A session on the program's own `postgres::Client`.

use crate::Result;
use crate::driver::{Driver, Failure, Rows};
use crate::engine::Engine;
use crate::migrator::Migrator;
use crate::options::Options;
use postgres::error::ErrorPosition;
use postgres::tls::{MakeTlsConnect, TlsConnect};
use postgres::{CancelToken, Client, NoTls, SimpleQueryMessage, Socket};

struct Own<'c, T> {
    client: &'c mut Client,
    cancel: CancelToken,
    tls: T,
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
        let mut rows = Rows::default();
        for message in self.client.simple_query(sql).map_err(|error| failure(&error))? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => rows.columns = columns.len(),
                SimpleQueryMessage::Row(row) => {
                    rows.columns = row.len();
                    rows.values.extend((0..row.len()).map(|column| row.get(column).map(|value| value.as_bytes().to_vec())));
                }
                _ => {}
            }
        }
        Ok(rows)
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
        Self::with_driver(Own { client, cancel, tls }, options)
    }
}
