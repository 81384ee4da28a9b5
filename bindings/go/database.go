// SPDX-License-Identifier: MIT

package libmigrate

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// OpenConn opens on the program's own connection of database/sql, through its own driver: pgx, lib/pq, go-sqlite3 and others. The connection
// stays open and is left as it was found. A transaction that is open is refused unless WithHostTransaction(HostTransactionUse) is given. Nobody
// else may use it while a call works. COPY ... FROM stdin needs a URL.
//
// Cancelling leaves the connection usable with pgx and go-sqlite3. lib/pq closes a connection on which it has cancelled: give OpenDB the pool.
func OpenConn(ctx context.Context, conn *sql.Conn, options ...Option) (*Migrator, error) {
	return openConn(ctx, conn, nil, nil, options)
}

// openConn: pool is where conn came from, if it is known; release gives it back when the Migrator is closed.
func openConn(ctx context.Context, conn *sql.Conn, pool *sql.DB, release func() error, options []Option) (*Migrator, error) {
	m, err := openSqlite(ctx, conn, release, options)
	if m != nil || err != nil {
		return m, err
	}
	driver, err := driverOf(ctx, conn, pool)
	if err != nil {
		return nil, err
	}
	return openHost(ctx, &host{driver: driver, release: release}, options)
}

// OpenDB takes a connection from the pool until the Migrator is closed; otherwise it does as OpenConn does.
func OpenDB(ctx context.Context, db *sql.DB, options ...Option) (*Migrator, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, connectionFailure(err)
	}
	m, err := openConn(ctx, conn, db, conn.Close, options)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return m, nil
}

// StartupDB is Startup on a connection of the program's pool.
func StartupDB(ctx context.Context, db *sql.DB, options ...Option) (*Report, error) {
	m, err := OpenDB(ctx, db, options...)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return m.Startup(ctx)
}

func connectionFailure(err error) *Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return cancelled("cancelled while waiting for a connection of the pool", err)
	}
	return &Error{Name: "connect", Class: "retry", Message: "the pool gives no connection: " + err.Error(), causes: []error{err}}
}

// driverOf finds out what the connection is: pgx has a way of its own, everything else goes through database/sql.
func driverOf(ctx context.Context, conn *sql.Conn, pool *sql.DB) (Driver, error) {
	var native *pgxDriver
	if err := conn.Raw(func(raw any) error {
		native = pgxOf(raw)
		return nil
	}); err != nil {
		return nil, connectionFailure(err)
	}
	if native != nil {
		native.within = conn.Raw
		return native, nil
	}
	driver := &sqlDriver{conn: conn, engine: "postgresql", pool: pool}
	version := ""
	err := conn.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	if err == nil && strings.HasPrefix(version, "PostgreSQL ") {
		err = conn.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&driver.pid)
		return driver, err
	}
	driver.engine = "sqlite"
	if conn.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version) == nil {
		return driver, nil
	}
	if err == nil {
		return nil, misuse("the connection leads to "+version, "libmigrate knows SQLite and PostgreSQL")
	}
	return nil, connectionFailure(err)
}

// sqlDriver goes through database/sql, whichever driver is below.
type sqlDriver struct {
	conn   *sql.Conn
	engine string
	pool   *sql.DB // nil: none is at hand
	pid    int     // of PostgreSQL's backend
	within bool    // on SQLite: a savepoint of the library's is open in the program's own transaction
	ours   bool    // on SQLite: a transaction of the library's is open
}

func (d *sqlDriver) Engine() string { return d.engine }

func (d *sqlDriver) Run(ctx context.Context, text string, wanted bool) (*Rows, error) {
	if d.engine == "sqlite" {
		return d.runOnSqlite(ctx, text, wanted)
	}
	if d.pool == nil {
		return d.run(ctx, text, wanted)
	}
	return gently(ctx, d.cancelFromPool, func(ctx context.Context) (*Rows, error) { return d.run(ctx, text, wanted) })
}

// runOnSqlite lets a statement end whatever its context says where the program's own transaction is open: SQLite may take back all of that
// with a statement that is interrupted. The library hears the cancel behind it.
func (d *sqlDriver) runOnSqlite(ctx context.Context, text string, wanted bool) (*Rows, error) {
	word, _, _ := strings.Cut(text, " ")
	if word == "SAVEPOINT" && !d.ours {
		d.within = true
	}
	if d.within {
		ctx = context.WithoutCancel(ctx)
	}
	rows, err := d.run(ctx, text, wanted)
	switch {
	case word == "RELEASE":
		d.within = false
	case word == "BEGIN" && err == nil:
		d.ours = true
	case (word == "COMMIT" || text == "ROLLBACK") && err == nil:
		d.ours = false
	}
	return rows, err
}

// cancelFromPool leaves the connection usable, which the end of a context does not with every driver.
func (d *sqlDriver) cancelFromPool(ctx context.Context) error {
	_, err := d.pool.ExecContext(ctx, "SELECT pg_cancel_backend("+strconv.Itoa(d.pid)+")")
	return err
}

func (d *sqlDriver) run(ctx context.Context, text string, wanted bool) (*Rows, error) {
	// go-sqlite3 takes one step of a statement that it executes, however many rows it has: a query runs to its end.
	if !wanted && d.engine == "postgresql" {
		_, err := d.conn.ExecContext(ctx, text)
		return nil, err
	}
	rows, err := d.conn.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	result := &Rows{}
	if result.Columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	values, places := make([]any, len(types)), make([]any, len(types))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if !wanted {
			continue
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		row := make([]*string, len(values))
		for i, value := range values {
			row[i] = d.asText(value, types[i].DatabaseTypeName())
		}
		result.Values = append(result.Values, row)
	}
	return result, rows.Err()
}

// asText brings back what the driver made of the engine's own text.
func (d *sqlDriver) asText(value any, kind string) *string {
	text := ""
	switch value := value.(type) {
	case nil:
		return nil
	case string:
		text = value
	case []byte:
		if text = string(value); kind == "BYTEA" {
			text = `\x` + hex.EncodeToString(value)
		}
	case bool:
		words := map[string][2]string{"sqlite": {"0", "1"}, "postgresql": {"f", "t"}}[d.engine]
		if text = words[0]; value {
			text = words[1]
		}
	case int64:
		text = strconv.FormatInt(value, 10)
	case float64:
		text = strconv.FormatFloat(value, 'g', -1, 64)
		if d.engine == "sqlite" && !strings.ContainsAny(text, ".eIN") {
			text += ".0"
		}
	case time.Time:
		text = value.Format(timeLayouts[kind])
	}
	return &text
}

var timeLayouts = map[string]string{
	"DATE":        "2006-01-02",
	"TIME":        "15:04:05.999999",
	"TIMETZ":      "15:04:05.999999-07",
	"TIMESTAMP":   "2006-01-02 15:04:05.999999",
	"TIMESTAMPTZ": "2006-01-02 15:04:05.999999-07",
}

// InTransaction asks the driver (go-sqlite3 knows), else the database.
func (d *sqlDriver) InTransaction(ctx context.Context) (inside, known bool) {
	if d.engine == "postgresql" {
		return d.askPostgresql(ctx)
	}
	_ = d.conn.Raw(func(raw any) error {
		if sqlite, ok := raw.(interface{ AutoCommit() bool }); ok {
			inside, known = !sqlite.AutoCommit(), true
		}
		return nil
	})
	if known {
		return inside, true
	}
	// BEGIN locks nothing yet, and fails inside a transaction.
	if _, err := d.conn.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
		return strings.Contains(err.Error(), "within a transaction"), strings.Contains(err.Error(), "within a transaction")
	}
	_, err := d.conn.ExecContext(ctx, "ROLLBACK")
	return false, err == nil
}

// askPostgresql: a setting for the transaction alone is there in the next statement only if that is in the same one.
func (d *sqlDriver) askPostgresql(ctx context.Context) (inside, known bool) {
	const failedTransaction = "25P02"
	var value sql.NullString
	err := d.conn.QueryRowContext(ctx, "SELECT set_config('libmigrate.inside', 'yes', true)").Scan(&value)
	if err == nil {
		err = d.conn.QueryRowContext(ctx, "SELECT current_setting('libmigrate.inside', true)").Scan(&value)
	}
	if err != nil {
		failed := driverErrorOf(err, d.engine).SQLState == failedTransaction
		return failed, failed
	}
	return value.String == "yes", true
}

// gently runs a statement that ask can end, so that the connection survives it; if that does not work out, its context ends.
func gently(ctx context.Context, ask func(context.Context) error, run func(context.Context) (*Rows, error)) (*Rows, error) {
	const patience = 2 * time.Second
	inner, hard := context.WithCancel(context.WithoutCancel(ctx))
	defer hard()
	done, asked := make(chan struct{}), make(chan struct{})
	quiet := context.AfterFunc(ctx, func() {
		limited, end := context.WithTimeout(inner, patience)
		defer end()
		err := ask(limited)
		close(asked)
		if err != nil {
			hard()
			return
		}
		select {
		case <-done:
		case <-time.After(patience):
			hard()
		}
	})
	rows, err := run(inner)
	close(done)
	if !quiet() {
		<-asked // it must not meet the next statement
	}
	return rows, err
}
