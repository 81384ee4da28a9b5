// SPDX-License-Identifier: MIT
//! The engines.

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    Sqlite,
    Postgresql,
}

impl Engine {
    pub(crate) fn of(word: &str) -> Self {
        if word == "postgresql" { Self::Postgresql } else { Self::Sqlite }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgresql => "postgresql",
        }
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}
