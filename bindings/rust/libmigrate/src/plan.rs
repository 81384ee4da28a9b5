// SPDX-License-Identifier: MIT
//! What would run, for review.

use crate::results::{Finding, Step, Steps};
use crate::rows::Rows;
use crate::source::settle;
use crate::text::taken;
use crate::{Error, Result};
use libmigrate_sys as sys;
use std::ops::Deref;
use std::ptr::{self, NonNull};

/// Up to where. A text is an id, a unique prefix of one, or a number (or what the library's manual says of targets: `"+2"`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Target {
    /// Everything pending; of a rollback: the last applied one.
    #[default]
    Default,
    /// The next so many.
    Next(u32),
    /// The last so many.
    Last(u32),
    /// Up or down to this one, so that it is the last applied one.
    Id(String),
    /// This one alone.
    Only(String),
    /// Down to nothing.
    Empty,
}

impl From<&str> for Target {
    fn from(text: &str) -> Self {
        Self::Id(text.to_owned())
    }
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        Self::Id(text)
    }
}

impl Target {
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Default => None,
            Self::Next(count) => Some(format!("+{count}")),
            Self::Last(count) => Some(format!("-{count}")),
            Self::Id(id) => Some(id.clone()),
            Self::Only(id) => Some(format!("only:{id}")),
            Self::Empty => Some("empty".to_owned()),
        }
    }
}

/// What would run; [`Migrator::apply_plan`](crate::Migrator::apply_plan) runs exactly that, or fails with [`Error::Stale`].
pub struct Plan {
    plan: NonNull<sys::migrate_plan>,
    steps: Steps,
}

// SAFETY: migrate.h: a handle may move between threads. What this one's methods read does not change.
unsafe impl Send for Plan {}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: it is ours.
        unsafe { sys::migrate_plan_free(self.plan.as_ptr()) }
    }
}

/// `plan.steps`, `plan.from`, `plan.to` ...
impl Deref for Plan {
    type Target = Steps;

    fn deref(&self) -> &Steps {
        &self.steps
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.steps.steps.iter().map(|step| &step.id).collect();
        write!(out, "Plan({} {ids:?})", self.direction.as_deref().unwrap_or("up"))
    }
}

impl<'p> IntoIterator for &'p Plan {
    type Item = &'p Step;
    type IntoIter = std::slice::Iter<'p, Step>;

    fn into_iter(self) -> Self::IntoIter {
        self.steps.steps.iter()
    }
}

type RowsOf = unsafe extern "C" fn(*const sys::migrate_plan, *mut *mut sys::migrate_rows, *mut *mut sys::migrate_error) -> i32;

impl Plan {
    /// # Safety
    /// `plan` is the library's, and nobody else's.
    pub(crate) unsafe fn take(plan: *mut sys::migrate_plan) -> Result<Self> {
        let plan = NonNull::new(plan).ok_or_else(|| Error::misuse("no plan".to_owned()))?;
        let made = read(plan, sys::migrate_plan_rows);
        match made {
            Ok(rows) => Ok(Self { plan, steps: Steps::read(&rows) }),
            Err(error) => {
                // SAFETY: it is ours.
                unsafe { sys::migrate_plan_free(plan.as_ptr()) };
                Err(error)
            }
        }
    }

    pub(crate) fn raw(&self) -> *const sys::migrate_plan {
        self.plan.as_ptr()
    }

    /// What it foresees going wrong, and what it can lose.
    pub fn findings(&self) -> Result<Vec<Finding>> {
        Ok(read(self.plan, sys::migrate_plan_findings)?.all())
    }

    /// The SQL as it would be sent; psql and sqlite3 can run it.
    pub fn sql(&self) -> Result<String> {
        let (mut sql, mut error) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the plan is alive, the outputs are ours.
        unsafe {
            settle(sys::migrate_plan_sql(self.raw(), &mut sql, &mut error), error)?;
            Ok(taken(sql))
        }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.steps.is_empty()
    }

    pub fn len(&self) -> usize {
        self.steps.steps.len()
    }

    #[cfg(test)]
    pub(crate) fn rows(&self) -> (Rows, Rows) {
        (read(self.plan, sys::migrate_plan_rows).unwrap(), read(self.plan, sys::migrate_plan_findings).unwrap())
    }
}

fn read(plan: NonNull<sys::migrate_plan>, function: RowsOf) -> Result<Rows> {
    let (mut rows, mut error) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the plan is alive, the outputs are ours.
    unsafe {
        settle(function(plan.as_ptr(), &mut rows, &mut error), error)?;
        Rows::take(rows).ok_or_else(|| Error::misuse("a plan without rows".to_owned()))
    }
}
