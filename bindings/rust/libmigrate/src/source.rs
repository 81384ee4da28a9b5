// SPDX-License-Identifier: MIT
//! Migrations that the program holds: embedded files, texts, closures.

use crate::connection::Connection;
use crate::context::Context;
use crate::text::{Lent, lent};
use crate::{BoxError, Error, Result};
use libmigrate_sys as sys;
use std::borrow::Cow;
use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// The files of a migrations directory, compiled into the program by [`embed_migrations!`](crate::embed_migrations).
#[derive(Debug, Clone, Copy)]
pub struct Files(&'static [(&'static str, &'static [u8])]);

impl Files {
    /// Paths in the directory, and contents.
    pub const fn new(files: &'static [(&'static str, &'static [u8])]) -> Self {
        Self(files)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        self.0.iter().copied()
    }
}

pub(crate) type CodeFn<'a> = Arc<dyn Fn(&mut Connection<'_>) -> Result<(), BoxError> + Send + Sync + 'a>;

/// Migrations in memory, beside those of the directory.
#[derive(Clone, Default)]
pub struct Source<'a> {
    files: Vec<(Cow<'static, str>, Cow<'static, [u8]>)>,
    texts: Vec<(String, String, Option<String>)>,
    codes: Vec<CodeOf<'a>>,
    schema: Option<(String, CodeFn<'a>)>,
}

#[derive(Clone)]
struct CodeOf<'a> {
    id: String,
    version: String,
    up: CodeFn<'a>,
    down: Option<CodeFn<'a>>,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.files.iter().map(|(path, _)| path.as_ref());
        let ids = self.texts.iter().map(|(id, ..)| id.as_str()).chain(self.codes.iter().map(|code| code.id.as_str()));
        out.debug_list().entries(names.chain(ids)).finish()
    }
}

impl<'a> Source<'a> {
    pub fn new() -> Self {
        Self::default()
    }

    /// A file of a migrations directory, as if it lay there under this path: `001_users.sql`, `repeatable/v.sql`, `schema.sql`.
    #[must_use]
    pub fn file(mut self, path: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, [u8]>>) -> Self {
        self.files.push((path.into(), text.into()));
        self
    }

    #[must_use]
    pub fn files(mut self, files: &Files) -> Self {
        self.files.extend(files.iter().map(|(path, text)| (path.into(), text.into())));
        self
    }

    /// One migration as text. A `-- ROLLBACK:` block in it is its way back.
    #[must_use]
    pub fn sql(mut self, id: impl Into<String>, up: impl Into<String>) -> Self {
        self.texts.push((id.into(), up.into(), None));
        self
    }

    /// One migration and its way back as texts.
    #[must_use]
    pub fn sql_with_down(mut self, id: impl Into<String>, up: impl Into<String>, down: impl Into<String>) -> Self {
        self.texts.push((id.into(), up.into(), Some(down.into())));
        self
    }

    /// A migration in Rust. It works on the open connection, inside the migration's transaction; what it does in the database happens
    /// exactly once. `version` stands where a text's checksum would: change it when the code changes its meaning.
    #[must_use]
    pub fn code(
        mut self,
        id: impl Into<String>,
        version: impl Into<String>,
        up: impl Fn(&mut Connection<'_>) -> Result<(), BoxError> + Send + Sync + 'a,
    ) -> Self {
        self.codes.push(CodeOf { id: id.into(), version: version.into(), up: Arc::new(up), down: None });
        self
    }

    /// The same with its way back.
    #[must_use]
    pub fn code_with_down(
        mut self,
        id: impl Into<String>,
        version: impl Into<String>,
        up: impl Fn(&mut Connection<'_>) -> Result<(), BoxError> + Send + Sync + 'a,
        down: impl Fn(&mut Connection<'_>) -> Result<(), BoxError> + Send + Sync + 'a,
    ) -> Self {
        self.codes.push(CodeOf { id: id.into(), version: version.into(), up: Arc::new(up), down: Some(Arc::new(down)) });
        self
    }

    /// The fast road for an empty database: makes the schema as it stands behind the migration `stands_for`.
    #[must_use]
    pub fn schema_code(
        mut self,
        stands_for: impl Into<String>,
        create: impl Fn(&mut Connection<'_>) -> Result<(), BoxError> + Send + Sync + 'a,
    ) -> Self {
        self.schema = Some((stands_for.into(), Arc::new(create)));
        self
    }

    pub(crate) fn merge(&mut self, other: Source<'a>) {
        self.files.extend(other.files);
        self.texts.extend(other.texts);
        self.codes.extend(other.codes);
        self.schema = other.schema.or(self.schema.take());
    }
}

/// What C gets as its `user` of a code migration.
pub(crate) struct Code<'a> {
    pub(crate) up: CodeFn<'a>,
    pub(crate) down: Option<CodeFn<'a>>,
    pub(crate) context: *const Context<'a>,
}

/// The library's own object, and what its callbacks need as long as it lives.
pub(crate) struct NativeSource<'a> {
    source: NonNull<sys::migrate_source>,
    #[allow(clippy::vec_box)] // C knows where each of them is
    codes: Vec<Box<Code<'a>>>,
}

impl Drop for NativeSource<'_> {
    fn drop(&mut self) {
        // SAFETY: it is ours; a session that uses it was closed before, or holds it by itself and calls nothing any more.
        unsafe { sys::migrate_source_free(self.source.as_ptr()) }
    }
}

impl<'a> NativeSource<'a> {
    pub(crate) fn new(source: &Source<'a>, context: *const Context<'a>) -> Result<Self> {
        let (mut made, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: both outputs are ours.
        let code = unsafe { sys::migrate_source_new(&mut made, &mut error) };
        // SAFETY: the error comes from this call.
        let made = NonNull::new(made).ok_or_else(|| unsafe { Error::take(code, error, None) })?;
        let mut own = Self { source: made, codes: Vec::new() };
        for (path, text) in &source.files {
            own.add_file(path, text)?;
        }
        for (id, up, down) in &source.texts {
            own.add_text(id, up, down.as_deref())?;
        }
        for code in &source.codes {
            own.add_code(code, context)?;
        }
        if let Some((stands_for, create)) = &source.schema {
            own.set_schema(stands_for, create, context)?;
        }
        Ok(own)
    }

    pub(crate) fn raw(&self) -> *mut sys::migrate_source {
        self.source.as_ptr()
    }

    fn add_file(&mut self, path: &str, text: &[u8]) -> Result<()> {
        let (path, mut error) = (lent(path)?, ptr::null_mut());
        // SAFETY: the texts are copied.
        let code =
            unsafe { sys::migrate_source_add_file(self.raw(), path.as_ptr(), text.as_ptr().cast(), text.len(), &mut error) };
        settle(code, error)
    }

    fn add_text(&mut self, id: &str, up: &str, down: Option<&str>) -> Result<()> {
        let (id, up, down, mut error) = (lent(id)?, lent(up)?, Lent::new(down)?, ptr::null_mut());
        // SAFETY: the texts are copied.
        let code = unsafe { sys::migrate_source_add(self.raw(), id.as_ptr(), up.as_ptr(), down.as_ptr(), &mut error) };
        settle(code, error)
    }

    fn keep(&mut self, up: &CodeFn<'a>, down: Option<&CodeFn<'a>>, context: *const Context<'a>) -> *mut c_void {
        let code = Box::new(Code { up: up.clone(), down: down.cloned(), context });
        let user = ptr::from_ref(&*code).cast_mut().cast();
        self.codes.push(code);
        user
    }

    fn add_code(&mut self, code: &CodeOf<'a>, context: *const Context<'a>) -> Result<()> {
        let (id, version, mut error) = (lent(&code.id)?, lent(&code.version)?, ptr::null_mut());
        let down: sys::migrate_code_fn = if code.down.is_some() { Some(crate::context::run_down) } else { None };
        let user = self.keep(&code.up, code.down.as_ref(), context);
        // SAFETY: the texts are copied, and `user` lives as long as this source.
        let code = unsafe {
            let up = Some(crate::context::run_up as unsafe extern "C" fn(_, _) -> _);
            sys::migrate_source_add_code(self.raw(), id.as_ptr(), version.as_ptr(), up, down, user, &mut error)
        };
        settle(code, error)
    }

    fn set_schema(&mut self, stands_for: &str, create: &CodeFn<'a>, context: *const Context<'a>) -> Result<()> {
        let (stands_for, mut error) = (lent(stands_for)?, ptr::null_mut());
        let user = self.keep(create, None, context);
        // SAFETY: the text is copied, and `user` lives as long as this source.
        let code = unsafe {
            sys::migrate_source_set_schema_code(self.raw(), stands_for.as_ptr(), Some(crate::context::run_up), user, &mut error)
        };
        settle(code, error)
    }
}

/// An error of a call that runs no callbacks.
pub(crate) fn settle(code: i32, error: *mut sys::migrate_error) -> Result<()> {
    if code < 0 {
        // SAFETY: the error comes from the call that returned the code.
        return Err(unsafe { Error::take(code, error, None) });
    }
    Ok(())
}
