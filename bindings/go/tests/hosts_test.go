// SPDX-License-Identifier: MIT

package tests

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mattn/go-sqlite3"

	"libmigrate"
)

// own is a driver of the program's, and what its names need.
type own struct{ engine, driver, more string }

var owns = []own{
	{"sqlite", "sqlite3", ""}, {"sqlite", "sqlite3_wrapped", ""}, {"postgresql", "pgx", ""}, {"postgresql", "postgres", "?sslmode=disable"},
}

// onEach runs a test on a connection of each driver.
func onEach(t *testing.T, test func(t *testing.T, database *database, db *sql.DB)) {
	for _, own := range owns {
		own := own
		t.Run(own.driver, func(t *testing.T) {
			database := newDatabase(t, own.engine)
			db, err := sql.Open(own.driver, database.place+own.more)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			test(t, database, db)
		})
	}
}

func TestAPool(t *testing.T) {
	onEach(t, func(t *testing.T, database *database, db *sql.DB) {
		db.SetMaxOpenConns(1) // the Migrator has it, and gives it back
		report, err := libmigrate.StartupDB(background, db, threeTables())
		if err != nil || report.To != "003_c" {
			t.Fatalf("%+v, %v", report, err)
		}
		if _, err := db.Exec("INSERT INTO a VALUES (1)"); err != nil {
			t.Error(err)
		}
		if used := db.Stats().InUse; used != 0 {
			t.Errorf("%d connections are in use", used)
		}
		if _, err := libmigrate.StartupDB(background, db, threeTables(), libmigrate.WithMode("always")); !errors.Is(err, libmigrate.ErrOption) || db.Stats().InUse != 0 {
			t.Errorf("%v, and %d connections are in use", err, db.Stats().InUse)
		}
	})
}

func TestAnOpenTransaction(t *testing.T) {
	onEach(t, func(t *testing.T, database *database, db *sql.DB) {
		conn, err := db.Conn(background)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		tx, err := conn.BeginTx(background, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := libmigrate.OpenConn(background, conn, threeTables())
		if err == nil {
			_, err = m.Apply(background)
			m.Close()
		}
		if !errors.Is(err, libmigrate.ErrInTransaction) {
			t.Fatalf("%v", err)
		}
		m, err = libmigrate.OpenConn(background, conn, threeTables(), libmigrate.WithHostTransaction(libmigrate.HostTransactionUse))
		if err != nil {
			t.Fatal(err)
		}
		if report, err := m.Apply(background); err != nil || report.To != "003_c" {
			t.Fatalf("%+v, %v", report, err)
		}
		m.Close()
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if tables := database.tables(t); len(tables) != 0 {
			t.Errorf("what was done in the program's transaction is gone with it, but not %v", tables)
		}
	})
}

func TestWhatADriverSays(t *testing.T) {
	onEach(t, func(t *testing.T, database *database, db *sql.DB) {
		m, err := libmigrate.OpenDB(background, db, libmigrate.WithMigrations(libmigrate.Migration{ID: "001_x", Up: "CREATE TABLE x (id integer);\nCREATE TABL y (id integer)"}))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		_, err = m.Apply(background)
		var failed *libmigrate.Error
		if !errors.As(err, &failed) || failed.Name != "sql" || failed.Line != 2 || failed.Column != 8 || !strings.Contains(failed.Message, "TABL") {
			t.Errorf("%+v", failed)
		}
		if (database.engine == "postgresql") != (failed.SQLState == "42601") {
			t.Errorf("%+v", failed)
		}
		if tables := database.tables(t); len(tables) != 0 {
			t.Errorf("%v", tables)
		}
	})
}

func TestColumnsHaveTheirNames(t *testing.T) {
	onEach(t, func(t *testing.T, database *database, db *sql.DB) {
		ran := false
		up := func(_ context.Context, connection *libmigrate.Connection) error {
			if err := connection.Exec("CREATE TABLE n (id integer, name text, \"größe\" text); INSERT INTO n VALUES (7, 'Ann', NULL)"); err != nil {
				return err
			}
			rows, err := connection.Query("SELECT name, id AS number, \"größe\" FROM n")
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(rows.Columns, []string{"name", "number", "größe"}) || len(rows.Values) != 1 || rows.Column("id") != -1 {
				return fmt.Errorf("other rows: %+v", rows)
			}
			row := rows.Values[0]
			if *row[rows.Column("name")] != "Ann" || *row[rows.Column("number")] != "7" || row[rows.Column("größe")] != nil {
				t.Errorf("%+v", rows)
			}
			if rows, err = connection.Query("SELECT id, name FROM n WHERE id > 7"); err != nil {
				return err
			}
			if !reflect.DeepEqual(rows.Columns, []string{"id", "name"}) || len(rows.Values) != 0 {
				t.Errorf("without a row: %+v", rows)
			}
			if rows, err = connection.Query("SELECT 1 AS twice, 2 AS twice"); err != nil {
				return err
			}
			if !reflect.DeepEqual(rows.Columns, []string{"twice", "twice"}) || *rows.Values[0][rows.Column("twice")] != "1" {
				t.Errorf("one name for two: %+v", rows)
			}
			if rows, err = connection.Query("DELETE FROM n"); err != nil {
				return err
			}
			if len(rows.Columns) != 0 || len(rows.Values) != 0 {
				t.Errorf("without columns: %+v", rows)
			}
			ran = true
			return nil
		}
		m, err := libmigrate.OpenDB(background, db, threeTables(), libmigrate.WithMigrations(libmigrate.Migration{ID: "004_n", UpFunc: up}))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if _, err := m.Apply(background); err != nil || !ran {
			t.Errorf("%v", err)
		}
	})
}

func TestAConnectionThatIsClosed(t *testing.T) {
	onEach(t, func(t *testing.T, database *database, db *sql.DB) {
		conn, err := db.Conn(background)
		if err != nil {
			t.Fatal(err)
		}
		m, err := libmigrate.OpenConn(background, conn, threeTables())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if _, err := m.Apply(background); err == nil {
			t.Error("it still works")
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if _, err := libmigrate.OpenConn(background, conn, threeTables()); !errors.Is(err, libmigrate.ErrConnect) || !errors.Is(err, sql.ErrConnDone) {
			t.Errorf("%v", err)
		}
	})
}

func TestAServerThatIsNotThere(t *testing.T) {
	db, err := sql.Open("pgx", "postgresql://u:hidden@127.0.0.1:1/x")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := libmigrate.OpenDB(background, db); !errors.Is(err, libmigrate.ErrConnect) || !errors.Is(err, libmigrate.ErrRetryLater) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("%v", err)
	}
}

func TestPgxWithoutDatabaseSQL(t *testing.T) {
	database := newDatabase(t, "postgresql")
	conn, err := pgx.Connect(background, database.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(background)
	m, err := libmigrate.OpenPgx(background, conn, threeTables())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if report, err := m.Apply(background); err != nil || report.To != "003_c" {
		t.Fatalf("%+v, %v", report, err)
	}
	pool, err := pgxpool.New(background, database.url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	pooled, err := pool.Acquire(background)
	if err != nil {
		t.Fatal(err)
	}
	defer pooled.Release()
	second, err := libmigrate.OpenPgx(background, pooled, threeTables())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if status, err := second.Status(background); err != nil || status.State != "current" {
		t.Errorf("%+v, %v", status, err)
	}
	for _, none := range []any{nil, "text", (*pgx.Conn)(nil), pool} {
		if _, err := libmigrate.OpenPgx(background, none); !errors.Is(err, libmigrate.ErrMisuse) {
			t.Errorf("%T: %v", none, err)
		}
	}
}

// simplest is a Driver as a program may write one.
type simplest struct {
	db    *sql.Conn
	knows bool // whether a transaction is open
	names bool // of columns are given
}

func (d simplest) Engine() string { return "sqlite" }

func (d simplest) Run(ctx context.Context, statement string, wanted bool) (*libmigrate.Rows, error) {
	if !wanted {
		_, err := d.db.ExecContext(ctx, statement)
		return nil, said(err)
	}
	rows, err := d.db.QueryContext(ctx, statement)
	if err != nil {
		return nil, said(err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	result := &libmigrate.Rows{}
	if d.names {
		result.Columns = columns
	}
	for rows.Next() {
		values, places := make([]*string, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		result.Values = append(result.Values, values)
	}
	return result, said(rows.Err())
}

// uneven is a driver whose rows have a value less than columns.
type uneven struct{ simplest }

func (d uneven) Run(ctx context.Context, statement string, wanted bool) (*libmigrate.Rows, error) {
	rows, err := d.simplest.Run(ctx, statement, wanted)
	if rows != nil && strings.Contains(statement, "AS odd") {
		rows.Values[0] = rows.Values[0][1:]
	}
	return rows, err
}

func TestADriverWhoseRowsAreUneven(t *testing.T) {
	for _, names := range []bool{true, false} {
		database := newDatabase(t, "sqlite")
		db := database.open(t)
		defer db.Close()
		conn, err := db.Conn(background)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var failed error
		up := func(_ context.Context, connection *libmigrate.Connection) error {
			_, failed = connection.Query("SELECT 1 AS odd, 2 AS even UNION ALL SELECT 3, 4")
			return failed
		}
		m, err := libmigrate.OpenDriver(background, uneven{simplest{db: conn, knows: true, names: names}}, libmigrate.WithMigrations(libmigrate.Migration{ID: "001_n", UpFunc: up}))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if _, err := m.Apply(background); !errors.Is(err, libmigrate.ErrCode) || failed == nil || !strings.Contains(failed.Error(), "not as many values") {
			t.Errorf("%v: %v", failed, err)
		}
	}
}

func said(err error) error {
	if err == nil {
		return nil
	}
	return &libmigrate.DriverError{Code: 1, Message: "the driver says: " + err.Error(), Err: err}
}

func (d simplest) InTransaction(context.Context) (inside, known bool) {
	err := d.db.Raw(func(raw any) error {
		inside = !raw.(*sqlite3.SQLiteConn).AutoCommit()
		return nil
	})
	return inside, err == nil && d.knows
}

func TestADriverOfTheProgram(t *testing.T) {
	for name, driver := range map[string]simplest{"that knows of transactions and names": {knows: true, names: true}, "that does not": {}} {
		driver := driver
		t.Run(name, func(t *testing.T) { testDriver(t, driver) })
	}
}

func testDriver(t *testing.T, driver simplest) {
	database := newDatabase(t, "sqlite")
	db := database.open(t)
	defer db.Close()
	conn, err := db.Conn(background)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	driver.db = conn
	numbers := libmigrate.Migration{ID: "004_d", UpFunc: func(_ context.Context, connection *libmigrate.Connection) error {
		rows, err := connection.Query("SELECT 'x' AS first, NULL AS second")
		if err != nil {
			return err
		}
		want := []string{"1", "2"}
		if driver.names {
			want = []string{"first", "second"}
		}
		if !reflect.DeepEqual(rows.Columns, want) || *rows.Values[0][rows.Column(want[0])] != "x" || rows.Values[0][rows.Column(want[1])] != nil {
			t.Errorf("%v", rows)
		}
		return nil
	}}
	bad := libmigrate.WithMigrations(libmigrate.Migration{ID: "005_bad", Up: "DROP TABLE nowhere"})
	m, err := libmigrate.OpenDriver(background, driver, threeTables(), libmigrate.WithMigrations(numbers), bad)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Apply(background); !errors.Is(err, libmigrate.ErrSQL) || !strings.Contains(err.Error(), "the driver says: no such table: nowhere") {
		t.Errorf("%v", err)
	}
	if tables := database.tables(t); !reflect.DeepEqual(tables, []any{"a", "b", "c"}) {
		t.Errorf("%v", tables)
	}
}
