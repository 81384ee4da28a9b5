// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"errors"
	"strconv"
	"strings"
)

// Error is what every call of this package fails with: errors.As finds it, and errors.Is compares it with ErrSQL, ErrLocked ... (what went
// wrong) and ErrRetryLater, ErrFixSource ... (what to do). If a context ended the call, or a callback's error did, errors.Is and errors.As
// find that too. No password ever stands in one.
type Error struct {
	Name       string // what went wrong, as a word: sql, locked, modified ...
	Class      string // what to do: retry, source, rights, usage, state, environment, cancelled, internal, unknown
	Message    string // one line
	Detail     string
	Hint       string // what to do next
	ID         string // of the migration
	File       string
	Line       int // in the file, from 1; 0: none
	Column     int // in characters, from 1; 0: none
	Statement  string
	SQLState   string // PostgreSQL's five characters
	DriverCode int    // SQLite's extended result code

	text   string
	causes []error
}

// Error is the place, the message, the detail and the hint in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Place())
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	for _, more := range []string{e.Detail, e.Hint} {
		if more != "" {
			b.WriteString("; ")
			b.WriteString(strings.ReplaceAll(strings.TrimSpace(more), "\n", " "))
		}
	}
	return b.String()
}

// Text is the whole error for a person, several lines: the place, the message, the source line with a caret, detail and hint.
func (e *Error) Text() string {
	if e.text != "" {
		return e.text
	}
	return e.Error()
}

// Place is file:line:column, as far as it is known, or "".
func (e *Error) Place() string {
	place := e.File
	for _, number := range []int{e.Line, e.Column} {
		if place == "" || number == 0 {
			break
		}
		place += ":" + strconv.Itoa(number)
	}
	return place
}

// Is compares with what this package declares: errors.Is(err, libmigrate.ErrLocked), errors.Is(err, libmigrate.ErrRetryLater).
func (e *Error) Is(target error) bool {
	switch target := target.(type) {
	case kind:
		return e.Name == string(target)
	case class:
		return e.Class == string(target)
	}
	return false
}

// Unwrap gives what ended the call, where that was an error of Go: the context's, a callback's.
func (e *Error) Unwrap() []error { return e.causes }

// kind is what went wrong, class what to do about it; both to be compared with.
type kind string

func (k kind) Error() string { return "libmigrate: " + strings.ReplaceAll(string(k), "_", " ") }

type class string

func (c class) Error() string { return "libmigrate: class " + string(c) }

// What to do about an error.
var (
	ErrRetryLater     error = class("retry")       // nothing is wrong with the program: try again later
	ErrFixSource      error = class("source")      // the migrations have to be mended
	ErrFixRights      error = class("rights")      // the role lacks a right; the hint has the GRANT
	ErrFixUsage       error = class("usage")       // an argument, an option or the order of calls is wrong
	ErrDecide         error = class("state")       // the database and the build differ, and a person has to decide
	ErrFixEnvironment error = class("environment") // the set-up has to be mended
)

// Answers of a start-up that are no flaw, but keep the program from starting.
var (
	ErrPending error = kind("pending") // mode check: migrations are pending
	ErrStopped error = kind("stopped") // the run ended early, at a safe point; a new one goes on
)

// failure takes what the library says of a call that failed.
func failure(code C.int32_t, from *C.migrate_error, causes ...error) *Error {
	result := &Error{Name: C.GoString(C.migrate_code_name(code)), Class: "internal", Message: "the library gave no reason"}
	for _, cause := range causes {
		if cause != nil {
			result.causes = append(result.causes, cause)
		}
	}
	if from == nil {
		return result
	}
	defer C.migrate_error_free(from)
	result.Name = C.GoString(C.migrate_error_name(from))
	result.Class = C.GoString(C.migrate_error_class(from))
	result.Message = C.GoString(C.migrate_error_message(from))
	result.Detail = C.GoString(C.migrate_error_detail(from))
	result.Hint = C.GoString(C.migrate_error_hint(from))
	result.ID = C.GoString(C.migrate_error_id(from))
	result.File = C.GoString(C.migrate_error_file(from))
	result.Line = int(C.migrate_error_line(from))
	result.Column = int(C.migrate_error_column(from))
	result.Statement = C.GoString(C.migrate_error_statement(from))
	result.SQLState = C.GoString(C.migrate_error_sqlstate(from))
	result.DriverCode = int(C.migrate_error_driver_code(from))
	var text *C.char
	if C.migrate_error_text(from, &text) == C.MIGRATE_OK {
		result.text = strings.TrimSpace(taken(text))
	}
	return result
}

func misuse(message, hint string) *Error {
	return &Error{Name: "misuse", Class: "usage", Message: message, Hint: hint}
}

func cancelled(message string, cause error) *Error {
	return &Error{Name: "cancelled", Class: "cancelled", Message: message, causes: []error{cause}}
}

// simply is a call that neither waits nor calls back.
func simply(function func(out *(*C.migrate_error)) C.int32_t) error {
	var from *C.migrate_error
	if code := function(&from); code < 0 {
		return failure(code, from)
	}
	return nil
}

// asError is err as an Error, if it is one.
func asError(err error) *Error {
	var found *Error
	if errors.As(err, &found) {
		return found
	}
	return nil
}
