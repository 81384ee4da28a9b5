// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import "context"

// Run is a run that the program pulls step by step; each step has committed when it returns. End must be called.
//
//	run, err := m.Begin(ctx, nil)
//	defer run.End(ctx)
//	for {
//		more, err := run.Step(ctx)
//		...
//	}
type Run struct {
	m       *Migrator
	pointer *C.migrate_run
	stopped bool
}

// Begin takes the lock and begins to run a plan (nil: everything pending).
func (m *Migrator) Begin(ctx context.Context, plan *Plan) (*Run, error) {
	if err := plan.runnable(m); err != nil {
		return nil, err
	}
	defer plan.hold()
	run := &Run{m: m}
	_, err := m.call(ctx, func(out **C.migrate_error) C.int32_t {
		return C.migrate_run_begin(m.session, plan.native(), &run.pointer, out)
	})
	if err != nil {
		return nil, err
	}
	return run, nil
}

// goOn is a call that belongs to the session as it is, cancelled or not.
func (r *Run) goOn(ctx context.Context, function func(out **C.migrate_error) C.int32_t) (C.int32_t, error) {
	if err := r.m.enter(ctx); err != nil {
		return 0, err
	}
	defer r.m.leave()
	if r.pointer == nil {
		return 0, misuse("the run has ended", "begin another one")
	}
	return r.m.invoke(ctx, function)
}

// Step runs the next step. It is false when nothing was left, or when the run was stopped.
func (r *Run) Step(ctx context.Context) (bool, error) {
	code, err := r.goOn(ctx, func(out **C.migrate_error) C.int32_t { return C.migrate_run_step(r.pointer, out) })
	r.stopped = r.stopped || code == C.MIGRATE_STOPPED
	return code == C.MIGRATE_MORE, err
}

// End ends the run, early if steps are left, and releases the lock, even if the context has ended. A second End does nothing.
func (r *Run) End(ctx context.Context) (*Report, error) {
	ctx = context.WithoutCancel(ctx)
	if err := r.m.enter(ctx); err != nil {
		return nil, err
	}
	defer r.m.leave()
	if r.pointer == nil {
		return nil, nil
	}
	var rows *C.migrate_rows
	code, err := r.m.invoke(ctx, func(out **C.migrate_error) C.int32_t {
		return C.migrate_run_end(r.pointer, &rows, out)
	})
	r.pointer = nil
	if err != nil {
		return nil, err
	}
	raw, err := rowsOf(rows)
	if err != nil {
		return nil, err
	}
	if r.stopped {
		code = C.MIGRATE_STOPPED
	}
	return reportOf(code, raw)
}
