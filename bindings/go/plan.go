// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"runtime"
)

// Plan is what would run, for review. It can be run until its Migrator is closed, and read for ever.
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

	held *heldPlan
}

// heldPlan is C's side of a plan. It is freed with its Migrator, or before that when the garbage collector finds the Plan.
type heldPlan struct {
	m       *Migrator
	pointer *C.migrate_plan
}

func (m *Migrator) holdPlan(pointer *C.migrate_plan) *heldPlan {
	m.planning.Lock()
	defer m.planning.Unlock()
	held := &heldPlan{m, pointer}
	if m.plans == nil {
		m.plans = map[*heldPlan]struct{}{}
	}
	m.plans[held] = struct{}{}
	return held
}

func (h *heldPlan) free() {
	h.m.planning.Lock()
	defer h.m.planning.Unlock()
	C.migrate_plan_free(h.pointer)
	h.pointer = nil
	delete(h.m.plans, h)
}

func (m *Migrator) freePlans() {
	m.planning.Lock()
	defer m.planning.Unlock()
	for held := range m.plans {
		C.migrate_plan_free(held.pointer)
		held.pointer = nil
	}
	m.plans = nil
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
	plan.held = m.holdPlan(pointer)
	runtime.SetFinalizer(plan, func(plan *Plan) { plan.held.free() })
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
	return plan, nil
}

// native gives NULL for no plan, which the library takes for "everything pending".
func (p *Plan) native() *C.migrate_plan {
	if p == nil {
		return nil
	}
	return p.held.pointer
}

// runnable tells why a plan cannot be run here, or any more.
func (p *Plan) runnable(m *Migrator) error {
	if p == nil {
		return nil
	}
	if p.held == nil || p.held.m != m {
		return misuse("the plan was made by another Migrator", "make another plan")
	}
	m.planning.Lock()
	defer m.planning.Unlock()
	if p.held.pointer == nil {
		return misuse("the plan belongs to a Migrator that was closed", "make another plan")
	}
	return nil
}

// hold keeps the plan until here.
func (p *Plan) hold() { runtime.KeepAlive(p) }
