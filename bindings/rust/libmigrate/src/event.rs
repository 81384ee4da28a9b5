// SPDX-License-Identifier: MIT
//! Progress, log lines, checkpoints.

use crate::rows::str_of;
use crate::text::lent;
use libmigrate_sys as sys;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

/// What happens during a call. Comes on the calling thread, at least once a second while something waits or runs.
#[derive(Clone, Copy)]
pub struct Event<'e> {
    event: *const sys::migrate_event,
    _alive: PhantomData<&'e ()>,
}

impl<'e> Event<'e> {
    /// # Safety
    /// `event` is what a callback got, and this does not outlive it.
    pub(crate) unsafe fn new(event: *const sys::migrate_event) -> Self {
        Self { event, _alive: PhantomData }
    }

    /// `connecting`, `waiting`, `step`, `applied`, `failed`, `warning` ...: later versions add names.
    pub fn name(&self) -> &'e str {
        // SAFETY: the event is alive, and owns the text; so for all of these.
        unsafe { str_of(sys::migrate_event_name(self.event)) }.unwrap_or_default()
    }

    pub fn level(&self) -> Level {
        // SAFETY: see name().
        match unsafe { str_of(sys::migrate_event_level(self.event)) } {
            Some("debug") => Level::Debug,
            Some("warning") => Level::Warning,
            Some("error") => Level::Error,
            _ => Level::Info,
        }
    }

    /// One line for a person.
    pub fn message(&self) -> &'e str {
        // SAFETY: see name().
        unsafe { str_of(sys::migrate_event_message(self.event)) }.unwrap_or_default()
    }

    /// A text that this event has: `direction`, `statement`, `tables`, `sessions`, `application`, `host` ...
    pub fn text(&self, value: &str) -> Option<&'e str> {
        let value = lent(value).ok()?;
        // SAFETY: see name().
        unsafe { str_of(sys::migrate_event_text(self.event, value.as_ptr())) }
    }

    /// A number that this event has: `number`, `count`, `bytes`, `total`, `pid` ...; 0: it has not.
    pub fn number(&self, value: &str) -> i64 {
        // SAFETY: see name().
        lent(value).map_or(0, |value| unsafe { sys::migrate_event_int(self.event, value.as_ptr()) })
    }

    /// The migration.
    pub fn id(&self) -> Option<&'e str> {
        self.text("id")
    }

    pub fn file(&self) -> Option<&'e str> {
        self.text("file")
    }

    /// How long it took; of a wait: how long it has lasted.
    pub fn duration(&self) -> Duration {
        let known = [self.number("duration_us"), self.number("waited_us")];
        Duration::from_micros(
            known.into_iter().find_map(|value| u64::try_from(value).ok().filter(|value| *value > 0)).unwrap_or(0),
        )
    }
}

impl std::fmt::Debug for Event<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Event({}: {})", self.name(), self.message())
    }
}

impl std::fmt::Display for Event<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.message())
    }
}

/// What a closure for events may return: nothing, or `ControlFlow::Break(())` to cancel.
pub trait Answer {
    fn goes_on(self) -> bool;
}

impl Answer for () {
    fn goes_on(self) -> bool {
        true
    }
}

impl Answer for ControlFlow<()> {
    fn goes_on(self) -> bool {
        self.is_continue()
    }
}

#[cfg(feature = "tracing")]
pub(crate) fn trace(event: &Event<'_>) {
    let duration = event.duration();
    macro_rules! at {
        ($level:expr) => {
            tracing::event!(
                target: "libmigrate",
                $level,
                name = event.name(),
                id = event.id(),
                file = event.file(),
                duration_us = (!duration.is_zero()).then(|| duration.as_micros() as u64),
                "{}",
                event.message()
            )
        };
    }
    match event.level() {
        Level::Debug => at!(tracing::Level::DEBUG),
        Level::Info => at!(tracing::Level::INFO),
        Level::Warning => at!(tracing::Level::WARN),
        Level::Error => at!(tracing::Level::ERROR),
    }
}
