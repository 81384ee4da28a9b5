# SPDX-License-Identifier: MIT
# Made by tools/generate.py from migrate_options_list(): do not edit.

"""Every option of the library, as keywords of Migrator, startup() and the others."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Dict, Literal, Optional, TypedDict, Union

TYPES: Dict[str, str] = {
    "url": "text",
    "dir": "text",
    "module": "text",
    "mode": "word",
    "on_pending": "word",
    "on_ahead": "word",
    "on_modified": "word",
    "on_missing": "word",
    "on_renamed": "word",
    "on_unmanaged": "word",
    "on_standby": "word",
    "network_file": "word",
    "order": "word",
    "duplicate_numbers": "word",
    "schema_file": "word",
    "transaction": "word",
    "commit_every": "duration",
    "wait_timeout": "duration",
    "run_deadline": "duration",
    "run_budget": "duration",
    "ddl_lock_timeout": "duration",
    "ddl_lock_attempts": "number",
    "max_blocking": "duration",
    "preflight": "word",
    "stored_down": "word",
    "generate_down": "word",
    "verify": "word",
    "fingerprint": "word",
    "keep_facts": "word",
    "reconcile": "word",
    "declared": "text",
    "shadow_url": "text",
    "rules": "text",
    "backup": "word",
    "backup_dir": "text",
    "backup_keep": "number",
    "backup_max_age": "duration",
    "backup_max_bytes": "size",
    "protect": "text",
    "protect_budget": "duration",
    "allow_data_loss": "text",
    "confirm": "text",
    "set_role": "text",
    "host_transaction": "word",
    "schema_privileges": "word",
    "pooler": "word",
    "direct_url": "text",
    "history_schema": "text",
    "history_table": "text",
    "application": "text",
    "actor": "text",
    "reason": "text",
}


class Options(TypedDict, total=False):
    module: Union[str, os.PathLike[str], None]
    """Name under which several products keep their own histories in one database."""
    mode: Optional[Literal["apply", "check", "wait", "off"]]
    """What start-up does: apply what is pending, only compare, wait for another process to apply, nothing. Default: apply."""
    on_pending: Optional[Literal["fail", "warn"]]
    """Mode check: pending migrations are an answer of their own, or a warning. Default: fail."""
    on_ahead: Optional[Literal["auto", "fail", "warn", "allow"]]
    """The database has migrations that this build does not know (auto: warn on PostgreSQL, fail on SQLite; a breaking one always fails unless allowed). Default: auto."""
    on_modified: Optional[Literal["fail", "warn", "allow"]]
    """An applied migration's text has changed. Default: fail."""
    on_missing: Optional[Literal["fail", "warn", "allow"]]
    """An applied migration is not in the source. Default: fail."""
    on_renamed: Optional[Literal["fail", "warn", "allow"]]
    """An applied migration stands in the source under a new id (warn, allow: the new id is recorded). Default: fail."""
    on_unmanaged: Optional[Literal["fail", "apply"]]
    """The database has objects but no history: refuse, or run the migrations on it. Default: fail."""
    on_standby: Optional[Literal["fail", "wait"]]
    """PostgreSQL: something is pending, and the URL's hosts are all in recovery: refuse, or wait for one to be promoted. Default: fail."""
    network_file: Optional[Literal["fail", "allow"]]
    """SQLite: something is pending, and the file is on a network file system, whose locks often do not hold: refuse, or go on. Default: fail."""
    order: Optional[Literal["strict", "skip", "any"]]
    """A pending number lower than an applied one: refuse, leave it out, or apply it. Default: strict."""
    duplicate_numbers: Optional[Literal["fail", "allow"]]
    """Two migrations with one number. Default: fail."""
    schema_file: Optional[Literal["use", "ignore"]]
    """On an empty database: run schema.sql instead of the migrations it stands for. Default: use."""
    transaction: Optional[Literal["auto", "migration", "run"]]
    """One transaction for each migration, or one for the whole run, all or nothing (auto: migration on PostgreSQL; on SQLite one transaction with a savepoint for each, so that what succeeded stays). Default: auto."""
    commit_every: Union[str, float, timedelta, None]
    """SQLite, transaction=auto: commit between two migrations once the transaction is older than this. Default: 1s."""
    wait_timeout: Union[str, float, timedelta, None]
    """How long to wait for the database to come up, and for another runner. Default: 5min."""
    run_deadline: Union[str, float, timedelta, None]
    """The work is cancelled after this time. Default: none."""
    run_budget: Union[str, float, timedelta, None]
    """No further migration is begun after this time; the next run goes on. Default: none."""
    ddl_lock_timeout: Union[str, float, timedelta, None]
    """PostgreSQL: what all waits for locks of one attempt at a migration may take together; then it is rolled back, and tried again later. Default: 1s."""
    ddl_lock_attempts: Union[str, int, None]
    """PostgreSQL: how often a migration that does not get its locks is tried, with pauses of five times ddl_lock_timeout. Default: 30."""
    max_blocking: Union[str, float, timedelta, None]
    """PostgreSQL: a statement is cancelled once it has held other sessions up for this time. Default: none."""
    preflight: Optional[Literal["fail", "warn", "off"]]
    """Rights and extensions that pending migrations will lack: refuse before the first, warn, do not look. Default: fail."""
    stored_down: Optional[Literal["refuse", "allow"]]
    """Roll back with the text that the history keeps, where the source has none. Default: refuse."""
    generate_down: Union[Literal["auto", "on", "off"], bool, None]
    """A migration without rollback text gets one from the schema before and behind it, kept in the history (auto: unless the database was empty as the run began). Default: auto."""
    verify: Union[Literal["off", "on"], bool, None]
    """For development: pending migrations go up, down and up in a scratch database first; baseline: the schema is compared with what the migrations lead to. Default: off."""
    fingerprint: Union[Literal["off", "on"], bool, None]
    """The schema's fingerprint goes into the history at the end of a run, so that drift is seen. Default: off."""
    keep_facts: Union[Literal["off", "on"], bool, None]
    """The facts behind the fingerprint are kept in the database, so that drift is named without a scratch database. Default: off."""
    reconcile: Optional[Literal["off", "report", "apply"]]
    """Start-up, behind the migrations: what is missing of the declared schema is left, told, or added. Default: off."""
    declared: Union[str, os.PathLike[str], None]
    """File with the schema that the application is written for, as SQL for an empty database."""
    shadow_url: Union[str, os.PathLike[str], None]
    """Where scratch databases are made, or an empty database to be used as one (default: on the same server, or in a transaction of the database that is rolled back)."""
    rules: Union[str, os.PathLike[str], None]
    """Severities of findings: RULE=error|warning|info|off, with commas between (PG11=error,style=warning)."""
    backup: Optional[Literal["auto", "off", "destructive", "tables", "always"]]
    """A backup before a run: never; where the plan has a statement that can lose data, of the database or of the tables that it touches; always (auto: destructive on SQLite, off on PostgreSQL). Default: auto."""
    backup_dir: Union[str, os.PathLike[str], None]
    """Folder for backups (default: beside the SQLite file, ./backups for PostgreSQL)."""
    backup_keep: Union[str, int, None]
    """How many verified backups are kept. Default: 10."""
    backup_max_age: Union[str, float, timedelta, None]
    """Older verified backups are removed, but never the newest. Default: none."""
    backup_max_bytes: Union[str, int, None]
    """The oldest verified backups are removed once all take more (500MB, 2GB), but never the newest. Default: none."""
    protect: Union[str, os.PathLike[str], None]
    """Tables whose rows are counted before and after each migration, with commas between; auto: those that destructive statements of the plan touch. Fewer rows fail the migration."""
    protect_budget: Union[str, float, timedelta, None]
    """protect=auto: tables that cannot be counted within this time are told of, and left uncounted. Default: 5s."""
    allow_data_loss: Union[str, os.PathLike[str], None]
    """Why this run may lose rows of protected tables; goes into the history."""
    confirm: Union[str, os.PathLike[str], None]
    """The database's name: a protected database may lose data in this call."""
    set_role: Union[str, os.PathLike[str], None]
    """PostgreSQL: the role that runs the migrations and owns what they make."""
    host_transaction: Optional[Literal["refuse", "use"]]
    """The host's own connection is inside a transaction: refuse, or work inside it. Default: refuse."""
    schema_privileges: Union[Literal["off", "on"], bool, None]
    """Owners and privileges belong to the schema that snapshot shows. Default: off."""
    pooler: Optional[Literal["auto", "session", "transaction"]]
    """PostgreSQL behind a pooler (PgBouncer ...): find out and take it to pool transactions; it pools sessions, or there is none; it pools transactions. Default: auto."""
    direct_url: Union[str, os.PathLike[str], None]
    """The same database past the pooler, for runs with what no transaction can hold (CREATE INDEX CONCURRENTLY)."""
    history_schema: Union[str, os.PathLike[str], None]
    """Schema of the history table (default: public on PostgreSQL, main on SQLite)."""
    history_table: Union[str, os.PathLike[str], None]
    """Name of the history table. Default: libmigrate_history."""
    application: Union[str, os.PathLike[str], None]
    """The host program's name and version, for the history and the server's session list. Default: libmigrate."""
    actor: Union[str, os.PathLike[str], None]
    """Who asks for the change, for the history."""
    reason: Union[str, os.PathLike[str], None]
    """Why, for the history."""
