// SPDX-License-Identifier: MIT

package tests

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"libmigrate"
)

// limit is how long a cancel may take to end a statement that would run for a minute.
const limit = 300 * time.Millisecond

// slow is such a statement.
func slow(engine string) string {
	if engine == "postgresql" {
		return "SELECT pg_sleep(60);"
	}
	return "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000000000) SELECT count(*) FROM c;"
}

func slowSource(engine string) libmigrate.Option {
	return libmigrate.WithFS(fstest.MapFS{
		"001_fine.sql": {Data: []byte("CREATE TABLE fine (id integer);")},
		"002_slow.sql": {Data: []byte("CREATE TABLE half (id integer);\n" + slow(engine))},
	}, ".")
}

// soon does it when the slow statement runs, and tells when.
func soon(do func()) <-chan time.Time {
	at := make(chan time.Time, 1)
	time.AfterFunc(700*time.Millisecond, func() {
		at <- time.Now()
		do()
	})
	return at
}

// wasCancelled looks at what a cancelled call left behind.
func wasCancelled(t *testing.T, database *database, at <-chan time.Time, err error) {
	t.Helper()
	if took := time.Since(<-at); took > limit {
		t.Errorf("it took %v", took)
	}
	if !errors.Is(err, libmigrate.ErrCancelled) {
		t.Fatalf("not cancelled: %v", err)
	}
	if got := database.tables(t); reflect.DeepEqual(got, []any{"fine", "half"}) {
		t.Errorf("half a migration is left: %v", got)
	}
}

func TestAContextEndsAStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		m, err := libmigrate.Open(background, database.url, slowSource(database.engine))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		ctx, cancel := context.WithCancelCause(background)
		why := errors.New("the server ends")
		at := soon(func() { cancel(why) })
		_, err = m.Apply(ctx)
		wasCancelled(t, database, at, err)
		if !errors.Is(err, why) {
			t.Errorf("the context's cause is not in %v", err)
		}
		status, err := m.Status(background) // it is usable again
		if err != nil || status.Pending == 0 {
			t.Errorf("%v, %v", status, err)
		}
	})
}

func TestADeadlineEndsAStartup(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		ctx, cancel := context.WithTimeout(background, 700*time.Millisecond)
		defer cancel()
		at := make(chan time.Time, 1)
		context.AfterFunc(ctx, func() { at <- time.Now() })
		_, err := libmigrate.Startup(ctx, database.url, slowSource(database.engine))
		wasCancelled(t, database, at, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestATokenEndsAStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		token := &libmigrate.Token{}
		at := soon(token.Cancel)
		_, err := libmigrate.Startup(background, database.url, slowSource(database.engine), libmigrate.WithToken(token))
		wasCancelled(t, database, at, err)
		if _, err := libmigrate.Startup(background, database.url, threeTables(), libmigrate.WithToken(token)); !errors.Is(err, libmigrate.ErrCancelled) {
			t.Errorf("a token stays what it is, and the answer is %v", err)
		}
	})
}

// On the program's own connections, which are usable behind it.
func TestACancelLeavesTheProgramsConnection(t *testing.T) {
	onEach(t, func(t *testing.T, database *database, db *sql.DB) {
		m, err := libmigrate.OpenDB(background, db, slowSource(database.engine))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		ctx, cancel := context.WithCancel(background)
		at := soon(cancel)
		_, err = m.Apply(ctx)
		wasCancelled(t, database, at, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if status, err := m.Status(background); err != nil || status.Pending == 0 {
			t.Errorf("%v, %v", status, err)
		}
	})
}

// SQLite may take back a whole transaction with a statement that is interrupted: not the program's own.
func TestACancelLeavesTheProgramsTransaction(t *testing.T) {
	for _, driver := range []string{"sqlite3", "sqlite3_wrapped"} {
		t.Run(driver, func(t *testing.T) {
			db, err := sql.Open(driver, t.TempDir()+"/app.db")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			conn, err := db.Conn(background)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			do := func(text string) {
				t.Helper()
				if _, err := conn.ExecContext(background, text); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
			do("BEGIN")
			do("CREATE TABLE mine AS SELECT 7 AS id")
			some := strings.Replace(slow("sqlite"), "100000000000", "6000000", 1)
			files := fstest.MapFS{"001_long.sql": {Data: []byte("CREATE TABLE long (id integer);\nINSERT INTO long SELECT * FROM (" +
				strings.TrimSuffix(some, ";") + ");\nCREATE TABLE behind (id integer);")}}
			ctx, cancel := context.WithTimeout(background, 300*time.Millisecond)
			defer cancel()
			m, err := libmigrate.OpenConn(background, conn, libmigrate.WithFS(files, "."), libmigrate.WithHostTransaction(libmigrate.HostTransactionUse),
				libmigrate.WithOnUnmanaged(libmigrate.OnUnmanagedApply))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Apply(ctx); !errors.Is(err, libmigrate.ErrCancelled) {
				t.Errorf("not cancelled: %v", err)
			}
			m.Close()
			do("COMMIT")
			do("INSERT INTO mine VALUES (8)")
		})
	}
}

func TestStopLetsAMigrationEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		var m *libmigrate.Migrator
		stop := true
		m, err := libmigrate.Open(background, database.url, threeTables(), libmigrate.WithEvents(func(event libmigrate.Event) error {
			if event.Name == "step" && stop {
				m.Stop()
			}
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		report, err := m.Apply(background)
		if err != nil || !report.Stopped || !reflect.DeepEqual(report.Applied, []string{"001_a"}) {
			t.Fatalf("%+v, %v", report, err)
		}
		stop = false
		report, err = m.Apply(background)
		if err != nil || report.Stopped || len(report.Applied) != 2 {
			t.Fatalf("%+v, %v", report, err)
		}
	})
}

func TestAContextThatHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, err := libmigrate.Open(ctx, "sqlite::memory:"); !errors.Is(err, context.Canceled) || !errors.Is(err, libmigrate.ErrCancelled) {
		t.Errorf("%v", err)
	}
}

func threeTables() libmigrate.Option {
	return libmigrate.WithFS(fstest.MapFS{
		"sql/001_a.sql": {Data: []byte("CREATE TABLE a (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE a;\n")},
		"sql/002_b.sql": {Data: []byte("CREATE TABLE b (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE b;\n")},
		"sql/003_c.sql": {Data: []byte("CREATE TABLE c (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE c;\n")},
	}, "sql")
}
