// SPDX-License-Identifier: MIT

package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's examples, as a reader copies them: a new module, the command that the README gives, go run.

const frame = `package main

import (
	"context"
	"database/sql"
	"embed"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"libmigrate"
	_ "github.com/mattn/go-sqlite3"
)

//go:embed migrations
var migrations embed.FS
var ctx = context.Background()
var url = os.Getenv("DATABASE_URL")
var dir = libmigrate.WithDir("migrations")

var _ = []any{slog.Default, http.NotFound, signal.Notify, syscall.SIGTERM, time.Second}

`

func goFragments(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		found = append(found, block[1])
	}
	return found
}

// program calls each fragment as a function of its own.
func program(fragments []string) string {
	var b strings.Builder
	b.WriteString(frame)
	unused := regexp.MustCompile(`(?m)^(\w+), err := `)
	for number, fragment := range fragments {
		fmt.Fprintf(&b, "func fragment%d(db *sql.DB) error {\n%s", number, fragment)
		lines := strings.Split(strings.TrimSpace(fragment), "\n")
		if found := unused.FindStringSubmatch(lines[len(lines)-1]); found != nil && found[1] != "_" {
			fmt.Fprintf(&b, "_ = %s\n", found[1])
		}
		if strings.Contains(fragment, "err := ") && !strings.Contains(fragment, "if _, err := libmigrate.Startup(ctx, url, dir, libmigrate.WithLogger") {
			b.WriteString("return err\n}\n\n")
		} else {
			b.WriteString("return nil\n}\n\n")
		}
	}
	b.WriteString("func main() {\n\tdb, err := sql.Open(\"sqlite3\", \"own.db\")\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n")
	for number := range fragments {
		fmt.Fprintf(&b, "\tif err := fragment%d(db); err != nil {\n\t\tlog.Fatal(%d, \": \", err)\n\t}\n", number, number)
	}
	b.WriteString("}\n")
	return b.String()
}

func TestTheReadme(t *testing.T) {
	fragments := goFragments(t)
	if len(fragments) != 5 || !strings.HasPrefix(fragments[0], "package main") {
		t.Fatalf("the README has %d examples", len(fragments))
	}
	package_, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	readme, _ := os.ReadFile("../README.md")
	command := regexp.MustCompile(`(?m)^go mod edit .*$`).FindString(string(readme))
	for name, text := range map[string]string{"first": fragments[0], "others": program(fragments[1:])} {
		dir := folder(t, map[string]string{
			"main.go":                  text,
			"migrations/001_users.sql": "CREATE TABLE users (id integer PRIMARY KEY, name text);\n-- ROLLBACK: DROP TABLE users;\n",
			"migrations/002_more.sql":  "CREATE TABLE more (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE more;\n",
		})
		sums, err := os.ReadFile("go.sum")
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		edit := strings.Fields(strings.ReplaceAll(command, "/path/to/libmigrate/bindings/go", package_))
		for _, arguments := range [][]string{{"go", "mod", "init", "app"}, edit, {"go", "mod", "edit", "-require=github.com/mattn/go-sqlite3@v1.14.22"}, runCommand()} {
			command := exec.Command(arguments[0], arguments[1:]...)
			command.Dir = dir
			command.Env = append(os.Environ(), "DATABASE_URL=sqlite:url.db", "GOFLAGS=-mod=mod", "GOWORK=off")
			if said, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %v\n%s", name, arguments, err, said)
			}
		}
	}
}
