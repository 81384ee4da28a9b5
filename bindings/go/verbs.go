// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
)

// rowsCall is a function of the library that gives rows; texts lives until it returns.
type rowsCall func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t

func (m *Migrator) rows(ctx context.Context, function rowsCall) (C.int32_t, json.RawMessage, error) {
	texts := texts{}
	defer texts.free()
	var rows *C.migrate_rows
	code, err := m.call(ctx, func(out **C.migrate_error) C.int32_t { return function(&texts, &rows, out) })
	if err != nil {
		return code, nil, err
	}
	raw, err := rowsOf(rows)
	return code, raw, err
}

func result[T any](ctx context.Context, m *Migrator, function rowsCall) (*T, error) {
	_, raw, err := m.rows(ctx, function)
	if err != nil {
		return nil, err
	}
	return decode[T](raw)
}

func (m *Migrator) report(ctx context.Context, function rowsCall) (*Report, error) {
	code, raw, err := m.rows(ctx, function)
	if err != nil {
		return nil, err
	}
	return reportOf(code, raw)
}

func reportOf(code C.int32_t, raw json.RawMessage) (*Report, error) {
	report, err := decode[Report](raw)
	if err != nil {
		return nil, err
	}
	report.Stopped = code == C.MIGRATE_STOPPED
	for _, step := range report.Steps {
		switch {
		case step.Action == "record":
		case step.Direction == "up":
			report.Applied = append(report.Applied, step.ID)
		case step.Direction == "down":
			report.RolledBack = append(report.RolledBack, step.ID)
		}
	}
	return report, nil
}

// Apply applies everything that is pending. A migration that fails leaves the database as before it; those before it stay applied.
func (m *Migrator) Apply(ctx context.Context) (*Report, error) { return m.ApplyPlan(ctx, nil) }

// ApplyPlan runs a plan exactly as it was reviewed, or fails with ErrStale if the database or the source moved since.
func (m *Migrator) ApplyPlan(ctx context.Context, plan *Plan) (*Report, error) {
	if err := plan.runnable(m); err != nil {
		return nil, err
	}
	defer plan.hold()
	return m.report(ctx, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_apply(m.session, plan.native(), rows, err)
	})
}

// Rollback rolls back. target: "" (the last applied one), "-2" (the last two), an id (so that it is the last applied one), "empty", "only:ID".
func (m *Migrator) Rollback(ctx context.Context, target string) (*Report, error) {
	return m.report(ctx, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_rollback(m.session, texts.optional(target), rows, err)
	})
}

// Startup does what WithMode says on an open Migrator, as the function Startup does; with mode check it is a cheap check of readiness.
func (m *Migrator) Startup(ctx context.Context) (*Report, error) {
	code, raw, err := m.rows(ctx, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_startup_session(m.session, rows, err)
	})
	return started(code, raw, err)
}

// Status tells where the database is, migration by migration.
func (m *Migrator) Status(ctx context.Context) (*Status, error) {
	return result[Status](ctx, m, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_status(m.session, rows, err)
	})
}

// History tells what happened.
func (m *Migrator) History(ctx context.Context) (*History, error) {
	return result[History](ctx, m, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_history(m.session, rows, err)
	})
}

// Snapshot tells the schema as the engine itself describes it, without the history.
func (m *Migrator) Snapshot(ctx context.Context) (*Snapshot, error) {
	return result[Snapshot](ctx, m, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_snapshot(m.session, rows, err)
	})
}

// Verify tries up, down and up of each migration in a scratch database. target: an id; "": all; "pending".
func (m *Migrator) Verify(ctx context.Context, target string) (*Verification, error) {
	return result[Verification](ctx, m, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_verify(m.session, texts.optional(target), rows, err)
	})
}

// Rehearse runs a plan (nil: everything pending) for real, under the lock of a run, and rolls it back: what it costs, what it locks.
func (m *Migrator) Rehearse(ctx context.Context, plan *Plan) (*Rehearsal, error) {
	if err := plan.runnable(m); err != nil {
		return nil, err
	}
	defer plan.hold()
	return result[Rehearsal](ctx, m, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_rehearse(m.session, plan.native(), rows, err)
	})
}

// Diff tells whether the schema was changed by somebody else than the migrations.
func (m *Migrator) Diff(ctx context.Context) (*Drift, error) {
	return result[Drift](ctx, m, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_diff(m.session, rows, err)
	})
}

// Generate writes the migration that leads to another schema. to: SQL that makes it in an empty database, or the URL of a database that has it;
// "": the declared schema (WithSchema).
func (m *Migrator) Generate(ctx context.Context, to string) (*Generated, error) {
	code, raw, err := m.rows(ctx, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_generate(m.session, texts.optional(to), rows, err)
	})
	if err != nil {
		return nil, err
	}
	generated, err := decode[Generated](raw)
	if err == nil {
		generated.Differs = code == C.MIGRATE_DIFFERS
	}
	return generated, err
}

// GenerateDown writes the rollback text of one migration, if one can be had that does not lie.
func (m *Migrator) GenerateDown(ctx context.Context, id string) (*GeneratedDown, error) {
	return result[GeneratedDown](ctx, m, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_generate_down(m.session, texts.of(id), rows, err)
	})
}

// Reconcile brings in what is missing of the declared schema, or only reports it (apply false). It only ever adds.
func (m *Migrator) Reconcile(ctx context.Context, apply bool) (*Reconciliation, error) {
	mode := "report"
	if apply {
		mode = "apply"
	}
	return result[Reconciliation](ctx, m, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_reconcile(m.session, texts.of(mode), rows, err)
	})
}

// Check tells what is wrong with the migrations, or will be when they run. depth: "source" (the texts alone), "" (they run in a scratch
// database too), "database" (and the sizes of the real tables count).
func (m *Migrator) Check(ctx context.Context, depth string) (*Check, error) {
	return result[Check](ctx, m, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_check(m.session, texts.optional(depth), rows, err)
	})
}

// CheckAgainst tells, before a merge, whether the migrations fit to those in another side's folder. base: a folder with the files from which
// both sides began; "": whatever the other side has counts as having been there first.
func (m *Migrator) CheckAgainst(ctx context.Context, dir, base string) (*Check, error) {
	return result[Check](ctx, m, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_check_against(m.session, texts.of(dir), texts.optional(base), rows, err)
	})
}

// Graph tells who needs whom. of: "migrations" (or ""), "declared", "tables"; at: tables as they stand behind this migration, "": the last.
func (m *Migrator) Graph(ctx context.Context, of, at string) (*Graph, error) {
	return result[Graph](ctx, m, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_graph(m.session, texts.optional(of), texts.optional(at), rows, err)
	})
}

// Backup makes a backup now.
func (m *Migrator) Backup(ctx context.Context) (*BackupFile, error) {
	made, err := result[Backups](ctx, m, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_backup(m.session, rows, err)
	})
	if err != nil {
		return nil, err
	}
	return &made.Files[0], nil
}

// Backups lists the backups of this database.
func (m *Migrator) Backups(ctx context.Context) (*Backups, error) {
	return result[Backups](ctx, m, func(_ *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_backups(m.session, rows, err)
	})
}

// Restore brings the contents of a backup back; "": the newest one. It needs WithConfirm and the database's name.
func (m *Migrator) Restore(ctx context.Context, file string) (*Report, error) {
	return m.report(ctx, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_restore(m.session, texts.optional(file), rows, err)
	})
}

// Protect marks the database as one whose data are precious, or takes the mark away: what may lose data then needs WithConfirm.
func (m *Migrator) Protect(ctx context.Context, on bool, reason string) (*Report, error) {
	number := C.int32_t(0)
	if on {
		number = 1
	}
	return m.report(ctx, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_protect(m.session, number, texts.optional(reason), rows, err)
	})
}

// Mark writes the history and runs nothing.
type Mark string

// What Mark can write.
const (
	MarkApplied        Mark = "applied"         // id counts as applied
	MarkForgotten      Mark = "forgotten"       // id no longer counts
	MarkAcceptChecksum Mark = "accept-checksum" // the source's text is the right one; id "": all modified ones
	MarkRenamed        Mark = "renamed"         // the new id stands for the old one; id "": all renamed ones
)

// Mark writes the history alone, with a reason.
func (m *Migrator) Mark(ctx context.Context, as Mark, id, reason string) (*Report, error) {
	return m.report(ctx, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_mark(m.session, texts.of(string(as)), texts.optional(id), texts.optional(reason), rows, err)
	})
}

// Baseline adopts a database that was built without libmigrate: everything up to target ("": everything) counts as applied.
func (m *Migrator) Baseline(ctx context.Context, target, reason string) (*Report, error) {
	return m.report(ctx, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_baseline(m.session, texts.optional(target), texts.optional(reason), rows, err)
	})
}

// BaselineFromTable does the same by a table of the former tool, whose column has file names, ids or version numbers.
func (m *Migrator) BaselineFromTable(ctx context.Context, tableName, column, reason string) (*Report, error) {
	return m.report(ctx, func(texts *texts, rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_baseline_from_table(m.session, texts.of(tableName), texts.of(column), texts.optional(reason), rows, err)
	})
}

// Rules lists the rules of Check.
func Rules() ([]Rule, error) {
	whole, err := listed[struct {
		Rules []Rule `migrate:"rows"`
	}](rulesTable)
	if err != nil {
		return nil, err
	}
	return whole.Rules, nil
}

// OptionInfo describes one option of the library, see Options.
type OptionInfo struct {
	Key         string `migrate:"key"`
	Type        string `migrate:"type"` // text, word, duration, number, size
	Default     string `migrate:"default"`
	Values      string `migrate:"values"` // of a word, separated by |
	Secret      bool   `migrate:"secret"`
	Since       string `migrate:"since"`
	Help        string `migrate:"help"`
	Environment string `migrate:"environment"`
}

// Options lists the library's options.
func Options() ([]OptionInfo, error) {
	whole, err := listed[struct {
		Options []OptionInfo `migrate:"rows"`
	}](optionsTable)
	if err != nil {
		return nil, err
	}
	return whole.Options, nil
}

func rulesTable(rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
	return C.migrate_check_rules(rows, err)
}

func optionsTable(rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
	return C.migrate_options_list(rows, err)
}

// listed is a table that needs no database.
func listed[T any](function func(rows **C.migrate_rows, err **C.migrate_error) C.int32_t) (*T, error) {
	raw, err := listedRaw(function)
	if err != nil {
		return nil, err
	}
	return decode[T](raw)
}

func listedRaw(function func(rows **C.migrate_rows, err **C.migrate_error) C.int32_t) (json.RawMessage, error) {
	var rows *C.migrate_rows
	if err := simply(func(out **C.migrate_error) C.int32_t { return function(&rows, out) }); err != nil {
		return nil, err
	}
	return rowsOf(rows)
}
