// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"io/fs"
	"log/slog"
	"runtime/cgo"
	"strconv"
	"strings"
	"time"
)

// Option is a setting of Open, Startup and the others. Every option of the library has a function here (WithDir, WithWaitTimeout ...),
// and so has what Go brings along.
type Option func(*settings)

type settings struct {
	pairs       [][2]string
	environment bool
	trees       []tree
	migrations  []Migration
	schema      string
	makeSchema  func(context.Context, *Connection) error
	schemaCode  func(context.Context, *Connection) error
	standsFor   string
	events      []func(Event) error
	logger      *slog.Logger
	backup      func(context.Context, *BackupJob) error
	token       *Token
}

type tree struct {
	files fs.FS
	dir   string
}

// None switches off what a duration bounds: WithRunDeadline(libmigrate.None).
const None time.Duration = 0

// WithOption sets an option by its name, as the command line and the environment have it: WithOption("wait_timeout", "30s"). "" brings the
// default back.
func WithOption(name, value string) Option {
	return func(s *settings) { s.pairs = append(s.pairs, [2]string{name, value}) }
}

func withDuration(name string, value time.Duration) Option {
	if value <= 0 {
		return WithOption(name, "none")
	}
	return WithOption(name, strconv.FormatInt(value.Microseconds(), 10)+"us")
}

func withNumber(name string, value int64) Option {
	return WithOption(name, strconv.FormatInt(value, 10))
}

func withSize(name string, value int64) Option {
	if value <= 0 {
		return WithOption(name, "none")
	}
	return WithOption(name, strconv.FormatInt(value, 10)+"B")
}

func withTruth(name string, value bool) Option {
	if value {
		return WithOption(name, "on")
	}
	return WithOption(name, "off")
}

// WithEnvironment reads MIGRATE_<OPTION> for every option, and DATABASE_URL. What other options say counts more.
func WithEnvironment() Option { return func(s *settings) { s.environment = true } }

// WithFS takes the migrations from a file system, such as an embed.FS; dir is the folder in it, "." the whole. They are read as a folder on
// disk is: names, repeatable/, schema.sql. It may be given several times, beside WithDir too; ids must differ.
func WithFS(files fs.FS, dir string) Option {
	return func(s *settings) { s.trees = append(s.trees, tree{files, dir}) }
}

// WithMigrations adds migrations in memory: SQL, or functions.
func WithMigrations(migrations ...Migration) Option {
	return func(s *settings) { s.migrations = append(s.migrations, migrations...) }
}

// WithSchema declares the schema that the program is written for, as SQL that makes it in an empty database: see Reconcile and Generate.
func WithSchema(sql string) Option { return func(s *settings) { s.schema = sql } }

// WithSchemaFunc declares it as a function that makes it in the empty database it gets.
func WithSchemaFunc(create func(context.Context, *Connection) error) Option {
	return func(s *settings) { s.makeSchema = create }
}

// WithFastRoad creates the schema of an empty database at once, as it stands behind the migration standsFor, instead of running the
// migrations up to it. (A file schema.sql does the same.)
func WithFastRoad(standsFor string, create func(context.Context, *Connection) error) Option {
	return func(s *settings) { s.standsFor, s.schemaCode = standsFor, create }
}

// WithEvents gets each event, in the goroutine of the call: progress, waiting, warnings. An error cancels the call, which fails with
// ErrCancelled and that error behind it.
func WithEvents(receive func(Event) error) Option {
	return func(s *settings) { s.events = append(s.events, receive) }
}

// WithLogger logs each event with its level; nothing is logged without.
func WithLogger(logger *slog.Logger) Option { return func(s *settings) { s.logger = logger } }

// WithBackupFunc makes, verifies and restores backups of PostgreSQL, which takes a program (pg_dump) that the library never starts. SQLite
// needs none.
func WithBackupFunc(work func(context.Context, *BackupJob) error) Option {
	return func(s *settings) { s.backup = work }
}

// WithToken lets a Token end the calls.
func WithToken(token *Token) Option { return func(s *settings) { s.token = token } }

// handle is what C knows a thing of Go by, as long as the Migrator is open.
func (m *Migrator) handle(thing any) C.uintptr_t {
	handle := cgo.NewHandle(thing)
	m.handles = append(m.handles, handle)
	return C.uintptr_t(handle)
}

// set hands the settings over to the library.
func (m *Migrator) set(url string) error {
	if err := simply(func(out **C.migrate_error) C.int32_t { return C.migrate_options_new(&m.options, out) }); err != nil {
		return err
	}
	if m.given.environment {
		if err := simply(func(out **C.migrate_error) C.int32_t { return C.migrate_options_from_environment(m.options, out) }); err != nil {
			return err
		}
	}
	if url != "" {
		m.given.pairs = append([][2]string{{"url", url}}, m.given.pairs...)
	}
	for _, pair := range m.given.pairs {
		if err := m.setPair(pair[0], pair[1]); err != nil {
			return err
		}
	}
	if err := m.setCallbacks(); err != nil {
		return err
	}
	return m.setSource()
}

func (m *Migrator) setPair(name, value string) error {
	if strings.ContainsRune(name+value, 0) {
		return &Error{Name: "option", Class: "usage", Message: "the option " + strconv.Quote(name) + " has a NUL in it"}
	}
	texts := texts{}
	defer texts.free()
	key, text := texts.of(name), texts.optional(value)
	return simply(func(out **C.migrate_error) C.int32_t { return C.migrate_options_set(m.options, key, text, out) })
}

func (m *Migrator) setCallbacks() error {
	if m.given.logger != nil || len(m.given.events) > 0 {
		C.bridge_set_event(m.options, m.handle(m))
	}
	if m.given.backup != nil {
		C.bridge_set_backup(m.options, m.handle(m))
	}
	if m.given.schema != "" && m.given.makeSchema != nil {
		return misuse("both WithSchema and WithSchemaFunc", "declare the schema once")
	}
	texts := texts{}
	defer texts.free()
	if m.given.schema != "" {
		sql := texts.of(m.given.schema)
		return simply(func(out **C.migrate_error) C.int32_t { return C.bridge_set_declared(m.options, sql, 0, out) })
	}
	if m.given.makeSchema != nil {
		user := m.handle(&code{m: m, up: m.given.makeSchema})
		return simply(func(out **C.migrate_error) C.int32_t { return C.bridge_set_declared(m.options, nil, user, out) })
	}
	return nil
}
