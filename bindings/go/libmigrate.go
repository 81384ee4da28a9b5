// SPDX-License-Identifier: MIT

// Package libmigrate brings a program's database (SQLite, PostgreSQL) to the schema it was built for, in its own start-up: exactly once,
// however many copies of the program start together.
//
// Most programs need one call:
//
//	//go:embed migrations
//	var migrations embed.FS
//
//	report, err := libmigrate.Startup(ctx, url, libmigrate.WithFS(migrations, "migrations"))
//
// An error says what went wrong, where, why and what to do next, and errors.Is and errors.As tell one from another. Ending the context
// cancels the statement that runs and rolls its migration back.
//
// Open gives the rest: plans, rollbacks, status, checks. OpenConn and OpenDB work on the program's own database/sql connection.
package libmigrate

/*
#cgo CFLAGS: -std=gnu11 -g0 -fvisibility=hidden
#cgo !race CFLAGS: -O1
#cgo race CFLAGS: -O0
#cgo linux CFLAGS: -I/usr/include/postgresql
#cgo LDFLAGS: -lmd
#cgo linux LDFLAGS: -ldl
#cgo libmigrate_omit_sqlite CFLAGS: -DMIGRATE_OMIT_SQLITE
#cgo libmigrate_omit_postgresql CFLAGS: -DMIGRATE_OMIT_POSTGRESQL
#cgo libmigrate_linked CFLAGS: -DMIGRATE_CLIENTS_LINKED
#cgo libmigrate_linked pkg-config: libpq sqlite3
#include <stdlib.h>
#include "bridge.h"
*/
import "C"

import "unsafe"

//go:generate python3 ../../lib/amalgamate.py .
//go:generate go run ./internal/generate

// Version is the version of the C library inside, "1.0.0".
func Version() string { return C.GoString(C.migrate_version()) }

// Has tells whether this build has a feature: sqlite, postgresql (engines), dlopen (client libraries are loaded on first use), linked.
func Has(feature string) bool {
	texts := texts{}
	defer texts.free()
	return C.migrate_has(texts.of(feature)) != 0
}

// texts are Go's texts as C wants them, as long as a call takes.
type texts []*C.char

func (t *texts) of(text string) *C.char {
	made := C.CString(text)
	*t = append(*t, made)
	return made
}

// optional gives NULL for "", which is the library's word for "none given".
func (t *texts) optional(text string) *C.char {
	if text == "" {
		return nil
	}
	return t.of(text)
}

func (t *texts) free() {
	for _, text := range *t {
		C.free(unsafe.Pointer(text))
	}
	*t = nil
}

// taken is a text that the library handed over.
func taken(text *C.char) string {
	defer C.migrate_free(unsafe.Pointer(text))
	return C.GoString(text)
}
