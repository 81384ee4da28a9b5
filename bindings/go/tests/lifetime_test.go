// SPDX-License-Identifier: MIT

package tests

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"libmigrate"
)

// A thousand times open, apply, close: memory stays flat, and nothing is left open.

func resident(t *testing.T) int {
	runtime.GC()
	runtime.GC() // finalizers of the first one have run
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc here")
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * os.Getpagesize() / 1024
}

func openFiles(t *testing.T) int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	return len(files)
}

// flat runs a cycle 200 times, and 800 times more, which must not take more memory.
func flat(t *testing.T, cycle func(number int)) {
	t.Helper()
	run := func(from, to int) {
		for number := from; number < to; number++ {
			cycle(number)
		}
	}
	run(0, 200)
	memory, files := resident(t), openFiles(t)
	run(200, 1000)
	if more := resident(t) - memory; more > 2048 {
		t.Errorf("%d KiB more after 1000 cycles than after 200", more)
	}
	if more := openFiles(t) - files; more > 0 {
		t.Errorf("%d files more are open", more)
	}
}

func TestAThousandCycles(t *testing.T) {
	onBoth(t, func(t *testing.T, database *database) {
		flat(t, func(int) {
			m, err := libmigrate.Open(background, database.url, threeTables())
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if _, err := m.Apply(background); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// With plans, callbacks, code and errors, on the program's own connection.
func TestAThousandCyclesOnAConnection(t *testing.T) {
	database := newDatabase(t, "sqlite")
	db, err := sql.Open("sqlite3", database.place)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	broken := errors.New("on purpose")
	fail := libmigrate.Migration{ID: "004_fail", UpFunc: func(context.Context, *libmigrate.Connection) error { return broken }}
	flat(t, func(number int) {
		options := []libmigrate.Option{threeTables(), libmigrate.WithEvents(func(libmigrate.Event) error { return nil })}
		if number%2 == 1 {
			options = append(options, libmigrate.WithMigrations(fail))
		}
		m, err := libmigrate.OpenDB(background, db, options...)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if _, err := m.Plan(background, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Apply(background); (number%2 == 1) != errors.Is(err, broken) {
			t.Fatal(err)
		}
	})
}
