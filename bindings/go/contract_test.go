// SPDX-License-Identifier: MIT

package libmigrate

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// What the binding says has to be what the library is: the file that is compiled in, the functions of the header, the words of the options.

func TestTheOneFileIsWhatTheSourceMakes(t *testing.T) {
	script := "../../lib/amalgamate.py"
	if _, err := os.Stat(script); err != nil {
		t.Skip("this is no checkout of the repository")
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	if said, err := exec.Command("python3", script, "--check", ".").CombinedOutput(); err != nil {
		t.Errorf("%s", said)
	}
}

// What Go does in another way, or in one call with others.
var notCalled = map[string]string{
	"migrate_version_number":    "the version is a text",
	"migrate_error_code":        "errors.Is takes the place of numbers",
	"migrate_error_json":        "json.Marshal does that",
	"migrate_rows_column_index": "rows come as JSON",
	"migrate_rows_int":          "rows come as JSON",
	"migrate_rows_value_text":   "rows come as JSON",
	"migrate_rows_value_int":    "rows come as JSON",
	"migrate_options_get":       "what was given is known, and Options has the defaults",
	"migrate_client_new":        "by migrate_sqlite3.h",
	"migrate_client_set":        "by migrate_sqlite3.h",
	"migrate_client_free":       "by migrate_sqlite3.h",
	"migrate_open_handle":       "by migrate_sqlite3.h; no driver of Go has a PGconn",
}

func TestEveryFunctionIsReached(t *testing.T) {
	header, err := os.ReadFile("migrate.h")
	if err != nil {
		t.Fatal(err)
	}
	var ours strings.Builder
	files, _ := filepath.Glob("*.go")
	more, _ := filepath.Glob("bridge*.c")
	for _, name := range append(files, more...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ours.Write(text)
	}
	bare := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(header), " ")
	declared := regexp.MustCompile(`MIGRATE_API[\w\s*]*?\b(migrate_\w+)\(`).FindAllStringSubmatch(bare, -1)
	if len(declared) < 80 {
		t.Fatalf("only %d functions were found in migrate.h", len(declared))
	}
	for _, found := range declared {
		called := strings.Contains(ours.String(), found[1]+"(")
		if _, known := notCalled[found[1]]; called == known {
			t.Errorf("%s: called %v, and known as not called %v", found[1], called, known)
		}
	}
}

func TestListsHaveAFieldForEachColumn(t *testing.T) {
	rules, err := listedRaw(rulesTable)
	if err != nil {
		t.Fatal(err)
	}
	options, err := listedRaw(optionsTable)
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]struct {
		raw json.RawMessage
		row any
	}{"rules": {rules, Rule{}}, "options": {options, OptionInfo{}}} {
		table := struct{ Rows []map[string]any }{}
		if err := json.Unmarshal(list.raw, &table); err != nil {
			t.Fatal(err)
		}
		tags := map[string]bool{}
		for i := 0; i < reflect.TypeOf(list.row).NumField(); i++ {
			tags[reflect.TypeOf(list.row).Field(i).Tag.Get("migrate")] = true
		}
		if len(table.Rows[0]) != len(tags) {
			t.Errorf("%s: %v, and the fields are %v", name, table.Rows[0], tags)
		}
		for column := range table.Rows[0] {
			if !tags[column] {
				t.Errorf("%s has no field for %s", name, column)
			}
		}
	}
}

func TestTheWordsOfMarkAreTheLibrarys(t *testing.T) {
	m, err := Open(context.Background(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, as := range []Mark{MarkApplied, MarkForgotten, MarkAcceptChecksum, MarkRenamed} {
		if _, err := m.Mark(context.Background(), as, "001_a", "why"); asError(err) == nil || asError(err).Name == "misuse" {
			t.Errorf("%s: %v", as, err)
		}
	}
	if _, err := m.Mark(context.Background(), "invented", "001_a", "why"); asError(err) == nil || asError(err).Name != "misuse" {
		t.Errorf("%v", err)
	}
}

func TestPlaceOf(t *testing.T) {
	for _, example := range []struct {
		message, statement string
		place              int
	}{
		{`near "TABL": syntax error`, "CREATE TABL b", 8},
		{`near "TABL": syntax error`, "/* größe */ CREATE TABL b", 20},
		{`near "a": syntax error`, "SELECT a a a", 0},
		{`no such table: x`, "SELECT 1 FROM x", 0},
	} {
		if got := placeOf(example.message, example.statement); got != example.place {
			t.Errorf("%s in %s: %d", example.message, example.statement, got)
		}
	}
}
