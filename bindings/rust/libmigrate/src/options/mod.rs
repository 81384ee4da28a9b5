// SPDX-License-Identifier: MIT
//! What a call is to work with: every option of the library, migrations in memory, closures, a token.

mod settings;

pub use settings::*;

use crate::backup::BackupJob;
use crate::connection::Connection;
use crate::context::{self, BackupFn, Context, EventFn};
use crate::driver::Driver;
use crate::event::{Answer, Event};
use crate::results::OptionInfo;
use crate::rows::Rows;
use crate::source::{CodeFn, Files, NativeSource, Source, settle};
use crate::text::{Lent, lent};
use crate::token::{Statements, Token};
use crate::{BoxError, Error, Result};
use libmigrate_sys as sys;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The kinds of options.
pub mod kinds {
    #[derive(Debug)]
    pub enum Text {}
    #[derive(Debug)]
    pub enum Duration {}
    #[derive(Debug)]
    pub enum Number {}
    #[derive(Debug)]
    pub enum Size {}
    #[derive(Debug)]
    pub enum Truth {}
}

/// A value for an option of one kind: durations are [`Duration`]s or texts with a unit (`"30s"`), sizes bytes or texts (`"2GiB"`).
pub trait Setting<Kind> {
    fn text(self) -> String;
}

macro_rules! settings {
    ($($kind:ident: $type:ty = |$value:ident| $text:expr;)*) => {
        $(impl Setting<kinds::$kind> for $type {
            fn text(self) -> String {
                let $value = self;
                $text
            }
        })*
    };
}

settings! {
    Text: &str = |value| value.to_owned();
    Text: String = |value| value;
    Text: &String = |value| value.clone();
    Text: &Path = |value| value.to_string_lossy().into_owned();
    Text: PathBuf = |value| value.to_string_lossy().into_owned();
    Text: &PathBuf = |value| value.to_string_lossy().into_owned();
    Duration: Duration = |value| format!("{}us", value.as_micros());
    Duration: &str = |value| value.to_owned();
    Number: u32 = |value| value.to_string();
    Number: &str = |value| value.to_owned();
    Size: u64 = |value| format!("{value}B");
    Size: &str = |value| value.to_owned();
    Truth: bool = |value| if value { "on" } else { "off" }.to_owned();
}

#[derive(Clone)]
enum Declared<'a> {
    Sql(String),
    Code(CodeFn<'a>),
}

/// What a call is to work with. Wrong values are reported by the call that uses them.
#[derive(Clone, Default)]
pub struct Options<'a> {
    settings: Vec<(String, Option<String>)>,
    environment: bool,
    source: Option<Source<'a>>,
    event: Option<EventFn<'a>>,
    backup: Option<BackupFn<'a>>,
    declared: Option<Declared<'a>>,
    token: Option<Token>,
}

impl std::fmt::Debug for Options<'_> {
    /// Without values: some of them are secret.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<_> = self.settings.iter().map(|(key, _)| key).collect();
        out.debug_struct("Options").field("set", &keys).field("source", &self.source).finish_non_exhaustive()
    }
}

impl<'a> Options<'a> {
    pub fn new() -> Self {
        Self::default()
    }

    /// Any option by its name.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((key.into(), Some(value.into())));
        self
    }

    /// Brings an option's default back.
    #[must_use]
    pub fn unset(mut self, key: impl Into<String>) -> Self {
        self.settings.push((key.into(), None));
        self
    }

    /// Reads `MIGRATE_*`, and `DATABASE_URL` for the URL; what is set here counts more.
    #[must_use]
    pub fn environment(mut self) -> Self {
        self.environment = true;
        self
    }

    /// Migrations that are compiled into the program: [`embed_migrations!`](crate::embed_migrations).
    #[must_use]
    pub fn embedded(self, files: &Files) -> Self {
        self.source(Source::new().files(files))
    }

    /// Migrations in memory, beside those of `dir`. May be given several times.
    #[must_use]
    pub fn source(mut self, source: Source<'a>) -> Self {
        self.source.get_or_insert_default().merge(source);
        self
    }

    /// A closure for events, on the calling thread. It may return `ControlFlow::Break(())` to cancel.
    #[must_use]
    pub fn on_event<R: Answer>(mut self, event: impl FnMut(&Event<'_>) -> R + Send + 'a) -> Self {
        self.event = Some(Arc::new(Mutex::new(event)));
        self
    }

    /// Makes and reads backups of PostgreSQL. SQLite needs none.
    #[must_use]
    pub fn on_backup(mut self, backup: impl Fn(&mut BackupJob<'_>) -> Result<(), BoxError> + Send + Sync + 'a) -> Self {
        self.backup = Some(Arc::new(backup));
        self
    }

    /// The schema that the program is written for, as SQL. (The option `declared` names a file.)
    #[must_use]
    pub fn declared_sql(mut self, sql: impl Into<String>) -> Self {
        self.declared = Some(Declared::Sql(sql.into()));
        self
    }

    /// The same as code that makes it in an empty database; it gets a scratch one.
    #[must_use]
    pub fn declared_code(mut self, make: impl Fn(&mut Connection<'_>) -> Result<(), BoxError> + Send + Sync + 'a) -> Self {
        self.declared = Some(Declared::Code(Arc::new(make)));
        self
    }

    /// What ends calls from another thread.
    #[must_use]
    pub fn token(mut self, token: &Token) -> Self {
        self.token = Some(token.clone());
        self
    }

    /// The token that was given, or a new one.
    #[cfg(feature = "tokio")]
    pub(crate) fn own_token(&self) -> Result<Token> {
        self.token.clone().map_or_else(Token::try_new, Ok)
    }

    pub(crate) fn native(
        &self,
        driver: Option<Box<dyn Driver + Send + 'a>>,
        statements: Option<Arc<Statements>>,
    ) -> Result<Native<'a>> {
        let token = self.token.clone().map_or_else(Token::try_new, Ok)?;
        if let Some(statements) = &statements {
            token.add(statements);
        }
        let declare = match &self.declared {
            Some(Declared::Code(make)) => Some(make.clone()),
            _ => None,
        };
        let context = Box::new(Context {
            event: self.event.clone(),
            backup: self.backup.clone(),
            declare,
            driver: driver.map(RefCell::new),
            statements,
            ..Context::default()
        });
        let (mut options, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: both outputs are ours.
        let code = unsafe { sys::migrate_options_new(&mut options, &mut error) };
        // SAFETY: the error comes from this call.
        let options = NonNull::new(options).ok_or_else(|| unsafe { Error::take(code, error, None) })?;
        let source = self.source.as_ref().map(|source| NativeSource::new(source, &*context));
        let mut native = Native { options, source: None, context, token };
        native.source = source.transpose()?;
        native.fill(self)?;
        Ok(native)
    }
}

/// The library's own options, with everything that its callbacks need.
pub(crate) struct Native<'a> {
    options: NonNull<sys::migrate_options>,
    source: Option<NativeSource<'a>>,
    pub(crate) context: Box<Context<'a>>,
    pub(crate) token: Token,
}

impl Drop for Native<'_> {
    fn drop(&mut self) {
        // SAFETY: they are ours; a session that was opened with them was closed before.
        unsafe { sys::migrate_options_free(self.options.as_ptr()) }
    }
}

impl Native<'_> {
    pub(crate) fn raw(&self) -> *mut sys::migrate_options {
        self.options.as_ptr()
    }

    fn fill(&mut self, from: &Options<'_>) -> Result<()> {
        let mut error = ptr::null_mut();
        let user = ptr::from_ref(&*self.context).cast_mut().cast();
        // SAFETY: options, source and token are alive; texts are copied; `user` lives as long as the options and their session.
        unsafe {
            if from.environment {
                settle(sys::migrate_options_from_environment(self.raw(), &mut error), error)?;
            }
            for (key, value) in &from.settings {
                let (key, value) = (lent(key)?, Lent::new(value.as_deref())?);
                settle(sys::migrate_options_set(self.raw(), key.as_ptr(), value.as_ptr(), &mut error), error)?;
            }
            settle(sys::migrate_options_set_token(self.raw(), self.token.raw(), &mut error), error)?;
            if let Some(source) = &self.source {
                settle(sys::migrate_options_set_source(self.raw(), source.raw(), &mut error), error)?;
            }
            if self.context.event.is_some() || cfg!(feature = "tracing") {
                sys::migrate_options_set_event(self.raw(), Some(context::on_event), user);
            }
            if self.context.backup.is_some() {
                sys::migrate_options_set_backup(self.raw(), Some(context::on_backup), user);
            }
            match &from.declared {
                None => Ok(()),
                Some(Declared::Sql(sql)) => {
                    let sql = lent(sql)?;
                    let code = sys::migrate_options_set_declared(self.raw(), sql.as_ptr(), None, ptr::null_mut(), &mut error);
                    settle(code, error)
                }
                Some(Declared::Code(_)) => {
                    let make = Some(context::declare as unsafe extern "C" fn(_, _) -> _);
                    settle(sys::migrate_options_set_declared(self.raw(), ptr::null(), make, user, &mut error), error)
                }
            }
        }
    }
}

/// Every option of the library that runs.
pub fn options() -> Result<Vec<OptionInfo>> {
    let (mut rows, mut error) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: both outputs are ours.
    unsafe {
        settle(sys::migrate_options_list(&mut rows, &mut error), error)?;
        Ok(Rows::take(rows).map(|rows| rows.all()).unwrap_or_default())
    }
}
