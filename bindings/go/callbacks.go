// SPDX-License-Identifier: MIT

package libmigrate

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"runtime/cgo"
	"strings"
	"unsafe"
)

// guard runs a callback's body. What it panics with passes C by, and goes on behind the call.
func (m *Migrator) guard(result *C.int32_t) {
	if thrown := recover(); thrown != nil {
		m.panicked = thrown
		*result = 1
	}
}

// raise keeps a callback's error: the first one counts.
func (m *Migrator) raise(err error) {
	if m.raised == nil {
		m.raised = err
	}
}

//export libmigrateGoEvent
func libmigrateGoEvent(from *C.migrate_event, user C.uintptr_t) (result C.int32_t) {
	m := cgo.Handle(user).Value().(*Migrator)
	defer m.guard(&result)
	event := eventOf(from)
	if m.given.logger != nil {
		event.log(m.ctx, m.given.logger)
	}
	for _, receive := range m.given.events {
		if err := receive(event); err != nil {
			m.raise(err)
			result = 1
		}
	}
	return result
}

//export libmigrateGoCode
func libmigrateGoCode(pointer *C.migrate_connection, up C.int32_t, user C.uintptr_t) (result C.int32_t) {
	code := cgo.Handle(user).Value().(*code)
	defer code.m.guard(&result)
	connection := &Connection{pointer}
	defer func() { connection.pointer = nil }()
	run := code.down
	if up != 0 {
		run = code.up
	}
	if err := run(code.m.ctx, connection); err != nil {
		code.m.raise(err)
		return failWith(err, func(text *C.char) C.int32_t { return C.migrate_connection_fail(pointer, text) })
	}
	return 0
}

//export libmigrateGoBackup
func libmigrateGoBackup(pointer *C.migrate_backup_job, user C.uintptr_t) (result C.int32_t) {
	m := cgo.Handle(user).Value().(*Migrator)
	defer m.guard(&result)
	if err := m.backUp(pointer); err != nil {
		m.raise(err)
		return failWith(err, func(text *C.char) C.int32_t { return C.migrate_backup_job_fail(pointer, text, nil) })
	}
	return 0
}

//export libmigrateGoStatement
func libmigrateGoStatement(sql *C.char, length C.size_t, answer *C.migrate_result, rows C.int32_t, user C.uintptr_t) (result C.int32_t) {
	m := cgo.Handle(user).Value().(*Migrator)
	defer m.guard(&result)
	return m.statement(C.GoStringN(sql, C.int(length)), answer, rows != 0)
}

//export libmigrateGoInTransaction
func libmigrateGoInTransaction(user C.uintptr_t) (result C.int32_t) {
	m := cgo.Handle(user).Value().(*Migrator)
	defer m.guard(&result)
	return m.inTransaction()
}

// failWith hands an error's text over; the callback's result is never 0.
func failWith(err error, fail func(text *C.char) C.int32_t) C.int32_t {
	message := err.Error()
	if known := asError(err); known != nil {
		message = known.Message
	}
	text := C.CString(strings.ReplaceAll(message, "\x00", " "))
	defer C.free(unsafe.Pointer(text))
	if code := fail(text); code != 0 {
		return code
	}
	return 1
}
