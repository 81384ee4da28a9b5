// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"unsafe"
)

// Migration is one migration in memory. It has texts (Up, Down) or functions (UpFunc, DownFunc).
//
// A function gets the open connection inside the migration's transaction. Its effects in the database happen exactly once; what it does
// outside may happen again after a crash. It must not commit, roll back or use another connection to the same database. Version stands where
// a text's checksum would: change it when the function changes its meaning.
type Migration struct {
	ID       string
	Up, Down string
	UpFunc   func(context.Context, *Connection) error
	DownFunc func(context.Context, *Connection) error
	Version  string
}

// code is a function that the library calls with a connection.
type code struct {
	m        *Migrator
	up, down func(context.Context, *Connection) error
}

func (m *Migrator) setSource() error {
	if len(m.given.trees)+len(m.given.migrations) == 0 && m.given.schemaCode == nil {
		return nil
	}
	if err := simply(func(out **C.migrate_error) C.int32_t { return C.migrate_source_new(&m.source, out) }); err != nil {
		return err
	}
	for _, tree := range m.given.trees {
		if err := m.addTree(tree); err != nil {
			return err
		}
	}
	for _, migration := range m.given.migrations {
		if err := m.addMigration(migration); err != nil {
			return err
		}
	}
	if m.given.schemaCode != nil {
		texts := texts{}
		defer texts.free()
		id, user := texts.of(m.given.standsFor), m.handle(&code{m: m, up: m.given.schemaCode})
		err := simply(func(out **C.migrate_error) C.int32_t { return C.bridge_set_schema_code(m.source, id, user, out) })
		if err != nil {
			return err
		}
	}
	return simply(func(out **C.migrate_error) C.int32_t { return C.migrate_options_set_source(m.options, m.source, out) })
}

func (m *Migrator) addTree(from tree) error {
	if from.dir == "" {
		from.dir = "."
	}
	err := fs.WalkDir(from.files, from.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(from.files, path)
		if err != nil {
			return err
		}
		if from.dir != "." {
			path = strings.TrimPrefix(path, from.dir+"/")
		}
		return m.addFile(path, text)
	})
	if err == nil || asError(err) != nil {
		return err
	}
	failed := &Error{Name: "source", Class: "source", Message: "the folder " + from.dir + " of the file system cannot be read", causes: []error{err}}
	var where *fs.PathError
	if errors.As(err, &where) {
		failed.File, failed.Detail = where.Path, where.Err.Error()
	}
	return failed
}

func (m *Migrator) addFile(path string, text []byte) error {
	texts := texts{}
	defer texts.free()
	name, content := texts.of(path), texts.of(string(text))
	return simply(func(out **C.migrate_error) C.int32_t {
		return C.migrate_source_add_file(m.source, name, content, C.size_t(len(text)), out)
	})
}

func (m *Migrator) addMigration(migration Migration) error {
	texts := texts{}
	defer texts.free()
	id := texts.of(migration.ID)
	if migration.UpFunc == nil {
		if migration.DownFunc != nil || migration.Version != "" {
			return misuse("migration "+migration.ID+": DownFunc and Version belong to an UpFunc", "give texts, or functions")
		}
		if strings.ContainsRune(migration.Up+migration.Down, 0) {
			return misuse("migration "+migration.ID+" has a NUL in its text", "")
		}
		up, down := texts.of(migration.Up), texts.optional(migration.Down)
		return simply(func(out **C.migrate_error) C.int32_t { return C.migrate_source_add(m.source, id, up, down, out) })
	}
	if migration.Up != "" || migration.Down != "" {
		return misuse("migration "+migration.ID+" has both texts and functions", "give texts, or functions")
	}
	version, hasDown := "1", C.int32_t(0)
	if migration.Version != "" {
		version = migration.Version
	}
	if migration.DownFunc != nil {
		hasDown = 1
	}
	text, user := texts.of(version), m.handle(&code{m: m, up: migration.UpFunc, down: migration.DownFunc})
	return simply(func(out **C.migrate_error) C.int32_t {
		return C.bridge_add_code(m.source, id, text, hasDown, user, out)
	})
}

// Connection is what a migration in Go works on, inside the migration's transaction. It is valid until the function returns.
type Connection struct {
	pointer *C.migrate_connection
}

// Engine is sqlite or postgresql.
func (c *Connection) Engine() string { return C.GoString(C.migrate_connection_engine(c.live())) }

func (c *Connection) live() *C.migrate_connection {
	if c.pointer == nil {
		panic("libmigrate: a migration's connection was used behind the end of its function")
	}
	return c.pointer
}

// Exec runs SQL text, one or more statements.
func (c *Connection) Exec(sql string) error {
	texts := texts{}
	defer texts.free()
	text := texts.of(sql)
	return simply(func(out **C.migrate_error) C.int32_t { return C.migrate_connection_exec(c.live(), text, out) })
}

// Query runs one statement. Every value of its rows is a text, or nil for null; the columns have their names also where there is no row.
func (c *Connection) Query(sql string) (*Rows, error) {
	texts := texts{}
	defer texts.free()
	text := texts.of(sql)
	var rows *C.migrate_rows
	if err := simply(func(out **C.migrate_error) C.int32_t { return C.migrate_connection_query(c.live(), text, &rows, out) }); err != nil {
		return nil, err
	}
	defer C.migrate_rows_free(rows)
	result := &Rows{Columns: make([]string, C.migrate_rows_columns(rows)), Values: make([][]*string, C.migrate_rows_count(rows))}
	for i := range result.Columns {
		result.Columns[i] = C.GoString(C.migrate_rows_column_name(rows, C.size_t(i)))
	}
	for r := range result.Values {
		result.Values[r] = make([]*string, len(result.Columns))
		for c := range result.Values[r] {
			row, column := C.size_t(r), C.size_t(c)
			if C.migrate_rows_is_null(rows, row, column) == 0 {
				value := C.GoStringN(C.migrate_rows_text(rows, row, column), C.int(C.migrate_rows_text_length(rows, row, column)))
				result.Values[r][c] = &value
			}
		}
	}
	return result, nil
}

// Quote makes a text a literal of the engine's SQL, quotes included.
func (c *Connection) Quote(text string) (string, error) {
	texts := texts{}
	defer texts.free()
	given := texts.of(text)
	var literal *C.char
	err := simply(func(out **C.migrate_error) C.int32_t {
		return C.migrate_connection_quote(c.live(), given, &literal, out)
	})
	if err != nil {
		return "", err
	}
	return taken(literal), nil
}

// Handle is the native handle (sqlite3 *, PGconn *) for other packages that use cgo, or nil where there is none.
func (c *Connection) Handle() unsafe.Pointer { return C.migrate_connection_handle(c.live()) }
