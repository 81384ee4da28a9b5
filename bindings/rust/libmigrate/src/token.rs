// SPDX-License-Identifier: MIT
//! A token asks calls that wait or run to end, from any thread.

use crate::Result;
use crate::error::Error;
use libmigrate_sys as sys;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Asks calls to end: give it to [`Options::token`](crate::Options::token), keep a clone, call [`cancel`](Self::cancel) or
/// [`stop`](Self::stop) from wherever you are. It stays what it has become: what is opened with it later ends at once.
#[derive(Clone, Debug)]
pub struct Token(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    token: NonNull<sys::migrate_token>,
    /// Statements on connections that the library itself cannot interrupt.
    statements: Mutex<Vec<Weak<Statements>>>,
}

// SAFETY: migrate.h: a token may be stopped and cancelled from any thread; it is freed when the last clone goes.
unsafe impl Send for Inner {}
// SAFETY: the same.
unsafe impl Sync for Inner {}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: it is ours; options and sessions hold their own references.
        unsafe { sys::migrate_token_free(self.token.as_ptr()) }
    }
}

impl Token {
    pub fn new() -> Self {
        Self::try_new().expect("memory for a token")
    }

    pub(crate) fn try_new() -> Result<Self> {
        let (mut token, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: both outputs are ours.
        let code = unsafe { sys::migrate_token_new(&mut token, &mut error) };
        match NonNull::new(token) {
            Some(token) => Ok(Self(Arc::new(Inner { token, statements: Mutex::default() }))),
            // SAFETY: the error comes from this call.
            None => Err(unsafe { Error::take(code, error, None) }),
        }
    }

    /// End at the next safe point: what is under way is finished, nothing new is begun.
    pub fn stop(&self) {
        // SAFETY: the token is alive.
        unsafe { sys::migrate_token_stop(self.raw()) }
    }

    /// End now: the statement that runs is cancelled, and its migration rolled back. The call fails with [`Error::Cancelled`].
    pub fn cancel(&self) {
        // SAFETY: the token is alive.
        unsafe { sys::migrate_token_cancel(self.raw()) }
        let mut statements = self.0.statements.lock().unwrap_or_else(PoisonError::into_inner);
        statements.retain(|one| one.strong_count() > 0);
        statements.iter().filter_map(Weak::upgrade).for_each(Statements::interrupt);
    }

    /// Somebody has asked for the end at once.
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: the token is alive.
        unsafe { sys::migrate_token_state(self.raw()) == 2 }
    }

    /// Somebody has asked for the end, at a safe point or at once.
    pub fn is_stopped(&self) -> bool {
        // SAFETY: the token is alive.
        unsafe { sys::migrate_token_state(self.raw()) != 0 }
    }

    /// Cancels when the guard goes out of scope: for a future that is dropped.
    #[must_use]
    pub fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(Some(self.clone()))
    }

    pub(crate) fn raw(&self) -> *mut sys::migrate_token {
        self.0.token.as_ptr()
    }

    pub(crate) fn add(&self, statements: &Arc<Statements>) {
        self.0.statements.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(statements));
    }
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}

/// See [`Token::cancel_on_drop`].
#[derive(Debug)]
pub struct CancelOnDrop(Option<Token>);

impl CancelOnDrop {
    /// It was done: nothing is to be cancelled any more.
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(token) = self.0.take() {
            token.cancel();
        }
    }
}

/// The statements of a driver of the program's: the number is odd while one runs. What is interrupted is the one that runs when the token is
/// cancelled, or else the next one, which may already be on its way; never one behind it, which cleans up.
pub(crate) struct Statements {
    number: AtomicU64,
    interrupt: Box<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Statements {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Statements({})", self.number.load(Ordering::Relaxed))
    }
}

const PAUSE: Duration = Duration::from_millis(20);
/// A next statement that has not come by then does not come.
const PATIENCE: u32 = 50;

impl Statements {
    pub(crate) fn new(interrupt: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { number: AtomicU64::new(0), interrupt: Box::new(interrupt) })
    }

    pub(crate) fn begin(&self) {
        self.number.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn end(&self) {
        self.number.fetch_add(1, Ordering::SeqCst);
    }

    /// An interruption that comes before the statement has reached its engine is lost, so it is repeated.
    fn interrupt(self: Arc<Self>) {
        let wanted = self.number.load(Ordering::SeqCst) | 1;
        std::thread::spawn(move || {
            for _ in 0..PATIENCE {
                let now = self.number.load(Ordering::SeqCst);
                if now > wanted || Arc::strong_count(&self) == 1 {
                    break;
                }
                if now == wanted {
                    (self.interrupt)();
                }
                std::thread::sleep(PAUSE);
            }
        });
    }
}
