// SPDX-License-Identifier: MIT

package libmigrate

import (
	"context"
	"errors"
	"reflect"
)

// OpenPgx opens on the program's own connection of pgx 5 without database/sql: a *pgx.Conn or a *pgxpool.Conn. Otherwise it does as OpenConn.
func OpenPgx(ctx context.Context, conn any, options ...Option) (*Migrator, error) {
	driver := pgxOf(conn)
	if driver == nil {
		return nil, misuse("OpenPgx: this is no connection of pgx", "give it a *pgx.Conn or a *pgxpool.Conn")
	}
	return OpenDriver(ctx, driver, options...)
}

// pgxDriver calls pgx without importing it, so that who does not use pgx does not depend on it: SQL goes by the simple protocol, values are
// what the server writes, and a cancel leaves the connection usable.
type pgxDriver struct {
	conn   reflect.Value // *pgx.Conn
	within func(func(any) error) error
}

// pgconn is what of *pgconn.PgConn has no types of pgx in it.
type pgconn interface {
	TxStatus() byte
	IsClosed() bool
	CancelRequest(ctx context.Context) error
}

// pgxOf takes a *pgx.Conn, or what has one: *pgxpool.Conn, and the *stdlib.Conn below database/sql. nil: it is none of these.
func pgxOf(thing any) *pgxDriver {
	value := reflect.ValueOf(thing)
	if !value.IsValid() || (value.Kind() == reflect.Pointer && value.IsNil()) {
		return nil
	}
	if inner := value.MethodByName("Conn"); answersOne(inner) {
		value = inner.Call(nil)[0]
	}
	driver := &pgxDriver{conn: value, within: func(function func(any) error) error { return function(nil) }}
	if !answersOne(value.MethodByName("PgConn")) {
		return nil
	}
	conn := driver.low()
	if _, ok := conn.Interface().(pgconn); !ok || !conn.MethodByName("Exec").IsValid() {
		return nil
	}
	return driver
}

func answersOne(method reflect.Value) bool {
	return method.IsValid() && method.Type().NumIn() == 0 && method.Type().NumOut() == 1
}

func (d *pgxDriver) low() reflect.Value { return d.conn.MethodByName("PgConn").Call(nil)[0] }

func (d *pgxDriver) Engine() string { return "postgresql" }

func (d *pgxDriver) Run(ctx context.Context, sql string, wanted bool) (*Rows, error) {
	var rows *Rows
	var failed error
	err := d.within(func(any) error {
		conn := d.low()
		rows, failed = gently(ctx, conn.Interface().(pgconn).CancelRequest, func(ctx context.Context) (*Rows, error) {
			return readAll(ctx, conn, sql, wanted)
		})
		if failed != nil && conn.Interface().(pgconn).IsClosed() {
			failed = brokenBy(failed)
		}
		return nil // an error here would make database/sql judge the connection
	})
	if err != nil {
		return nil, err
	}
	return rows, failed
}

// brokenBy says so of an error that closed the connection and has no code of the server's own.
func brokenBy(err error) error {
	said := driverErrorOf(err, "postgresql")
	if said.SQLState == "" {
		said.SQLState = "08006"
	}
	return &said
}

// readAll reads the results of conn.Exec(ctx, sql). (Its ReadAll makes empty texts of nulls.)
func readAll(ctx context.Context, conn reflect.Value, sql string, wanted bool) (*Rows, error) {
	results := conn.MethodByName("Exec").Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(sql)})[0]
	reader, ok := results.Interface().(interface {
		NextResult() bool
		Close() error
	})
	if !ok {
		return nil, errors.New("libmigrate: this version of pgx is not known")
	}
	var rows *Rows
	for reader.NextResult() {
		one := results.MethodByName("ResultReader").Call(nil)[0]
		result, ok := one.Interface().(interface {
			NextRow() bool
			Values() [][]byte
		})
		if !ok {
			reader.Close()
			return nil, errors.New("libmigrate: this version of pgx is not known")
		}
		rows = nil
		if wanted {
			rows = &Rows{Columns: namesOf(one)}
		}
		for result.NextRow() {
			if wanted {
				rows.Values = append(rows.Values, textsOf(result.Values()))
			}
		}
	}
	return rows, reader.Close()
}

// namesOf reads the Name of each of reader.FieldDescriptions(). nil: this version of pgx tells in another way.
func namesOf(reader reflect.Value) []string {
	method := reader.MethodByName("FieldDescriptions")
	if !answersOne(method) {
		return nil
	}
	fields := method.Call(nil)[0]
	if fields.Kind() != reflect.Slice || fields.Type().Elem().Kind() != reflect.Struct {
		return nil
	}
	names := make([]string, fields.Len())
	for i := range names {
		name := fields.Index(i).FieldByName("Name")
		if name.Kind() != reflect.String {
			return nil
		}
		names[i] = name.String()
	}
	return names
}

func textsOf(values [][]byte) []*string {
	row := make([]*string, len(values))
	for i, value := range values {
		if value != nil {
			text := string(value)
			row[i] = &text
		}
	}
	return row
}

func (d *pgxDriver) InTransaction(context.Context) (inside, known bool) {
	err := d.within(func(any) error {
		conn := d.low().Interface().(pgconn)
		inside, known = conn.TxStatus() != 'I', !conn.IsClosed()
		return nil
	})
	return inside, known && err == nil
}
