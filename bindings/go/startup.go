// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"encoding/json"
	"strconv"
)

// Startup is the lifespan hook in one call: it brings the database to the schema of this program, by WithMode: apply (wait for the database,
// apply what is pending; one of many starters does, the others wait), check (compare only: ErrPending), wait (until another process has done
// it), off. An error means that the program must not start, and says why and what to do. With ErrPending and ErrStopped there is a report, too.
func Startup(ctx context.Context, url string, options ...Option) (*Report, error) {
	m, err := newMigrator(url, options)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.leave()
	if err := m.renew(); err != nil {
		return nil, err
	}
	var rows *C.migrate_rows
	code, err := m.invoke(ctx, func(out **C.migrate_error) C.int32_t { return C.migrate_startup(nil, m.options, &rows, out) })
	if err != nil {
		return nil, err
	}
	raw, err := rowsOf(rows)
	return started(code, raw, err)
}

// started is a start-up's report, with an error where its answer is that the program must not start.
func started(code C.int32_t, raw json.RawMessage, err error) (*Report, error) {
	if err != nil {
		return nil, err
	}
	report, err := reportOf(code, raw)
	if err != nil {
		return nil, err
	}
	switch code {
	case C.MIGRATE_PENDING:
		return report, &Error{Name: "pending", Class: "state", Message: strconv.Itoa(report.Pending) +
			" migrations are pending, and the mode does not apply them", Hint: "apply them, or start with mode apply"}
	case C.MIGRATE_STOPPED:
		return report, &Error{Name: "stopped", Class: "retry", Message: "the migrations ended early, at a safe point", Hint: "start again to go on"}
	}
	return report, nil
}

// Ready tells whether the schema is the one this program was built for, or compatibly ahead of it: nil, or why not (ErrPending ...). It is
// for a server's readiness: one connection and one query, no lock, nothing is written. Give it WithWaitTimeout, as the database may be away.
func Ready(ctx context.Context, url string, options ...Option) error {
	_, err := Startup(ctx, url, append(append([]Option{}, options...), WithMode(ModeCheck))...)
	return err
}
