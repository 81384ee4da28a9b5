// SPDX-License-Identifier: MIT

package tests

import (
	"database/sql"
	"database/sql/driver"
	"strings"

	"github.com/mattn/go-sqlite3"

	"libmigrate"
)

// A way is how the conformance suite reaches a database: by URL, or on a connection of the program's own.
type way struct {
	name, engine string
	open         func(w *world, url string, options []libmigrate.Option) (*libmigrate.Migrator, error)
	startup      func(w *world, url string, options []libmigrate.Option) (map[string]any, error)
	leavesOut    func(spec map[string]any) string
}

var ways = []*way{
	byURL("sqlite"),
	byURL("postgresql"),
	onOwn("go-sqlite3", "sqlite", "sqlite3", byConn),
	onOwn("other-sqlite", "sqlite", "sqlite3_wrapped", byPool),
	onOwn("pgx", "postgresql", "pgx", byConn),
	onOwn("pq", "postgresql", "postgres", byPool),
}

func byURL(engine string) *way {
	return &way{
		name:   engine,
		engine: engine,
		open: func(w *world, url string, options []libmigrate.Option) (*libmigrate.Migrator, error) {
			return libmigrate.Open(background, url, options...)
		},
		startup: func(w *world, url string, options []libmigrate.Option) (map[string]any, error) {
			return w.report(libmigrate.Startup(background, url, options...))
		},
		leavesOut: func(map[string]any) string { return "" },
	}
}

// onOwn is a way on the program's own connection; what cannot run there is left out, with the reason.
func onOwn(name, engine, with string, open func(w *world, db *sql.DB, options []libmigrate.Option) (*libmigrate.Migrator, error)) *way {
	opened := func(w *world, url string, options []libmigrate.Option) (*libmigrate.Migrator, error) {
		place := strings.TrimPrefix(url, "sqlite:")
		if with == "postgres" {
			place += "?sslmode=disable"
		}
		if engine == "postgresql" { // a driver makes no further connections for scratch databases
			options = append([]libmigrate.Option{libmigrate.WithShadowURL(w.database.url)}, options...)
		}
		db, err := sql.Open(with, place)
		if err != nil {
			w.Fatal(err)
		}
		w.Cleanup(func() { db.Close() })
		return open(w, db, options)
	}
	return &way{
		name:   name,
		engine: engine,
		open:   opened,
		startup: func(w *world, url string, options []libmigrate.Option) (map[string]any, error) {
			m, err := opened(w, url, options)
			if err != nil {
				return map[string]any{}, err
			}
			defer m.Close()
			return w.report(m.Startup(background))
		},
		leavesOut: func(spec map[string]any) string {
			if spec["connection"] == "url" || hasURL(spec) {
				return "a case about connections of the library's own"
			}
			if engine == "postgresql" && onlyLooks(spec) {
				return "scratch databases are reached by URL on every way: nothing of the driver is in it"
			}
			return without[name][spec["name"].(string)]
		},
	}
}

func byPool(w *world, db *sql.DB, options []libmigrate.Option) (*libmigrate.Migrator, error) {
	return libmigrate.OpenDB(background, db, options...)
}

func byConn(w *world, db *sql.DB, options []libmigrate.Option) (*libmigrate.Migrator, error) {
	conn, err := db.Conn(background)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { conn.Close() })
	return libmigrate.OpenConn(background, conn, options...)
}

func hasURL(spec map[string]any) bool {
	for _, words := range spec["steps"].([]any) {
		if _, ok := words.(map[string]any)["url"]; ok {
			return true
		}
	}
	return false
}

// onlyLooks tells whether a case is about scratch databases.
func onlyLooks(spec map[string]any) bool {
	for _, words := range spec["steps"].([]any) {
		switch words.(map[string]any)["do"] {
		case "check", "check_files", "graph", "verify", "generate", "generate_down":
			return true
		}
	}
	return false
}

// What a driver does not have, by way and case.
var without = map[string]map[string]string{
	"pgx": {"sql_copy": "COPY ... FROM stdin takes libpq"},
	"pq":  {"sql_copy": "COPY ... FROM stdin takes libpq"},
	"other-sqlite": {
		"backup_before_a_loss": "backups take SQLite's own handle",
		"backup_not_needed":    "backups take SQLite's own handle",
		"rollback_generated":   "what is generated was tried in a scratch database, which a driver does not make",
	},
}

// wrapped is go-sqlite3 as a driver that the binding does not know, as those that trace are: it goes through database/sql.
type wrapped struct{ *sqlite3.SQLiteConn }

type wrappedDriver struct{ sqlite3.SQLiteDriver }

func (d *wrappedDriver) Open(name string) (driver.Conn, error) {
	conn, err := d.SQLiteDriver.Open(name)
	if err != nil {
		return nil, err
	}
	return wrapped{conn.(*sqlite3.SQLiteConn)}, nil
}

func init() { sql.Register("sqlite3_wrapped", &wrappedDriver{}) }
