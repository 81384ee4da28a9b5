// SPDX-License-Identifier: MIT
// Made by tools/generate.py from migrate_options_list(): do not edit.

use super::kinds;
use super::{Options, Setting};

/// Key, type, default and words of each option, as they were when this file was made.
#[cfg(test)]
pub(crate) const OPTIONS: &[(&str, &str, Option<&str>, Option<&str>)] = &[
    ("url", "text", None, None),
    ("dir", "text", None, None),
    ("module", "text", Some(""), None),
    ("mode", "word", Some("apply"), Some("apply|check|wait|off")),
    ("on_pending", "word", Some("fail"), Some("fail|warn")),
    ("on_ahead", "word", Some("auto"), Some("auto|fail|warn|allow")),
    ("on_modified", "word", Some("fail"), Some("fail|warn|allow")),
    ("on_missing", "word", Some("fail"), Some("fail|warn|allow")),
    ("on_renamed", "word", Some("fail"), Some("fail|warn|allow")),
    ("on_unmanaged", "word", Some("fail"), Some("fail|apply")),
    ("on_standby", "word", Some("fail"), Some("fail|wait")),
    ("network_file", "word", Some("fail"), Some("fail|allow")),
    ("order", "word", Some("strict"), Some("strict|skip|any")),
    ("duplicate_numbers", "word", Some("fail"), Some("fail|allow")),
    ("schema_file", "word", Some("use"), Some("use|ignore")),
    ("transaction", "word", Some("auto"), Some("auto|migration|run")),
    ("commit_every", "duration", Some("1s"), None),
    ("wait_timeout", "duration", Some("5min"), None),
    ("run_deadline", "duration", Some("none"), None),
    ("run_budget", "duration", Some("none"), None),
    ("ddl_lock_timeout", "duration", Some("1s"), None),
    ("ddl_lock_attempts", "number", Some("30"), None),
    ("max_blocking", "duration", Some("none"), None),
    ("preflight", "word", Some("fail"), Some("fail|warn|off")),
    ("stored_down", "word", Some("refuse"), Some("refuse|allow")),
    ("generate_down", "word", Some("auto"), Some("auto|on|off")),
    ("verify", "word", Some("off"), Some("off|on")),
    ("fingerprint", "word", Some("off"), Some("off|on")),
    ("keep_facts", "word", Some("off"), Some("off|on")),
    ("reconcile", "word", Some("off"), Some("off|report|apply")),
    ("declared", "text", None, None),
    ("shadow_url", "text", None, None),
    ("rules", "text", None, None),
    ("backup", "word", Some("auto"), Some("auto|off|destructive|tables|always")),
    ("backup_dir", "text", None, None),
    ("backup_keep", "number", Some("10"), None),
    ("backup_max_age", "duration", Some("none"), None),
    ("backup_max_bytes", "size", Some("none"), None),
    ("protect", "text", None, None),
    ("protect_budget", "duration", Some("5s"), None),
    ("allow_data_loss", "text", None, None),
    ("confirm", "text", None, None),
    ("set_role", "text", None, None),
    ("host_transaction", "word", Some("refuse"), Some("refuse|use")),
    ("schema_privileges", "word", Some("off"), Some("off|on")),
    ("pooler", "word", Some("auto"), Some("auto|session|transaction")),
    ("direct_url", "text", None, None),
    ("history_schema", "text", None, None),
    ("history_table", "text", Some("libmigrate_history"), None),
    ("application", "text", Some("libmigrate"), None),
    ("actor", "text", None, None),
    ("reason", "text", None, None),
];

/// What start-up does: apply what is pending, only compare, wait for another process to apply, nothing: the words of [`Options::mode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    Apply,
    Check,
    Wait,
    Off,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Check => "check",
            Self::Wait => "wait",
            Self::Off => "off",
        }
    }
}

/// Mode check: pending migrations are an answer of their own, or a warning: the words of [`Options::on_pending`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnPending {
    Fail,
    Warn,
}

impl OnPending {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
        }
    }
}

/// The database has migrations that this build does not know (auto: warn on PostgreSQL, fail on SQLite; a breaking one always fails unless allowed): the words of [`Options::on_ahead`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnAhead {
    Auto,
    Fail,
    Warn,
    Allow,
}

impl OnAhead {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
    }
}

/// An applied migration's text has changed: the words of [`Options::on_modified`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnModified {
    Fail,
    Warn,
    Allow,
}

impl OnModified {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
    }
}

/// An applied migration is not in the source: the words of [`Options::on_missing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnMissing {
    Fail,
    Warn,
    Allow,
}

impl OnMissing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
    }
}

/// An applied migration stands in the source under a new id (warn, allow: the new id is recorded): the words of [`Options::on_renamed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnRenamed {
    Fail,
    Warn,
    Allow,
}

impl OnRenamed {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
    }
}

/// The database has objects but no history: refuse, or run the migrations on it: the words of [`Options::on_unmanaged`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnUnmanaged {
    Fail,
    Apply,
}

impl OnUnmanaged {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Apply => "apply",
        }
    }
}

/// PostgreSQL: something is pending, and the URL's hosts are all in recovery: refuse, or wait for one to be promoted: the words of [`Options::on_standby`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnStandby {
    Fail,
    Wait,
}

impl OnStandby {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Wait => "wait",
        }
    }
}

/// SQLite: something is pending, and the file is on a network file system, whose locks often do not hold: refuse, or go on: the words of [`Options::network_file`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkFile {
    Fail,
    Allow,
}

impl NetworkFile {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Allow => "allow",
        }
    }
}

/// A pending number lower than an applied one: refuse, leave it out, or apply it: the words of [`Options::order`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    Strict,
    Skip,
    Any,
}

impl Order {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Skip => "skip",
            Self::Any => "any",
        }
    }
}

/// Two migrations with one number: the words of [`Options::duplicate_numbers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DuplicateNumbers {
    Fail,
    Allow,
}

impl DuplicateNumbers {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Allow => "allow",
        }
    }
}

/// On an empty database: run schema.sql instead of the migrations it stands for: the words of [`Options::schema_file`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemaFile {
    Use,
    Ignore,
}

impl SchemaFile {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Ignore => "ignore",
        }
    }
}

/// One transaction for each migration, or one for the whole run, all or nothing (auto: migration on PostgreSQL; on SQLite one transaction with a savepoint for each, so that what succeeded stays): the words of [`Options::transaction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transaction {
    Auto,
    Migration,
    Run,
}

impl Transaction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Migration => "migration",
            Self::Run => "run",
        }
    }
}

/// Rights and extensions that pending migrations will lack: refuse before the first, warn, do not look: the words of [`Options::preflight`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preflight {
    Fail,
    Warn,
    Off,
}

impl Preflight {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }
}

/// Roll back with the text that the history keeps, where the source has none: the words of [`Options::stored_down`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoredDown {
    Refuse,
    Allow,
}

impl StoredDown {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Allow => "allow",
        }
    }
}

/// A migration without rollback text gets one from the schema before and behind it, kept in the history (auto: unless the database was empty as the run began): the words of [`Options::generate_down`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GenerateDown {
    Auto,
    On,
    Off,
}

impl GenerateDown {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

/// Start-up, behind the migrations: what is missing of the declared schema is left, told, or added: the words of [`Options::reconcile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reconcile {
    Off,
    Report,
    Apply,
}

impl Reconcile {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Report => "report",
            Self::Apply => "apply",
        }
    }
}

/// A backup before a run: never; where the plan has a statement that can lose data, of the database or of the tables that it touches; always (auto: destructive on SQLite, off on PostgreSQL): the words of [`Options::backup`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backup {
    Auto,
    Off,
    Destructive,
    Tables,
    Always,
}

impl Backup {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
            Self::Destructive => "destructive",
            Self::Tables => "tables",
            Self::Always => "always",
        }
    }
}

/// The host's own connection is inside a transaction: refuse, or work inside it: the words of [`Options::host_transaction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostTransaction {
    Refuse,
    Use,
}

impl HostTransaction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Use => "use",
        }
    }
}

/// PostgreSQL behind a pooler (PgBouncer ...): find out and take it to pool transactions; it pools sessions, or there is none; it pools transactions: the words of [`Options::pooler`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pooler {
    Auto,
    Session,
    Transaction,
}

impl Pooler {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Session => "session",
            Self::Transaction => "transaction",
        }
    }
}

impl<'a> Options<'a> {
    /// Database: whatever libpq takes (postgresql://...), sqlite:path, sqlite::memory:, file:.
    #[must_use]
    pub fn url(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("url", value.text())
    }

    /// Directory with the migrations.
    #[must_use]
    pub fn dir(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("dir", value.text())
    }

    /// Name under which several products keep their own histories in one database.
    #[must_use]
    pub fn module(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("module", value.text())
    }

    /// What start-up does: apply what is pending, only compare, wait for another process to apply, nothing. Default: `apply`.
    #[must_use]
    pub fn mode(self, value: Mode) -> Self {
        self.set("mode", value.as_str())
    }

    /// Mode check: pending migrations are an answer of their own, or a warning. Default: `fail`.
    #[must_use]
    pub fn on_pending(self, value: OnPending) -> Self {
        self.set("on_pending", value.as_str())
    }

    /// The database has migrations that this build does not know (auto: warn on PostgreSQL, fail on SQLite; a breaking one always fails unless allowed). Default: `auto`.
    #[must_use]
    pub fn on_ahead(self, value: OnAhead) -> Self {
        self.set("on_ahead", value.as_str())
    }

    /// An applied migration's text has changed. Default: `fail`.
    #[must_use]
    pub fn on_modified(self, value: OnModified) -> Self {
        self.set("on_modified", value.as_str())
    }

    /// An applied migration is not in the source. Default: `fail`.
    #[must_use]
    pub fn on_missing(self, value: OnMissing) -> Self {
        self.set("on_missing", value.as_str())
    }

    /// An applied migration stands in the source under a new id (warn, allow: the new id is recorded). Default: `fail`.
    #[must_use]
    pub fn on_renamed(self, value: OnRenamed) -> Self {
        self.set("on_renamed", value.as_str())
    }

    /// The database has objects but no history: refuse, or run the migrations on it. Default: `fail`.
    #[must_use]
    pub fn on_unmanaged(self, value: OnUnmanaged) -> Self {
        self.set("on_unmanaged", value.as_str())
    }

    /// PostgreSQL: something is pending, and the URL's hosts are all in recovery: refuse, or wait for one to be promoted. Default: `fail`.
    #[must_use]
    pub fn on_standby(self, value: OnStandby) -> Self {
        self.set("on_standby", value.as_str())
    }

    /// SQLite: something is pending, and the file is on a network file system, whose locks often do not hold: refuse, or go on. Default: `fail`.
    #[must_use]
    pub fn network_file(self, value: NetworkFile) -> Self {
        self.set("network_file", value.as_str())
    }

    /// A pending number lower than an applied one: refuse, leave it out, or apply it. Default: `strict`.
    #[must_use]
    pub fn order(self, value: Order) -> Self {
        self.set("order", value.as_str())
    }

    /// Two migrations with one number. Default: `fail`.
    #[must_use]
    pub fn duplicate_numbers(self, value: DuplicateNumbers) -> Self {
        self.set("duplicate_numbers", value.as_str())
    }

    /// On an empty database: run schema.sql instead of the migrations it stands for. Default: `use`.
    #[must_use]
    pub fn schema_file(self, value: SchemaFile) -> Self {
        self.set("schema_file", value.as_str())
    }

    /// One transaction for each migration, or one for the whole run, all or nothing (auto: migration on PostgreSQL; on SQLite one transaction with a savepoint for each, so that what succeeded stays). Default: `auto`.
    #[must_use]
    pub fn transaction(self, value: Transaction) -> Self {
        self.set("transaction", value.as_str())
    }

    /// SQLite, transaction=auto: commit between two migrations once the transaction is older than this. Default: `1s`.
    #[must_use]
    pub fn commit_every(self, value: impl Setting<kinds::Duration>) -> Self {
        self.set("commit_every", value.text())
    }

    /// How long to wait for the database to come up, and for another runner. Default: `5min`.
    #[must_use]
    pub fn wait_timeout(self, value: impl Setting<kinds::Duration>) -> Self {
        self.set("wait_timeout", value.text())
    }

    /// The work is cancelled after this time. Default: `none`.
    #[must_use]
    pub fn run_deadline(self, value: impl Setting<kinds::Duration>) -> Self {
        self.set("run_deadline", value.text())
    }

    /// No further migration is begun after this time; the next run goes on. Default: `none`.
    #[must_use]
    pub fn run_budget(self, value: impl Setting<kinds::Duration>) -> Self {
        self.set("run_budget", value.text())
    }

    /// PostgreSQL: what all waits for locks of one attempt at a migration may take together; then it is rolled back, and tried again later. Default: `1s`.
    #[must_use]
    pub fn ddl_lock_timeout(self, value: impl Setting<kinds::Duration>) -> Self {
        self.set("ddl_lock_timeout", value.text())
    }

    /// PostgreSQL: how often a migration that does not get its locks is tried, with pauses of five times ddl_lock_timeout. Default: `30`.
    #[must_use]
    pub fn ddl_lock_attempts(self, value: impl Setting<kinds::Number>) -> Self {
        self.set("ddl_lock_attempts", value.text())
    }

    /// PostgreSQL: a statement is cancelled once it has held other sessions up for this time. Default: `none`.
    #[must_use]
    pub fn max_blocking(self, value: impl Setting<kinds::Duration>) -> Self {
        self.set("max_blocking", value.text())
    }

    /// Rights and extensions that pending migrations will lack: refuse before the first, warn, do not look. Default: `fail`.
    #[must_use]
    pub fn preflight(self, value: Preflight) -> Self {
        self.set("preflight", value.as_str())
    }

    /// Roll back with the text that the history keeps, where the source has none. Default: `refuse`.
    #[must_use]
    pub fn stored_down(self, value: StoredDown) -> Self {
        self.set("stored_down", value.as_str())
    }

    /// A migration without rollback text gets one from the schema before and behind it, kept in the history (auto: unless the database was empty as the run began). Default: `auto`.
    #[must_use]
    pub fn generate_down(self, value: GenerateDown) -> Self {
        self.set("generate_down", value.as_str())
    }

    /// For development: pending migrations go up, down and up in a scratch database first; baseline: the schema is compared with what the migrations lead to. Default: `off`.
    #[must_use]
    pub fn verify(self, value: impl Setting<kinds::Truth>) -> Self {
        self.set("verify", value.text())
    }

    /// The schema's fingerprint goes into the history at the end of a run, so that drift is seen. Default: `off`.
    #[must_use]
    pub fn fingerprint(self, value: impl Setting<kinds::Truth>) -> Self {
        self.set("fingerprint", value.text())
    }

    /// The facts behind the fingerprint are kept in the database, so that drift is named without a scratch database. Default: `off`.
    #[must_use]
    pub fn keep_facts(self, value: impl Setting<kinds::Truth>) -> Self {
        self.set("keep_facts", value.text())
    }

    /// Start-up, behind the migrations: what is missing of the declared schema is left, told, or added. Default: `off`.
    #[must_use]
    pub fn reconcile(self, value: Reconcile) -> Self {
        self.set("reconcile", value.as_str())
    }

    /// File with the schema that the application is written for, as SQL for an empty database.
    #[must_use]
    pub fn declared(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("declared", value.text())
    }

    /// Where scratch databases are made, or an empty database to be used as one (default: on the same server, or in a transaction of the database that is rolled back).
    #[must_use]
    pub fn shadow_url(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("shadow_url", value.text())
    }

    /// Severities of findings: RULE=error|warning|info|off, with commas between (PG11=error,style=warning).
    #[must_use]
    pub fn rules(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("rules", value.text())
    }

    /// A backup before a run: never; where the plan has a statement that can lose data, of the database or of the tables that it touches; always (auto: destructive on SQLite, off on PostgreSQL). Default: `auto`.
    #[must_use]
    pub fn backup(self, value: Backup) -> Self {
        self.set("backup", value.as_str())
    }

    /// Folder for backups (default: beside the SQLite file, ./backups for PostgreSQL).
    #[must_use]
    pub fn backup_dir(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("backup_dir", value.text())
    }

    /// How many verified backups are kept. Default: `10`.
    #[must_use]
    pub fn backup_keep(self, value: impl Setting<kinds::Number>) -> Self {
        self.set("backup_keep", value.text())
    }

    /// Older verified backups are removed, but never the newest. Default: `none`.
    #[must_use]
    pub fn backup_max_age(self, value: impl Setting<kinds::Duration>) -> Self {
        self.set("backup_max_age", value.text())
    }

    /// The oldest verified backups are removed once all take more (500MB, 2GB), but never the newest. Default: `none`.
    #[must_use]
    pub fn backup_max_bytes(self, value: impl Setting<kinds::Size>) -> Self {
        self.set("backup_max_bytes", value.text())
    }

    /// Tables whose rows are counted before and after each migration, with commas between; auto: those that destructive statements of the plan touch. Fewer rows fail the migration.
    #[must_use]
    pub fn protect(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("protect", value.text())
    }

    /// protect=auto: tables that cannot be counted within this time are told of, and left uncounted. Default: `5s`.
    #[must_use]
    pub fn protect_budget(self, value: impl Setting<kinds::Duration>) -> Self {
        self.set("protect_budget", value.text())
    }

    /// Why this run may lose rows of protected tables; goes into the history.
    #[must_use]
    pub fn allow_data_loss(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("allow_data_loss", value.text())
    }

    /// The database's name: a protected database may lose data in this call.
    #[must_use]
    pub fn confirm(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("confirm", value.text())
    }

    /// PostgreSQL: the role that runs the migrations and owns what they make.
    #[must_use]
    pub fn set_role(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("set_role", value.text())
    }

    /// The host's own connection is inside a transaction: refuse, or work inside it. Default: `refuse`.
    #[must_use]
    pub fn host_transaction(self, value: HostTransaction) -> Self {
        self.set("host_transaction", value.as_str())
    }

    /// Owners and privileges belong to the schema that snapshot shows. Default: `off`.
    #[must_use]
    pub fn schema_privileges(self, value: impl Setting<kinds::Truth>) -> Self {
        self.set("schema_privileges", value.text())
    }

    /// PostgreSQL behind a pooler (PgBouncer ...): find out and take it to pool transactions; it pools sessions, or there is none; it pools transactions. Default: `auto`.
    #[must_use]
    pub fn pooler(self, value: Pooler) -> Self {
        self.set("pooler", value.as_str())
    }

    /// The same database past the pooler, for runs with what no transaction can hold (CREATE INDEX CONCURRENTLY).
    #[must_use]
    pub fn direct_url(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("direct_url", value.text())
    }

    /// Schema of the history table (default: public on PostgreSQL, main on SQLite).
    #[must_use]
    pub fn history_schema(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("history_schema", value.text())
    }

    /// Name of the history table. Default: `libmigrate_history`.
    #[must_use]
    pub fn history_table(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("history_table", value.text())
    }

    /// The host program's name and version, for the history and the server's session list. Default: `libmigrate`.
    #[must_use]
    pub fn application(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("application", value.text())
    }

    /// Who asks for the change, for the history.
    #[must_use]
    pub fn actor(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("actor", value.text())
    }

    /// Why, for the history.
    #[must_use]
    pub fn reason(self, value: impl Setting<kinds::Text>) -> Self {
        self.set("reason", value.text())
    }
}
