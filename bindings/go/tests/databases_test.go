// SPDX-License-Identifier: MIT

// Package tests runs the binding on real databases, with the drivers that its users have. It is a module of its own, so that the package
// itself requires none of them.
package tests

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
)

// server is the URL of a superuser on a PostgreSQL server.
var server = os.Getenv("MIGRATE_TEST_POSTGRESQL")

// database is a new one, with a connection of the test's own.
type database struct {
	engine, url, name, place string
	db                       *sql.DB
}

func newDatabase(t testing.TB, engine string) *database {
	t.Helper()
	if engine == "sqlite" {
		place := filepath.Join(t.TempDir(), "data.db")
		return &database{engine: engine, url: "sqlite:" + place, name: "data.db", place: place}
	}
	if server == "" {
		t.Skip("MIGRATE_TEST_POSTGRESQL is not set")
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	name := "go_" + hex.EncodeToString(random)
	onServer(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { onServer(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	where, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	where.Path = "/" + name
	return &database{engine: engine, url: where.String(), name: name, place: where.String()}
}

func onServer(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// open is a pool of the test's own; the last one that a test asks for is closed with the test.
func (d *database) open(t testing.TB) *sql.DB {
	t.Helper()
	driver := map[string]string{"sqlite": "sqlite3", "postgresql": "pgx"}[d.engine]
	db, err := sql.Open(driver, d.place)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func (d *database) script(t testing.TB, text string) {
	t.Helper()
	db := d.open(t)
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// query gives every value as a text or nil.
func (d *database) query(t testing.TB, text string) [][]any {
	t.Helper()
	db := d.open(t)
	defer db.Close()
	rows, err := db.Query(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	result := [][]any{}
	for rows.Next() {
		values, places := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		row := make([]any, len(columns))
		for i, value := range values {
			if value.Valid {
				row[i] = value.String
			}
		}
		result = append(result, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return result
}

// tables are the names of all tables but the history's.
func (d *database) tables(t testing.TB) []any {
	t.Helper()
	text := `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
		AND relname NOT LIKE 'libmigrate\_%' ORDER BY relname COLLATE "C"`
	if d.engine == "sqlite" {
		if _, err := os.Stat(d.place); err != nil {
			return []any{}
		}
		text = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
			AND name NOT LIKE 'libmigrate\_%' ESCAPE '\' ORDER BY name`
	}
	names := []any{}
	for _, row := range d.query(t, text) {
		names = append(names, row[0])
	}
	return names
}

// onBoth runs a test on both engines.
func onBoth(t *testing.T, test func(t *testing.T, database *database)) {
	for _, engine := range []string{"sqlite", "postgresql"} {
		t.Run(engine, func(t *testing.T) { test(t, newDatabase(t, engine)) })
	}
}

// folder has files by their names.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var background = context.Background()
