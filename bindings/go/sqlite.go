// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"database/sql"
	"reflect"
)

// A connection of go-sqlite3 is a handle of the SQLite that is linked into the program. The library works on it directly, as it does in C:
// with backups, places of errors, and cancels that leave it usable.

// sqliteHandle is the sqlite3 * of a *sqlite3.SQLiteConn; 0: it is none, or not to be had.
func sqliteHandle(raw any) uintptr {
	conn := reflect.Indirect(reflect.ValueOf(raw))
	if C.bridge_has_sqlite() == 0 || conn.Kind() != reflect.Struct || conn.Type().Name() != "SQLiteConn" {
		return 0
	}
	handle := conn.FieldByName("db")
	if handle.Kind() != reflect.Pointer || handle.Type().Elem().Name() != "_Ctype_struct_sqlite3" {
		return 0
	}
	return handle.Pointer()
}

// openSqlite opens on go-sqlite3's own handle. nil, nil: it is another driver's.
func openSqlite(ctx context.Context, conn *sql.Conn, release func() error, options []Option) (*Migrator, error) {
	var handle uintptr
	if err := conn.Raw(func(raw any) error {
		handle = sqliteHandle(raw)
		return nil
	}); err != nil {
		return nil, connectionFailure(err)
	}
	if handle == 0 {
		return nil, nil
	}
	m, err := newMigrator("", options)
	if err != nil {
		return nil, err
	}
	// While a call works nobody else can use the connection.
	m.host = &host{release: release, within: func(function func()) error {
		return conn.Raw(func(any) error {
			function()
			return nil
		})
	}}
	m.open = func(out **C.migrate_session, err **C.migrate_error) C.int32_t {
		return C.bridge_open_sqlite(C.uintptr_t(handle), m.options, out, err)
	}
	return m.opened(ctx)
}
