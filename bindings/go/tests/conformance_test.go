// SPDX-License-Identifier: MIT

package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"libmigrate"
)

// The conformance suite (tests/conformance of the repository): the same cases in every language. Its README says what a runner does.

const cases = "../../../tests/conformance/cases"

func decodeJSON(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// step is one step of a case.
type step struct {
	do    string
	words map[string]any
}

func (s step) text(name string) string {
	text, _ := s.words[name].(string)
	return text
}

func (s step) truth(name string) bool { return s.words[name] == true }

var inputs = map[string]bool{
	"do": true, "expect": true, "options": true, "url": true, "cancel_at": true, "stop_at": true, "target": true, "planned": true, "depth": true,
	"of": true, "at": true, "as": true, "id": true, "reason": true, "table": true, "column": true, "to": true, "mode": true, "on": true, "file": true,
	"files": true, "sql": true,
}

// world is one case: its database, its folders, the plan that is kept.
type world struct {
	*testing.T
	way      *way
	database *database
	dir      string
	spec     map[string]any
	kept     *libmigrate.Migrator
	plan     *libmigrate.Plan
	token    *libmigrate.Token
	now      step
	events   []any
}

func TestConformance(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(cases, "*.json"))
	if len(files) == 0 {
		t.Skipf("there are no cases in %s: this is no checkout of the repository", cases)
	}
	for _, way := range ways {
		way := way
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { runCase(t, way, file) })
			}
		})
	}
}

func runCase(t *testing.T, way *way, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	spec := map[string]any{}
	if err := decodeJSON(text, &spec); err != nil {
		t.Fatal(err)
	}
	spec["name"] = strings.TrimSuffix(filepath.Base(file), ".json")
	if engine, ok := spec["engine"]; ok && engine != "any" && engine != way.engine {
		t.Skipf("a case for %v", engine)
	}
	if why := way.leavesOut(spec); why != "" {
		t.Skip(why)
	}
	own := t.TempDir()
	w := &world{T: t, way: way, database: newDatabase(t, way.engine), dir: filepath.Join(own, "migrations")}
	words := strings.NewReplacer("${dir}", w.dir, "${folder}", own, "${url}", w.database.url, "${database}", w.database.name)
	w.spec = replaced(chosen(spec, way.engine), words).(map[string]any)
	if err := os.Mkdir(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer w.end()
	w.write(w.spec["files"])
	if script, ok := w.spec["database"].(string); ok {
		w.database.script(t, script)
	}
	for number, words := range w.spec["steps"].([]any) {
		words := words.(map[string]any)
		for name := range words {
			if !inputs[name] {
				t.Fatalf("step %d: the runner does not know %s", number+1, name)
			}
		}
		if why := w.step(step{words["do"].(string), words}); why != "" {
			t.Fatalf("step %d, %v: %s", number+1, words["do"], why)
		}
	}
}

func (w *world) write(files any) {
	named, _ := files.(map[string]any)
	for name, text := range named {
		path := filepath.Join(w.dir, name)
		if text == nil {
			if err := os.Remove(path); err != nil {
				w.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			w.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text.(string)), 0o644); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) end() {
	if w.kept != nil {
		w.kept.Close()
	}
	w.kept, w.plan = nil, nil
}

// step does one step, and says how its answer differs from what is expected.
func (w *world) step(now step) string {
	expected, given := now.words["expect"]
	switch now.do {
	case "files":
		w.write(now.words["files"])
		return ""
	case "sql":
		w.database.script(w, now.text("sql"))
		return ""
	case "query":
		rows := []any{}
		for _, row := range w.database.query(w, now.text("sql")) {
			rows = append(rows, row)
		}
		return differs(rows, expected, "rows")
	case "tables":
		return differs(w.database.tables(w), expected, "tables")
	}
	if !given {
		expected = map[string]any{}
	}
	object := expected.(map[string]any)
	if _, ok := object["code"]; !ok {
		object["code"] = "ok"
	}
	answer := w.call(now)
	if why := differs(answer, expected, "answer"); why != "" {
		text, _ := json.Marshal(answer)
		return fmt.Sprintf("%s\n%s", why, text)
	}
	return ""
}

// call gives the answer as the suite's words have it.
func (w *world) call(now step) map[string]any {
	w.now, w.events = now, []any{}
	planned := now.do == "apply" && now.truth("planned")
	if !planned {
		w.end()
	}
	w.token = &libmigrate.Token{}
	answer, err := w.ask(now, planned)
	if err != nil {
		words := wordsOfError(w, err)
		if answer["code"] == "ok" { // a report beside the error: pending, stopped
			answer["code"] = words["code"]
		} else {
			answer = words
		}
	}
	answer["events"] = w.events
	return replaced(answer, strings.NewReplacer(w.dir+"/", "")).(map[string]any)
}

func (w *world) receive(event libmigrate.Event) error {
	w.events = append(w.events, event.Name)
	if event.Name == "step" && event.ID != "" {
		if event.ID == w.now.text("cancel_at") {
			w.token.Cancel()
		}
		if event.ID == w.now.text("stop_at") {
			w.token.Stop()
		}
	}
	return nil
}

func (w *world) options(now step) []libmigrate.Option {
	pairs := map[string]any{"dir": w.dir, "wait_timeout": "10s"}
	for _, more := range []any{w.spec["options"], now.words["options"]} {
		named, _ := more.(map[string]any)
		for name, value := range named {
			pairs[name] = value
		}
	}
	result := []libmigrate.Option{libmigrate.WithEvents(w.receive), libmigrate.WithToken(w.token)}
	for name, value := range pairs {
		if text, ok := value.(string); ok {
			result = append(result, libmigrate.WithOption(name, text))
		}
	}
	return result
}

func wordsOfError(w *world, err error) map[string]any {
	var failed *libmigrate.Error
	if !errors.As(err, &failed) {
		w.Fatalf("no error of the binding: %v", err)
	}
	fields := map[string]any{}
	for name, value := range map[string]string{
		"name": failed.Name, "class": failed.Class, "message": failed.Message, "detail": failed.Detail, "hint": failed.Hint, "id": failed.ID,
		"file": failed.File, "statement": failed.Statement, "sqlstate": failed.SQLState,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	for name, value := range map[string]int{"line": failed.Line, "column": failed.Column, "driver_code": failed.DriverCode} {
		if value != 0 {
			fields[name] = json.Number(fmt.Sprint(value))
		}
	}
	if failed.File != "" {
		fields["place"] = fmt.Sprintf("%s:%d:%d", failed.File, failed.Line, failed.Column)
	}
	return map[string]any{"code": failed.Name, "error": fields}
}
