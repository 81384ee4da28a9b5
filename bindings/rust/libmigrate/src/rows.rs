// SPDX-License-Identifier: MIT
//! The library's tables, and how the structs of `results` come out of them.

use libmigrate_sys as sys;
use std::ffi::{CStr, CString};
use std::fmt::Write;
use std::ptr::NonNull;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A table of results, of a query for instance. It cannot change, and outlives everything that it came from.
pub struct Rows(NonNull<sys::migrate_rows>);

// SAFETY: migrate.h says that row sets are immutable and may be read and freed from any thread.
unsafe impl Send for Rows {}
// SAFETY: the same.
unsafe impl Sync for Rows {}

impl Drop for Rows {
    fn drop(&mut self) {
        // SAFETY: it is ours.
        unsafe { sys::migrate_rows_free(self.0.as_ptr()) }
    }
}

impl Rows {
    /// `None`: the call gave no table.
    ///
    /// # Safety
    /// `rows` is NULL or the library's, and nobody else's.
    pub(crate) unsafe fn take(rows: *mut sys::migrate_rows) -> Option<Self> {
        NonNull::new(rows).map(Self)
    }

    fn raw(&self) -> *const sys::migrate_rows {
        self.0.as_ptr()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        // SAFETY: the rows are alive.
        unsafe { sys::migrate_rows_count(self.raw()) }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns' names.
    pub fn columns(&self) -> Vec<&str> {
        // SAFETY: the rows are alive, and own the names.
        (0..unsafe { sys::migrate_rows_columns(self.raw()) })
            .map(|column| unsafe { str_of(sys::migrate_rows_column_name(self.raw(), column)) }.unwrap_or_default())
            .collect()
    }

    /// A value as text; `None`: it is null, or there is no such row or column.
    pub fn get(&self, row: usize, column: &str) -> Option<&str> {
        self.cell(row, column)?.text
    }

    /// The rows, one by one.
    pub fn iter(&self) -> impl Iterator<Item = RowOf<'_>> {
        (0..self.len()).map(|row| RowOf { rows: self, row })
    }

    pub(crate) fn cell(&self, row: usize, column: &str) -> Option<Cell<'_>> {
        let name = CString::new(column).ok()?;
        // SAFETY: the rows are alive, and own the text; what is out of range gives NULL.
        unsafe {
            let column = sys::migrate_rows_column_index(self.raw(), name.as_ptr());
            if column == sys::MIGRATE_NONE || sys::migrate_rows_is_null(self.raw(), row, column) != 0 {
                return None;
            }
            let number = sys::migrate_rows_int(self.raw(), row, column);
            let text = sys::migrate_rows_text(self.raw(), row, column);
            if text.is_null() {
                return None;
            }
            let length = sys::migrate_rows_text_length(self.raw(), row, column);
            Some(Cell { text: Some(valid(std::slice::from_raw_parts(text.cast(), length))), number })
        }
    }

    pub(crate) fn value(&self, name: &str) -> Option<Cell<'_>> {
        let name = CString::new(name).ok()?;
        // SAFETY: the rows are alive, and own the text.
        unsafe {
            let text = str_of(sys::migrate_rows_value_text(self.raw(), name.as_ptr()))?;
            Some(Cell { text: Some(text), number: sys::migrate_rows_value_int(self.raw(), name.as_ptr()) })
        }
    }

    #[cfg(test)]
    pub(crate) fn json(&self) -> String {
        let mut text = std::ptr::null_mut();
        // SAFETY: the rows are alive, and the text is ours.
        unsafe {
            sys::migrate_rows_json(self.raw(), &mut text, std::ptr::null_mut());
            crate::text::taken(text)
        }
    }

    pub(crate) fn all<T: Row>(&self) -> Vec<T> {
        (0..self.len()).map(|row| T::read(self, row)).collect()
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Rows({} of {:?})", self.len(), self.columns())
    }
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct RowOf<'a> {
    rows: &'a Rows,
    row: usize,
}

impl<'a> RowOf<'a> {
    /// A value as text; `None`: it is null, or there is no such column.
    pub fn get(&self, column: &str) -> Option<&'a str> {
        self.rows.get(self.row, column)
    }
}

/// # Safety
/// `text` is NULL, or lives as long as the caller says.
pub(crate) unsafe fn str_of<'a>(text: *const std::ffi::c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(valid(unsafe { CStr::from_ptr(text) }.to_bytes()))
}

/// The library's texts are UTF-8. A database's may be anything: what is none is cut there.
fn valid(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_else(|error| std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default())
}

pub(crate) struct Cell<'a> {
    text: Option<&'a str>,
    number: i64,
}

/// What a field of a result may be.
pub(crate) trait Value: Sized {
    fn read(cell: Option<Cell<'_>>) -> Self;
    fn json(&self, out: &mut String);
}

impl Value for String {
    fn read(cell: Option<Cell<'_>>) -> Self {
        cell.and_then(|cell| cell.text).unwrap_or_default().to_owned()
    }

    fn json(&self, out: &mut String) {
        out.push('"');
        for character in self.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\0'..='\u{1f}' => _ = write!(out, "\\u{:04x}", u32::from(character)),
                other => out.push(other),
            }
        }
        out.push('"');
    }
}

impl Value for bool {
    fn read(cell: Option<Cell<'_>>) -> Self {
        cell.is_some_and(|cell| cell.number != 0)
    }

    fn json(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Value for i64 {
    fn read(cell: Option<Cell<'_>>) -> Self {
        cell.map_or(0, |cell| cell.number)
    }

    fn json(&self, out: &mut String) {
        _ = write!(out, "{self}");
    }
}

impl Value for u64 {
    fn read(cell: Option<Cell<'_>>) -> Self {
        u64::try_from(i64::read(cell)).unwrap_or(0)
    }

    fn json(&self, out: &mut String) {
        _ = write!(out, "{self}");
    }
}

impl Value for Duration {
    fn read(cell: Option<Cell<'_>>) -> Self {
        Duration::from_micros(u64::read(cell))
    }

    fn json(&self, out: &mut String) {
        _ = write!(out, "{}", self.as_micros());
    }
}

impl Value for SystemTime {
    fn read(cell: Option<Cell<'_>>) -> Self {
        let number = i64::read(cell);
        let distance = Duration::from_micros(number.unsigned_abs());
        if number < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    }

    fn json(&self, out: &mut String) {
        match self.duration_since(UNIX_EPOCH) {
            Ok(distance) => _ = write!(out, "{}", distance.as_micros()),
            Err(error) => _ = write!(out, "-{}", error.duration().as_micros()),
        }
    }
}

impl<T: Value> Value for Option<T> {
    fn read(cell: Option<Cell<'_>>) -> Self {
        cell.map(|cell| T::read(Some(cell)))
    }

    fn json(&self, out: &mut String) {
        match self {
            Some(value) => value.json(out),
            None => out.push_str("null"),
        }
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(cell: Option<Cell<'_>>) -> Self {
        cell.map(|cell| vec![T::read(Some(cell))]).unwrap_or_default()
    }

    fn json(&self, out: &mut String) {
        out.push('[');
        for (number, value) in self.iter().enumerate() {
            out.push_str(if number > 0 { "," } else { "" });
            value.json(out);
        }
        out.push(']');
    }
}

/// A struct that is one row.
pub(crate) trait Row: Sized {
    #[cfg(test)]
    const COLUMNS: &'static [&'static str];
    fn read(rows: &Rows, row: usize) -> Self;
    fn json(&self, out: &mut String);
}

pub(crate) fn json_pair(out: &mut String, name: &str, value: &impl Value) {
    _ = write!(out, "\"{name}\":");
    value.json(out);
    out.push(',');
}

pub(crate) fn json_rows<T: Row>(out: &mut String, rows: &[T]) {
    out.push('[');
    for (number, row) in rows.iter().enumerate() {
        out.push_str(if number > 0 { "," } else { "" });
        row.json(out);
    }
    out.push(']');
}

/// A name in the table: the field's, where no other is given.
macro_rules! column {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $column:literal) => {
        $column
    };
}

/// A struct with one field for each column.
macro_rules! row {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty $(= $column:literal)?,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl $crate::rows::Row for $name {
            #[cfg(test)]
            const COLUMNS: &'static [&'static str] = &[$($crate::rows::column!($field $($column)?)),*];

            fn read(rows: &$crate::rows::Rows, row: usize) -> Self {
                Self { $($field: $crate::rows::Value::read(rows.cell(row, $crate::rows::column!($field $($column)?))),)* }
            }

            fn json(&self, out: &mut String) {
                out.push('{');
                $($crate::rows::json_pair(out, $crate::rows::column!($field $($column)?), &self.$field);)*
                out.truncate(out.len() - 1);
                out.push('}');
            }
        }

        impl $name {
            /// As a JSON object, in the library's words; times are microseconds.
            pub fn to_json(&self) -> String {
                let mut out = String::new();
                $crate::rows::Row::json(self, &mut out);
                out
            }
        }
    };
}

/// A struct with one field for each value of a whole table, and one for its rows.
macro_rules! table {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty $(= $column:literal)?,)* } $(#[$rows_doc:meta])* $rows:ident: $row:ty) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
            $(#[$rows_doc])* pub $rows: Vec<$row>,
        }

        impl $name {
            #[cfg(test)]
            pub(crate) const VALUES: &'static [&'static str] = &[$($crate::rows::column!($field $($column)?)),*];

            pub(crate) fn read(rows: &$crate::rows::Rows) -> Self {
                Self {
                    $($field: $crate::rows::Value::read(rows.value($crate::rows::column!($field $($column)?))),)*
                    $rows: rows.all(),
                }
            }

            /// As a JSON object with the rows as the array `rows`, in the library's words; times are microseconds.
            pub fn to_json(&self) -> String {
                let mut out = String::from("{");
                $($crate::rows::json_pair(&mut out, $crate::rows::column!($field $($column)?), &self.$field);)*
                out.push_str("\"rows\":");
                $crate::rows::json_rows(&mut out, &self.$rows);
                out.push('}');
                out
            }
        }
    };
}

pub(crate) use {column, row, table};
