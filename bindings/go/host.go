// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"sync"
	"time"
	"unsafe"
)

// Driver is a connection of the program's own, of any library: see OpenDriver. OpenConn, OpenDB and OpenPgx bring theirs along.
type Driver interface {
	// Engine is whose SQL it speaks: sqlite or postgresql.
	Engine() string
	// Run runs one statement, BEGIN and COMMIT among them: it must be handed to the database as it is. If rows are wanted, it gives them with
	// every value as the engine writes it as text, nil for null, and with the names of the columns, also where there is no row; nil: there is
	// none. When ctx ends, the statement does, and the connection stays usable. What the database said of a failure is a DriverError.
	Run(ctx context.Context, sql string, rows bool) (*Rows, error)
	// InTransaction tells whether a transaction is open; known false: nobody can tell.
	InTransaction(ctx context.Context) (inside, known bool)
}

// Rows is what a query gives: from a Driver, and to a migration in Go.
type Rows struct {
	Columns []string    // their names from left to right; a Driver may leave them out: then migrations know them as "1", "2"
	Values  [][]*string // row by row; nil for null
}

// Column is the place of a column in each row, from 0; -1: none has that name. Of several with one name it is the first.
func (r *Rows) Column(name string) int {
	for i, column := range r.Columns {
		if column == name {
			return i
		}
	}
	return -1
}

// width is how many columns there are; false: the driver does not give as many each time.
func (r *Rows) width() (int, bool) {
	width := len(r.Columns)
	if width == 0 && len(r.Values) > 0 {
		width = len(r.Values[0])
	}
	for _, row := range r.Values {
		if len(row) != width {
			return 0, false
		}
	}
	return width, true
}

// DriverError is what the database said.
type DriverError struct {
	SQLState string // PostgreSQL's five characters; 08006: the connection broke
	Code     int    // SQLite's extended result code
	Message  string
	Position int // of the character in the statement, from 1; 0: not known
	Err      error
}

func (e *DriverError) Error() string { return e.Message }

// Unwrap is the driver's own error.
func (e *DriverError) Unwrap() error { return e.Err }

// OpenDriver opens on the program's own connection, which stays open, and must not be used by others while a call works.
func OpenDriver(ctx context.Context, driver Driver, options ...Option) (*Migrator, error) {
	return openHost(ctx, &host{driver: driver}, options)
}

// host is the program's own connection as the library's callbacks see it.
type host struct {
	driver  Driver                  // nil: C works on the handle itself
	release func() error            // nil: the connection is the program's
	within  func(call func()) error // keeps others off the connection while a call works; nil: each statement does
	mutex   sync.Mutex
	cancel  context.CancelFunc // of the statement that runs
}

// What comes behind a cancel is cleaning up, and has an end too.
const cleanUpTime = 10 * time.Second

func openHost(ctx context.Context, host *host, options []Option) (*Migrator, error) {
	m, err := newMigrator("", options)
	if err != nil {
		host.close()
		return nil, err
	}
	m.host = host
	user := m.handle(m)
	m.open = func(out **C.migrate_session, err **C.migrate_error) C.int32_t {
		texts := texts{}
		defer texts.free()
		var driver *C.migrate_driver
		if code := C.bridge_driver_new(texts.of(host.driver.Engine()), user, &driver, err); code != C.MIGRATE_OK {
			return code
		}
		defer C.migrate_driver_free(driver)
		return C.migrate_open_host(driver, m.options, out, err)
	}
	return m.opened(ctx)
}

func (h *host) close() error {
	if h == nil || h.release == nil {
		return nil
	}
	release := h.release
	h.release = nil
	return release()
}

// hold runs one call of the library.
func (h *host) hold(call func()) error {
	if h == nil || h.within == nil {
		call()
		return nil
	}
	return h.within(call)
}

// interrupt ends the statement that runs.
func (h *host) interrupt() {
	if h == nil {
		return
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.cancel != nil {
		h.cancel()
	}
}

func (h *host) running(cancel context.CancelFunc) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.cancel = cancel
}

// statementContext ends when the call is cancelled while the statement runs, and not before: what undoes has to run behind a cancel.
func (m *Migrator) statementContext() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(m.ctx))
	m.host.running(cancel)
	if !m.isCancelled() {
		return ctx, cancel
	}
	bounded, end := context.WithTimeout(ctx, cleanUpTime)
	return bounded, func() {
		end()
		cancel()
	}
}

// statement runs one statement for the library.
func (m *Migrator) statement(sql string, answer *C.migrate_result, wanted bool) C.int32_t {
	ctx, end := m.statementContext()
	rows, err := m.host.driver.Run(ctx, sql, wanted)
	m.host.running(nil)
	end()
	if err != nil {
		return m.refuse(err, sql, answer)
	}
	if !wanted || rows == nil {
		return 0
	}
	return m.hand(rows, sql, answer)
}

// hand gives the library what a statement gave.
func (m *Migrator) hand(rows *Rows, sql string, answer *C.migrate_result) C.int32_t {
	width, even := rows.width()
	if !even {
		return m.refuse(&DriverError{Message: "the driver's rows have not as many values as there are columns"}, sql, answer)
	}
	if width == 0 {
		return 0
	}
	C.migrate_result_columns(answer, C.size_t(width))
	for _, name := range rows.Columns {
		if code := putName(answer, name); code != 0 {
			return code
		}
	}
	for _, row := range rows.Values {
		for _, value := range row {
			if code := putValue(answer, value); code != 0 {
				return code
			}
		}
	}
	return 0
}

func putName(answer *C.migrate_result, name string) C.int32_t {
	name += "\x00" // C reads it where it is, as it does values
	return C.migrate_result_name(answer, (*C.char)(unsafe.Pointer(unsafe.StringData(name))))
}

var noText = [1]byte{}

func putValue(answer *C.migrate_result, value *string) C.int32_t {
	switch {
	case value == nil:
		return C.migrate_result_value(answer, nil, 0)
	case *value == "":
		return C.migrate_result_value(answer, (*C.char)(unsafe.Pointer(&noText[0])), 0)
	}
	return C.migrate_result_value(answer, (*C.char)(unsafe.Pointer(unsafe.StringData(*value))), C.size_t(len(*value)))
}

// refuse tells the library what the database said.
func (m *Migrator) refuse(err error, sql string, answer *C.migrate_result) C.int32_t {
	said := driverErrorOf(err, m.host.driver.Engine())
	if said.Position == 0 {
		said.Position = placeOf(said.Message, sql)
	}
	if m.isCancelled() {
		said.SQLState = "57014" // whatever the driver made of it: the library asks its token then
	}
	texts := texts{}
	defer texts.free()
	C.migrate_result_fail(answer, texts.optional(said.SQLState), C.int32_t(said.Code), texts.of(said.Message), C.int64_t(said.Position))
	return 1
}

func (m *Migrator) inTransaction() C.int32_t {
	ctx, end := m.statementContext()
	defer end()
	inside, known := m.host.driver.InTransaction(ctx)
	m.host.running(nil)
	switch {
	case !known:
		return -1
	case inside:
		return 1
	}
	return 0
}
