// SPDX-License-Identifier: MIT

package tests

import (
	"context"
	"encoding/json"
	"fmt"

	"libmigrate"
)

// The calls of the conformance suite: each step by the binding's own method, and its result in the suite's words.

func (w *world) ask(now step, planned bool) (map[string]any, error) {
	if now.do == "startup" {
		url := now.text("url")
		if url == "" {
			url = w.database.url
		}
		return w.way.startup(w, url, w.options(now))
	}
	m, err := w.migrator(now, planned)
	if err != nil {
		return map[string]any{}, err
	}
	if now.do == "plan" {
		w.kept = m
	} else if !planned {
		defer m.Close()
	}
	return w.verb(m, now, planned)
}

func (w *world) migrator(now step, planned bool) (*libmigrate.Migrator, error) {
	if planned {
		return w.kept, nil
	}
	if now.do == "check_files" {
		return libmigrate.OpenFiles(background, w.database.engine, w.options(now)...)
	}
	url := now.text("url")
	if url == "" {
		url = w.database.url
	}
	return w.way.open(w, url, w.options(now))
}

func (w *world) verb(m *libmigrate.Migrator, now step, planned bool) (map[string]any, error) {
	ctx, target, reason := background, now.text("target"), now.text("reason")
	switch now.do {
	case "open":
		return map[string]any{"code": "ok"}, nil
	case "plan", "plan_findings", "plan_sql":
		plan, err := m.Plan(ctx, target)
		if err != nil {
			return map[string]any{}, err
		}
		w.plan = plan
		switch now.do {
		case "plan":
			return w.words(plan, nil)
		case "plan_findings":
			return w.words(plan.Findings, nil)
		}
		return map[string]any{"code": "ok", "sql": plan.SQL}, nil
	case "apply":
		if planned {
			return w.report(m.ApplyPlan(ctx, w.plan))
		}
		return w.planned(m, target, func(plan *libmigrate.Plan) (map[string]any, error) { return w.report(m.ApplyPlan(ctx, plan)) })
	case "rehearse":
		return w.planned(m, target, func(plan *libmigrate.Plan) (map[string]any, error) { return words(w, ctx, plan, m.Rehearse) })
	case "run":
		return w.planned(m, target, func(plan *libmigrate.Plan) (map[string]any, error) { return w.report(pulled(m, plan)) })
	case "rollback":
		return w.report(m.Rollback(ctx, target))
	case "mark":
		return w.report(m.Mark(ctx, libmigrate.Mark(now.text("as")), now.text("id"), reason))
	case "baseline":
		return w.report(m.Baseline(ctx, target, reason))
	case "baseline_from_table":
		return w.report(m.BaselineFromTable(ctx, now.text("table"), now.text("column"), reason))
	case "protect":
		return w.report(m.Protect(ctx, now.truth("on"), reason))
	case "restore":
		return w.report(m.Restore(ctx, now.text("file")))
	}
	return w.look(m, now)
}

// look is a call that only looks, or makes something beside the database.
func (w *world) look(m *libmigrate.Migrator, now step) (map[string]any, error) {
	ctx := background
	switch now.do {
	case "history":
		return w.words(m.History(ctx))
	case "status":
		return w.words(m.Status(ctx))
	case "snapshot":
		return w.words(m.Snapshot(ctx))
	case "diff":
		drift, err := m.Diff(ctx)
		return w.coded(drift, err, "differs", func() bool { return !drift.OK() })
	case "verify":
		verified, err := m.Verify(ctx, now.text("target"))
		return w.coded(verified, err, "differs", func() bool { return !verified.OK() })
	case "generate":
		generated, err := m.Generate(ctx, now.text("to"))
		return w.coded(generated, err, "differs", func() bool { return generated.Differs })
	case "generate_down":
		return w.words(m.GenerateDown(ctx, now.text("id")))
	case "reconcile":
		reconciled, err := m.Reconcile(ctx, now.text("mode") == "apply")
		return w.coded(reconciled, err, "differs", func() bool { return !reconciled.OK() })
	case "check", "check_files":
		check, err := m.Check(ctx, now.text("depth"))
		return w.coded(check, err, "findings", func() bool { return !check.OK() })
	case "graph":
		return w.words(m.Graph(ctx, now.text("of"), now.text("at")))
	case "backups":
		return w.words(m.Backups(ctx))
	case "backup":
		made, err := m.Backup(ctx)
		if err != nil {
			return map[string]any{}, err
		}
		return map[string]any{"code": "ok", "rows": []any{map[string]any{
			"file": made.File, "verified": made.Verified, "id": textOrNil(made.ID), "tables": textOrNil(made.Tables),
			"bytes": json.Number(fmt.Sprint(made.Bytes)), "at": json.Number(fmt.Sprint(made.At.UnixMicro())),
		}}}, nil
	}
	w.Fatalf("the runner does not know %s", now.do)
	return nil, nil
}

func textOrNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func pulled(m *libmigrate.Migrator, plan *libmigrate.Plan) (*libmigrate.Report, error) {
	run, err := m.Begin(background, plan)
	if err != nil {
		return nil, err
	}
	for more := true; more; {
		if more, err = run.Step(background); err != nil {
			run.End(background)
			return nil, err
		}
	}
	return run.End(background)
}

// planned makes the target's plan first, if there is a target.
func (w *world) planned(m *libmigrate.Migrator, target string, then func(*libmigrate.Plan) (map[string]any, error)) (map[string]any, error) {
	if target == "" {
		return then(nil)
	}
	plan, err := m.Plan(background, target)
	if err != nil {
		return map[string]any{}, err
	}
	return then(plan)
}

func words[T json.Marshaler](w *world, ctx context.Context, plan *libmigrate.Plan, verb func(context.Context, *libmigrate.Plan) (T, error)) (map[string]any, error) {
	result, err := verb(ctx, plan)
	return w.words(result, err)
}

// words are those of the library, which a result's JSON has.
func (w *world) words(result json.Marshaler, err error) (map[string]any, error) {
	if err != nil {
		return map[string]any{}, err
	}
	text, err := json.Marshal(result)
	if err != nil {
		w.Fatal(err)
	}
	answer := map[string]any{}
	if err := decodeJSON(text, &answer); err != nil {
		w.Fatal(err)
	}
	sameFields(w, result, answer)
	answer["code"] = "ok"
	return answer, nil
}

func (w *world) coded(result json.Marshaler, err error, code string, differs func() bool) (map[string]any, error) {
	answer, err := w.words(result, err)
	if err == nil && differs() {
		answer["code"] = code
	}
	return answer, err
}

func (w *world) report(report *libmigrate.Report, err error) (map[string]any, error) {
	if report == nil {
		return map[string]any{}, err
	}
	answer, _ := w.words(report, nil)
	texts := func(ids []string) []any {
		list := []any{}
		for _, id := range ids {
			list = append(list, id)
		}
		return list
	}
	answer["applied"], answer["rolled_back"] = texts(report.Applied), texts(report.RolledBack)
	answer["waited_ms"] = json.Number(fmt.Sprint(report.Waited.Milliseconds()))
	if report.Stopped {
		answer["code"] = "stopped"
	}
	return answer, err
}
