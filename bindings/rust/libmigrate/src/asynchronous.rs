// SPDX-License-Identifier: MIT
//! The same with await: calls run on tokio's blocking threads, and a future that is dropped cancels its call.

use crate::migrator::Migrator;
use crate::options::Options;
use crate::results::Report;
use crate::token::Token;
use crate::{Error, Result};
use tokio::task::spawn_blocking;

/// [`startup`](crate::startup) with await. Dropping the future ends what runs in the database, and rolls it back.
pub async fn startup(options: Options<'static>) -> Result<Report> {
    let token = options.own_token()?;
    let options = options.token(&token);
    run(&token, move || crate::startup(&options)).await
}

/// Any calls, on a blocking thread; `token` is the one that they were given.
pub async fn run<T: Send + 'static>(token: &Token, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let guard = token.cancel_on_drop();
    let outcome = spawn_blocking(work).await;
    guard.disarm();
    match outcome {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::misuse("the runtime has shut down".to_owned())),
    }
}

/// A [`Migrator`] for asynchronous programs: `migrator.call(|migrator| migrator.status()).await`.
#[derive(Debug)]
pub struct AsyncMigrator {
    /// Away while a call runs, and for ever once a call was cancelled or has panicked.
    migrator: Option<Migrator<'static>>,
    token: Token,
}

impl AsyncMigrator {
    pub async fn open(options: Options<'static>) -> Result<Self> {
        let token = options.own_token()?;
        let options = options.token(&token);
        let migrator = run(&token, move || Migrator::open(&options)).await?;
        Ok(Self { migrator: Some(migrator), token })
    }

    /// Runs calls of the migrator on a blocking thread. Dropping the future cancels them, and closes the migrator.
    pub async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Migrator<'static>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let gone = || Error::misuse("the migrator was closed when a call was cancelled or panicked: open another one".to_owned());
        let mut migrator = self.migrator.take().ok_or_else(gone)?;
        let (migrator, outcome) = run(&self.token, move || {
            let outcome = work(&mut migrator);
            Ok((migrator, outcome))
        })
        .await?;
        self.migrator = Some(migrator);
        outcome
    }

    pub fn token(&self) -> Token {
        self.token.clone()
    }
}
