// SPDX-License-Identifier: MIT

package tests

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"libmigrate"
)

//go:embed testdata/migrations
var embedded embed.FS

func opened(t *testing.T, database *database, options ...libmigrate.Option) *libmigrate.Migrator {
	t.Helper()
	m, err := libmigrate.Open(background, database.url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestEmbeddedFiles(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		report, err := libmigrate.Startup(background, database.url, libmigrate.WithFS(embedded, "testdata/migrations"))
		if err != nil {
			t.Fatal(err)
		}
		if !report.Changed || report.From != "" || report.To != "002_orders" || !reflect.DeepEqual(report.Applied, []string{"001_users", "002_orders"}) {
			t.Errorf("%+v", report)
		}
		again, err := libmigrate.Startup(background, database.url, libmigrate.WithFS(embedded, "testdata/migrations"))
		if err != nil || again.Changed || again.Applied != nil || again.To != "002_orders" {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

func TestAFolderThatIsNotThere(t *testing.T) {
	_, err := libmigrate.Open(background, "sqlite::memory:", libmigrate.WithFS(embedded, "nowhere"))
	if !errors.Is(err, libmigrate.ErrSource) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v", err)
	}
}

func TestPlanApplyRollbackHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		m := opened(t, database, threeTables(), libmigrate.WithActor("pat"))
		plan, err := m.Plan(background, "+2")
		if err != nil || len(plan.Steps) != 2 || plan.To != "002_b" || plan.Direction != "up" || plan.Engine != database.engine {
			t.Fatalf("%+v, %v", plan, err)
		}
		if !strings.Contains(plan.SQL, "CREATE TABLE b") || !plan.Findings.OK() {
			t.Errorf("%s, %+v", plan.SQL, plan.Findings)
		}
		if report, err := m.ApplyPlan(background, plan); err != nil || report.To != "002_b" {
			t.Fatalf("%+v, %v", report, err)
		}
		if _, err := m.ApplyPlan(background, plan); !errors.Is(err, libmigrate.ErrStale) || !errors.Is(err, libmigrate.ErrDecide) {
			t.Errorf("the same plan once more: %v", err)
		}
		if report, err := m.Rollback(background, ""); err != nil || !reflect.DeepEqual(report.RolledBack, []string{"002_b"}) || report.To != "001_a" {
			t.Fatalf("%+v, %v", report, err)
		}
		history, err := m.History(background)
		if err != nil || history.Count != 3 || len(history.Events) != 3 {
			t.Fatalf("%+v, %v", history, err)
		}
		last := history.Events[2]
		if last.Event != "rolled_back" || last.Actor != "pat" || time.Since(last.At) > time.Minute || last.Duration <= 0 {
			t.Errorf("%+v", last)
		}
		status, err := m.Status(background)
		if err != nil || status.State != "pending" || status.At != "001_a" || status.Next != "002_b" || status.Migrations[0].State != "applied" {
			t.Errorf("%+v, %v", status, err)
		}
	})
}

func TestAnErrorSaysWhatAndWhere(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		dir := folder(t, map[string]string{"001_bad.sql": "CREATE TABLE a (id integer);\nINSERT INTO nowhere VALUES (1);\n"})
		_, err := libmigrate.Startup(background, database.url, libmigrate.WithDir(dir))
		var failed *libmigrate.Error
		if !errors.As(err, &failed) || !errors.Is(err, libmigrate.ErrSQL) || !errors.Is(err, libmigrate.ErrFixSource) || errors.Is(err, libmigrate.ErrLocked) {
			t.Fatalf("%v", err)
		}
		if failed.ID != "001_bad" || failed.Line != 2 || failed.Hint == "" || !strings.Contains(failed.Statement, "nowhere") {
			t.Errorf("%+v", failed)
		}
		place := filepath.Join(dir, "001_bad.sql") + ":2:"
		if !strings.HasPrefix(failed.Error(), place) || !strings.Contains(failed.Error(), "nowhere") || strings.Contains(failed.Error(), "\n") {
			t.Errorf("%s", failed)
		}
		if !strings.Contains(failed.Text(), "^") || !strings.HasPrefix(failed.Text(), place) {
			t.Errorf("%s", failed.Text())
		}
		if (database.engine == "postgresql") != (failed.SQLState == "42P01") || (database.engine == "sqlite") != (failed.DriverCode == 1) {
			t.Errorf("%+v", failed)
		}
	})
}

func TestModes(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		report, err := libmigrate.Startup(background, database.url, threeTables(), libmigrate.WithMode(libmigrate.ModeCheck))
		if !errors.Is(err, libmigrate.ErrPending) || report == nil || report.Pending != 3 {
			t.Errorf("check: %+v, %v", report, err)
		}
		_, err = libmigrate.Startup(background, database.url, threeTables(), libmigrate.WithMode(libmigrate.ModeWait), libmigrate.WithWaitTimeout(200*time.Millisecond))
		if !errors.Is(err, libmigrate.ErrTimeout) {
			t.Errorf("wait: %v", err)
		}
		if report, err := libmigrate.Startup(background, database.url, libmigrate.WithMode(libmigrate.ModeOff)); err != nil || report.Changed {
			t.Errorf("off: %+v, %v", report, err)
		}
		_, err = libmigrate.Startup(background, database.url, threeTables(), libmigrate.WithRunBudget(time.Nanosecond))
		if err != nil && !errors.Is(err, libmigrate.ErrStopped) {
			t.Errorf("budget: %v", err)
		}
	})
}

func TestOptionsThatAreWrong(t *testing.T) {
	for _, option := range []libmigrate.Option{
		libmigrate.WithOption("wait_timout", "1s"), libmigrate.WithMode("always"), libmigrate.WithOption("wait_timeout", "soon"), libmigrate.WithActor("a\x00b"),
	} {
		_, err := libmigrate.Open(background, "sqlite::memory:", option)
		if !errors.Is(err, libmigrate.ErrOption) || !errors.Is(err, libmigrate.ErrFixUsage) {
			t.Errorf("%v", err)
		}
	}
	_, err := libmigrate.Open(background, "mysql://u:hidden@h/x")
	if !errors.Is(err, libmigrate.ErrURL) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("%v", err)
	}
}

func TestTheEnvironment(t *testing.T) {
	database := newDatabase(t, "sqlite")
	t.Setenv("DATABASE_URL", database.url)
	t.Setenv("MIGRATE_ACTOR", "the environment")
	t.Setenv("MIGRATE_REASON", "the environment")
	if _, err := libmigrate.Startup(background, "", libmigrate.WithEnvironment(), threeTables(), libmigrate.WithReason("the program")); err != nil {
		t.Fatal(err)
	}
	history, err := opened(t, database).History(background)
	if err != nil || history.Events[0].Actor != "the environment" || history.Events[0].Reason != "the program" {
		t.Errorf("%+v, %v", history, err)
	}
}

func TestMigrationsInGo(t *testing.T) {
	type key struct{}
	onBoth(t, func(t *testing.T, database *database) {
		engine := ""
		fill := libmigrate.Migration{
			ID: "004_fill", Version: "2",
			UpFunc: func(ctx context.Context, connection *libmigrate.Connection) error {
				engine = connection.Engine()
				name, err := connection.Quote("O'Hara")
				if err != nil || ctx.Value(key{}) != "value" {
					return errors.Join(err, errors.New("no value in the context"))
				}
				if err := connection.Exec("CREATE TABLE n (name text, other text); INSERT INTO n VALUES (" + name + ", NULL)"); err != nil {
					return err
				}
				rows, err := connection.Query("SELECT name, other FROM n")
				if err != nil || len(rows.Values) != 1 || *rows.Values[0][rows.Column("name")] != "O'Hara" || rows.Values[0][rows.Column("other")] != nil {
					return errors.Join(err, errors.New("other rows"))
				}
				return nil
			},
			DownFunc: func(_ context.Context, connection *libmigrate.Connection) error {
				return connection.Exec("DROP TABLE n")
			},
		}
		m := opened(t, database, threeTables(), libmigrate.WithMigrations(fill, libmigrate.Migration{ID: "005_e", Up: "CREATE TABLE e (id integer)", Down: "DROP TABLE e"}))
		report, err := m.Apply(context.WithValue(background, key{}, "value"))
		if err != nil || report.To != "005_e" || engine != database.engine {
			t.Fatalf("%+v, %v", report, err)
		}
		if _, err := m.Rollback(background, "-2"); err != nil {
			t.Fatal(err)
		}
		if got := database.tables(t); !reflect.DeepEqual(got, []any{"a", "b", "c"}) {
			t.Errorf("%v", got)
		}
	})
}

func TestAMigrationInGoThatFails(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		broken := errors.New("no such customer")
		up := func(_ context.Context, connection *libmigrate.Connection) error {
			if err := connection.Exec("CREATE TABLE n (name text)"); err != nil {
				return err
			}
			return broken
		}
		m := opened(t, database, threeTables(), libmigrate.WithMigrations(libmigrate.Migration{ID: "004_n", UpFunc: up}))
		_, err := m.Apply(background)
		if !errors.Is(err, libmigrate.ErrCode) || !errors.Is(err, broken) || !strings.Contains(err.Error(), "no such customer") {
			t.Errorf("%v", err)
		}
		if got := database.tables(t); !reflect.DeepEqual(got, []any{"a", "b", "c"}) {
			t.Errorf("%v", got)
		}
		sqlError := func(_ context.Context, connection *libmigrate.Connection) error { return connection.Exec("SELEC 1") }
		_, err = opened(t, database, threeTables(), libmigrate.WithMigrations(libmigrate.Migration{ID: "004_n", UpFunc: sqlError})).Apply(background)
		if !errors.Is(err, libmigrate.ErrCode) && !errors.Is(err, libmigrate.ErrSQL) {
			t.Errorf("%v", err)
		}
	})
}

func TestAPanicPassesThrough(t *testing.T) {
	database := newDatabase(t, "sqlite")
	up := func(context.Context, *libmigrate.Connection) error { panic("at the disco") }
	m := opened(t, database, libmigrate.WithMigrations(libmigrate.Migration{ID: "001_n", UpFunc: up}))
	func() {
		defer func() {
			if thrown := recover(); thrown != "at the disco" {
				t.Errorf("%v", thrown)
			}
		}()
		_, _ = m.Apply(background)
		t.Error("no panic")
	}()
	if status, err := m.Status(background); err != nil || status.Pending != 1 {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestEventsAndLog(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		var log bytes.Buffer
		names := map[string]int{}
		m := opened(t, database, threeTables(), libmigrate.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
			libmigrate.WithEvents(func(event libmigrate.Event) error {
				names[event.Name]++
				if event.Message == "" || (event.Name == "applied" && (event.ID == "" || event.Duration <= 0)) {
					t.Errorf("%+v", event)
				}
				return nil
			}))
		if _, err := m.Apply(background); err != nil {
			t.Fatal(err)
		}
		if names["applied"] != 3 || names["finished"] != 1 {
			t.Errorf("%v", names)
		}
		if !strings.Contains(log.String(), `"event":"applied","migration":"003_c"`) {
			t.Errorf("%s", log.String())
		}
	})
}

func TestAFailureIsAnEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		var failed []libmigrate.Event
		m := opened(t, database, libmigrate.WithMigrations(libmigrate.Migration{ID: "001_x", Up: "DROP TABLE nowhere"}),
			libmigrate.WithEvents(func(event libmigrate.Event) error {
				if event.Name == "failed" {
					failed = append(failed, event)
				}
				return nil
			}))
		if _, err := m.Apply(background); !errors.Is(err, libmigrate.ErrSQL) || len(failed) != 1 || !errors.Is(failed[0].Err, libmigrate.ErrSQL) || failed[0].Level != slog.LevelError {
			t.Errorf("%v, %+v", err, failed)
		}
	})
}

func TestAnEventCancels(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		enough := errors.New("enough")
		m := opened(t, database, threeTables(), libmigrate.WithEvents(func(event libmigrate.Event) error {
			if event.Name == "step" && event.ID == "002_b" {
				return enough
			}
			return nil
		}))
		if _, err := m.Apply(background); !errors.Is(err, libmigrate.ErrCancelled) || !errors.Is(err, enough) {
			t.Errorf("%v", err)
		}
	})
}

func TestACallbackMustNotCallItsMigrator(t *testing.T) {
	database := newDatabase(t, "sqlite")
	var m *libmigrate.Migrator
	var inside error
	m = opened(t, database, libmigrate.WithMigrations(libmigrate.Migration{ID: "001_n", UpFunc: func(ctx context.Context, _ *libmigrate.Connection) error {
		_, inside = m.Status(ctx)
		return nil
	}}))
	if _, err := m.Apply(background); err != nil || !errors.Is(inside, libmigrate.ErrMisuse) {
		t.Errorf("%v, %v", err, inside)
	}
}

func TestManyGoroutines(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		m := opened(t, database, threeTables())
		var group sync.WaitGroup
		for n := 0; n < 8; n++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for i := 0; i < 5; i++ {
					if _, err := m.Apply(background); err != nil {
						t.Error(err)
					}
					ctx, cancel := context.WithTimeout(background, time.Millisecond)
					if _, err := m.Status(ctx); err != nil && !errors.Is(err, libmigrate.ErrCancelled) {
						t.Error(err)
					}
					cancel()
				}
			}()
		}
		group.Wait()
	})
}

func TestARunStepByStep(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		m := opened(t, database, threeTables())
		run, err := m.Begin(background, nil)
		if err != nil {
			t.Fatal(err)
		}
		if more, err := run.Step(background); !more || err != nil {
			t.Fatal(more, err)
		}
		report, err := run.End(background)
		if err != nil || !reflect.DeepEqual(report.Applied, []string{"001_a"}) {
			t.Fatalf("%+v, %v", report, err)
		}
		if report, err := run.End(background); report != nil || err != nil {
			t.Errorf("%+v, %v", report, err)
		}
		if _, err := run.Step(background); !errors.Is(err, libmigrate.ErrMisuse) {
			t.Errorf("%v", err)
		}
	})
}

func TestTheRest(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		backups := t.TempDir()
		m := opened(t, database, threeTables(), libmigrate.WithBackupDir(backups), libmigrate.WithConfirm(database.name),
			libmigrate.WithSchema("CREATE TABLE a (id integer PRIMARY KEY, note text)"), libmigrate.WithBackupFunc(dump))
		if _, err := m.Apply(background); err != nil {
			t.Fatal(err)
		}
		made, err := m.Backup(background)
		if err != nil || !made.Verified || made.Bytes == 0 || time.Since(made.At) > time.Minute {
			t.Fatalf("%+v, %v", made, err)
		}
		if list, err := m.Backups(background); err != nil || len(list.Files) != 1 || list.Files[0] != *made {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := m.Restore(background, ""); err != nil {
			t.Errorf("%v", err)
		}
		if report, err := m.Protect(background, true, "precious"); err != nil || !report.Changed {
			t.Errorf("%+v, %v", report, err)
		}
		if missing, err := m.Reconcile(background, false); err != nil || missing.OK() || !strings.HasSuffix(missing.Facts[0].Ident, "a.note") {
			t.Errorf("%+v, %v", missing, err)
		}
		if added, err := m.Reconcile(background, true); err != nil || !added.OK() || !added.Changed {
			t.Errorf("%+v, %v", added, err)
		}
		if drift, err := m.Diff(background); err != nil || drift.OK() || !strings.HasSuffix(drift.Differences[0].Ident, "a.note") {
			t.Errorf("%+v, %v", drift, err)
		}
		if snapshot, err := m.Snapshot(background); err != nil || snapshot.Fingerprint == "" || len(snapshot.Facts) == 0 {
			t.Errorf("%+v, %v", snapshot, err)
		}
		if down, err := m.GenerateDown(background, "001_a"); err != nil || down.Refused == "" {
			t.Errorf("%+v, %v", down, err)
		}
		if graph, err := m.Graph(background, "declared", ""); err != nil || graph.Nodes != 3 || graph.Dot == "" {
			t.Errorf("%+v, %v", graph, err)
		}
		other := folder(t, map[string]string{"003_other.sql": "CREATE TABLE other (id integer);"})
		if against, err := m.CheckAgainst(background, other, ""); err != nil || against.Count == 0 {
			t.Errorf("%+v, %v", against, err)
		}
		if report, err := m.Mark(background, libmigrate.MarkForgotten, "003_c", "by hand"); err != nil || report.Steps[0].Event != "forgotten" {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

// dump is a backup function that needs no pg_dump: what counts is how it is called.
func dump(ctx context.Context, job *libmigrate.BackupJob) error {
	switch job.Verb {
	case "backup":
		return os.WriteFile(job.File, []byte(job.Server), 0o600)
	case "verify", "restore":
		text, err := os.ReadFile(job.File)
		if err == nil && (string(text) != job.Server || ctx.Err() != nil) {
			return errors.New("not what was written")
		}
		return err
	}
	return errors.New(job.Verb)
}

func TestABackupFunctionThatFails(t *testing.T) {
	database := newDatabase(t, "postgresql")
	full := errors.New("the disk is full")
	m := opened(t, database, threeTables(), libmigrate.WithBackupDir(t.TempDir()),
		libmigrate.WithBackupFunc(func(context.Context, *libmigrate.BackupJob) error { return full }))
	if _, err := m.Backup(background); !errors.Is(err, full) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(background)
	slow := opened(t, database, threeTables(), libmigrate.WithBackupDir(t.TempDir()),
		libmigrate.WithBackupFunc(func(ctx context.Context, _ *libmigrate.BackupJob) error {
			<-ctx.Done()
			return ctx.Err()
		}))
	at := soon(cancel)
	_, err := slow.Backup(ctx)
	if took := time.Since(<-at); err == nil || took > limit {
		t.Errorf("%v, %v", took, err)
	}
}

func TestTheFastRoad(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		create := func(_ context.Context, connection *libmigrate.Connection) error {
			return connection.Exec("CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (id integer PRIMARY KEY)")
		}
		m := opened(t, database, threeTables(), libmigrate.WithFastRoad("002_b", create), libmigrate.WithSchemaFunc(create))
		report, err := m.Apply(background)
		if err != nil || report.To != "003_c" {
			t.Fatalf("%+v, %v", report, err)
		}
		if _, err := m.Reconcile(background, false); err != nil {
			t.Errorf("%v", err)
		}
	})
}

func TestFilesAlone(t *testing.T) {
	m, err := libmigrate.OpenFiles(background, "sqlite", threeTables())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if check, err := m.Check(background, ""); err != nil || !check.OK() || check.By != "scratch" {
		t.Errorf("%+v, %v", check, err)
	}
	if _, err := m.Status(background); !errors.Is(err, libmigrate.ErrMisuse) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsClosed(t *testing.T) {
	m := opened(t, newDatabase(t, "sqlite"), threeTables())
	plan, err := m.Plan(background, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.Close(), m.Close()); err != nil {
		t.Fatal(err)
	}
	m.Stop()
	if _, err := m.ApplyPlan(background, plan); !errors.Is(err, libmigrate.ErrMisuse) {
		t.Errorf("%v", err)
	}
	if text, err := json.Marshal(plan); err != nil || !bytes.Contains(text, []byte(`"to":"003_c"`)) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestTheLibrary(t *testing.T) {
	if libmigrate.Version() == "" || !libmigrate.Has("sqlite") || !libmigrate.Has("postgresql") || libmigrate.Has("mysql") {
		t.Error(libmigrate.Version())
	}
	rules, err := libmigrate.Rules()
	if err != nil || len(rules) < 20 || rules[0].Rule == "" || rules[0].Summary == "" {
		t.Errorf("%+v, %v", rules, err)
	}
}
