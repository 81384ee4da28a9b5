// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"runtime/cgo"
	"sync"
)

// Migrator is an open database with its migrations. Its methods may be called from several goroutines: one works, the others wait for it
// (or for the end of their context). A callback must not call the Migrator that called it.
type Migrator struct {
	gate    chan struct{} // full while a call works
	owner   string        // the goroutine whose call works
	owning  sync.Mutex    // guards owner
	options *C.migrate_options
	session *C.migrate_session
	open    func(out **C.migrate_session, err **C.migrate_error) C.int32_t
	closed  bool
	handles []cgo.Handle // what C knows Go's things by
	source  *C.migrate_source
	given   *settings
	host    *host // the program's own connection; nil: one of the library's own

	planning sync.Mutex // guards plans
	plans    map[*heldPlan]struct{}

	// The call that works.
	ctx      context.Context
	raised   error // by a callback
	panicked any

	ending sync.Mutex // guards what follows: contexts and tokens end a call from other goroutines
	token  *C.migrate_token
	spent  bool // the token was told something: a later call needs another one
}

// Open opens by URL: postgresql://... and whatever else libpq takes, sqlite:path, sqlite::memory:. It waits up to WithWaitTimeout (5 minutes)
// for a database that is still coming up. url "": that of the environment, see WithEnvironment.
//
// SQLite: a second copy of it in one process on one file breaks its locks. Where the program has the file open through a driver with SQLite
// inside (as mattn/go-sqlite3), use OpenConn or OpenDB; or close the Migrator before the file is opened.
func Open(ctx context.Context, url string, options ...Option) (*Migrator, error) {
	m, err := newMigrator(url, options)
	if err != nil {
		return nil, err
	}
	m.open = func(out **C.migrate_session, err **C.migrate_error) C.int32_t {
		return C.migrate_open(nil, m.options, out, err)
	}
	return m.opened(ctx)
}

// OpenFiles opens the migrations alone, without any database, for Check, CheckAgainst and Graph. engine: sqlite or postgresql; "": that of
// WithShadowURL, else the only one that file names speak of, else postgresql.
func OpenFiles(ctx context.Context, engine string, options ...Option) (*Migrator, error) {
	m, err := newMigrator("", options)
	if err != nil {
		return nil, err
	}
	m.open = func(out **C.migrate_session, err **C.migrate_error) C.int32_t {
		texts := texts{}
		defer texts.free()
		return C.migrate_open_files(texts.optional(engine), m.options, out, err)
	}
	return m.opened(ctx)
}

// newMigrator has its settings, and is not open yet.
func newMigrator(url string, options []Option) (*Migrator, error) {
	m := &Migrator{gate: make(chan struct{}, 1), given: &settings{}}
	for _, option := range options {
		option(m.given)
	}
	err := m.set(url)
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Migrator) opened(ctx context.Context) (*Migrator, error) {
	_, err := m.call(ctx, nil)
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Close closes the connection, unless it is the program's own. It waits for a call that works.
func (m *Migrator) Close() error {
	m.gate <- struct{}{}
	defer func() { <-m.gate }()
	if m.closed {
		return nil
	}
	m.closed = true
	if m.given.token != nil {
		m.given.token.remove(m)
	}
	m.freePlans()
	m.endSession()
	err := m.host.close()
	C.migrate_options_free(m.options)
	m.options = nil
	C.migrate_source_free(m.source)
	m.source = nil
	m.ending.Lock()
	C.migrate_token_free(m.token)
	m.token = nil
	m.ending.Unlock()
	for _, handle := range m.handles {
		handle.Delete()
	}
	m.handles = nil
	return err
}

// Stop ends the call that works at its next safe point: nothing new is begun, a migration under way is finished. From any goroutine.
func (m *Migrator) Stop() { m.end(tokenStop) }

func (m *Migrator) end(state tokenState) {
	m.ending.Lock()
	defer m.ending.Unlock()
	if m.token == nil {
		return
	}
	m.spent = true
	if state == tokenStop {
		C.migrate_token_stop(m.token)
		return
	}
	C.migrate_token_cancel(m.token)
	m.host.interrupt()
}

// isCancelled is what the token says.
func (m *Migrator) isCancelled() bool {
	m.ending.Lock()
	defer m.ending.Unlock()
	return m.token != nil && C.migrate_token_state(m.token) == 2
}

// renew puts a fresh token in the place of one that was told something.
func (m *Migrator) renew() error {
	m.ending.Lock()
	C.migrate_token_free(m.token)
	m.token, m.spent = nil, false
	err := simply(func(out **C.migrate_error) C.int32_t { return C.migrate_token_new(&m.token, out) })
	if err == nil {
		err = simply(func(out **C.migrate_error) C.int32_t { return C.migrate_options_set_token(m.options, m.token, out) })
	}
	m.ending.Unlock()
	if err == nil && m.given.token != nil {
		m.given.token.add(m)
	}
	return err
}

// enter waits until no other call works.
func (m *Migrator) enter(ctx context.Context) error {
	select {
	case m.gate <- struct{}{}:
	default:
		if m.ownedHere() {
			return misuse("a callback called the Migrator that called it", "let it do so when the call has returned")
		}
		select {
		case m.gate <- struct{}{}:
		case <-ctx.Done():
			return cancelled("cancelled while another call on this Migrator works", context.Cause(ctx))
		}
	}
	if m.closed {
		<-m.gate
		return misuse("the Migrator was closed", "open another one")
	}
	m.own()
	return nil
}

func (m *Migrator) leave() {
	m.disown()
	<-m.gate
}

// endSession closes it; the program's own connection may be closed by now, which is no flaw.
func (m *Migrator) endSession() {
	session := m.session
	m.session = nil
	if m.host.hold(func() { C.migrate_close(session) }) != nil {
		C.migrate_close(session)
	}
}

// ready opens a session, if there is none, or if the former one's token is spent.
func (m *Migrator) ready(ctx context.Context) error {
	m.ending.Lock()
	spent := m.spent
	m.ending.Unlock()
	if m.session != nil && !spent {
		return nil
	}
	m.endSession()
	if err := m.renew(); err != nil {
		return err
	}
	var session *C.migrate_session
	_, err := m.invoke(ctx, func(out **C.migrate_error) C.int32_t { return m.open(&session, out) })
	m.session = session
	return err
}

// call runs a function of the library on the session; nil: opens the session and no more.
func (m *Migrator) call(ctx context.Context, function func(out **C.migrate_error) C.int32_t) (C.int32_t, error) {
	if err := m.enter(ctx); err != nil {
		return 0, err
	}
	defer m.leave()
	if err := m.ready(ctx); err != nil || function == nil {
		return 0, err
	}
	return m.invoke(ctx, function)
}

// invoke is one call of the library under a context, with what its callbacks said.
func (m *Migrator) invoke(ctx context.Context, function func(out **C.migrate_error) C.int32_t) (C.int32_t, error) {
	if ctx.Err() != nil {
		return 0, cancelled("cancelled before it began", context.Cause(ctx))
	}
	m.ctx, m.raised, m.panicked = ctx, nil, nil
	told := make(chan struct{})
	quiet := context.AfterFunc(ctx, func() {
		m.end(tokenCancel)
		close(told)
	})
	var from *C.migrate_error
	var code C.int32_t
	unheld := m.host.hold(func() { code = function(&from) })
	if !quiet() {
		<-told // it must not meet the next call
	}
	m.ctx = nil
	if m.panicked != nil {
		C.migrate_error_free(from)
		panic(m.panicked)
	}
	if unheld != nil {
		return 0, connectionFailure(unheld)
	}
	if code < 0 {
		var ended error
		if code == C.MIGRATE_ERROR_CANCELLED && ctx.Err() != nil {
			ended = context.Cause(ctx)
		}
		return code, failure(code, from, m.raised, ended)
	}
	return code, nil
}
