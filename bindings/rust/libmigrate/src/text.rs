// SPDX-License-Identifier: MIT
//! Texts on their way to C and back.

use crate::{Error, Result};
use libmigrate_sys as sys;
use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// # Safety
/// `text` is NULL, or a text that lives at least as long as this call.
pub(crate) unsafe fn borrowed(text: *const c_char) -> Option<String> {
    // SAFETY: as the caller promises.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// A text that the library handed over, and that is freed here.
///
/// # Safety
/// `text` is NULL, or comes from the library.
pub(crate) unsafe fn taken(text: *mut c_char) -> String {
    // SAFETY: as the caller promises.
    unsafe {
        let copy = borrowed(text).unwrap_or_default();
        sys::migrate_free(text.cast());
        copy
    }
}

/// A text for C; a NUL in it would cut it off.
pub(crate) fn lent(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::misuse(format!("a text has a NUL character in it: {text:?}")))
}

/// The same of one that may be absent.
pub(crate) struct Lent(Option<CString>);

impl Lent {
    pub(crate) fn new(text: Option<&str>) -> Result<Self> {
        text.map(lent).transpose().map(Self)
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0.as_ref().map_or(ptr::null(), |text| text.as_ptr())
    }
}

/// For messages, where a NUL does not matter.
pub(crate) fn cleaned(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}
