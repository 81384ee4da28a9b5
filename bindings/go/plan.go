// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"runtime"
)

// Plan is what would run, for review. Its memory goes when the garbage collector finds it.
type Plan struct {
	table
	Count     int    `migrate:"count"`
	From      string `migrate:"from"`
	To        string `migrate:"to"`
	Direction string `migrate:"direction"`
	Engine    string `migrate:"engine"`
	Steps     []Step `migrate:"rows"`
	Findings  *Check // what it foresees going wrong: rights that are lacking, and what it can lose
	SQL       string // as it would be sent; psql and sqlite3 can run it

	pointer *C.migrate_plan
}

// Plan tells what would run, and changes nothing. target: "" (everything pending), "+2" (the next two), an id or its unique prefix (up or
// down to it), "empty" (down to nothing), "only:ID".
func (m *Migrator) Plan(ctx context.Context, target string) (*Plan, error) {
	texts := texts{}
	defer texts.free()
	var pointer *C.migrate_plan
	_, err := m.call(ctx, func(out **C.migrate_error) C.int32_t {
		return C.migrate_plan_make(m.session, texts.optional(target), &pointer, out)
	})
	if err != nil {
		return nil, err
	}
	plan, err := planOf(pointer)
	if err != nil {
		C.migrate_plan_free(pointer)
		return nil, err
	}
	runtime.SetFinalizer(plan, func(plan *Plan) { C.migrate_plan_free(plan.pointer) })
	return plan, nil
}

func planOf(pointer *C.migrate_plan) (*Plan, error) {
	plan, err := listed[Plan](func(rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_plan_rows(pointer, rows, err)
	})
	if err != nil {
		return nil, err
	}
	plan.Findings, err = listed[Check](func(rows **C.migrate_rows, err **C.migrate_error) C.int32_t {
		return C.migrate_plan_findings(pointer, rows, err)
	})
	if err != nil {
		return nil, err
	}
	var sql *C.char
	if err := simply(func(out **C.migrate_error) C.int32_t { return C.migrate_plan_sql(pointer, &sql, out) }); err != nil {
		return nil, err
	}
	plan.SQL = taken(sql)
	plan.pointer = pointer
	return plan, nil
}

// native is NULL for no plan, which the library takes for "everything pending".
func (p *Plan) native() *C.migrate_plan {
	if p == nil {
		return nil
	}
	return p.pointer
}

// hold keeps the plan until here.
func (p *Plan) hold() { runtime.KeepAlive(p) }
