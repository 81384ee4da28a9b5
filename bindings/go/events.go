// SPDX-License-Identifier: MIT

package libmigrate

// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"context"
	"log/slog"
	"time"
)

// Event is progress, a log line, a checkpoint. What an event does not say is left empty. Later versions have names that this one does not
// know: leave those alone.
type Event struct {
	Name    string // connecting, connected, waiting, locked, plan, step, progress, done, applied, rolled_back, failed, warning, finished ...
	Level   slog.Level
	Message string // one line

	ID          string // of a migration
	Migration   string // its name
	File        string
	Direction   string
	Statement   string
	Tables      string
	Sessions    string
	Application string
	Host        string
	Since       time.Time // when the other runner connected
	Err         error     // of what failed: errors.Is(event.Err, ErrSQL)
	Number      int64
	Count       int64
	PID         int64
	Bytes       int64
	Total       int64
	Duration    time.Duration
	Waited      time.Duration
}

// eventNames are the library's names of values, which C wants as its own texts; made once, as constants are.
var eventNames = map[string]*C.char{}

func init() {
	for _, name := range []string{
		"id", "name", "file", "direction", "statement", "code", "tables", "sessions", "application", "host", "since",
		"number", "count", "pid", "bytes", "total", "duration_us", "waited_us",
	} {
		eventNames[name] = C.CString(name)
	}
}

func eventOf(from *C.migrate_event) Event {
	text := func(name string) string { return C.GoString(C.migrate_event_text(from, eventNames[name])) }
	number := func(name string) int64 { return int64(C.migrate_event_int(from, eventNames[name])) }
	event := Event{
		Name:        C.GoString(C.migrate_event_name(from)),
		Level:       levelOf(C.GoString(C.migrate_event_level(from))),
		Message:     C.GoString(C.migrate_event_message(from)),
		ID:          text("id"),
		Migration:   text("name"),
		File:        text("file"),
		Direction:   text("direction"),
		Statement:   text("statement"),
		Tables:      text("tables"),
		Sessions:    text("sessions"),
		Application: text("application"),
		Host:        text("host"),
		Number:      number("number"),
		Count:       number("count"),
		PID:         number("pid"),
		Bytes:       number("bytes"),
		Total:       number("total"),
		Duration:    time.Duration(number("duration_us")) * time.Microsecond,
		Waited:      time.Duration(number("waited_us")) * time.Microsecond,
	}
	if since := number("since"); since != 0 {
		event.Since = time.UnixMicro(since).UTC()
	}
	if code := number("code"); code != 0 {
		event.Err = kind(C.GoString(C.migrate_code_name(C.int32_t(code))))
	}
	return event
}

func levelOf(word string) slog.Level {
	switch word {
	case "debug":
		return slog.LevelDebug
	case "warning":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// log writes the event with the values that it has.
func (e Event) log(ctx context.Context, logger *slog.Logger) {
	if !logger.Enabled(ctx, e.Level) {
		return
	}
	attributes := []slog.Attr{slog.String("event", e.Name)}
	text := func(key, value string) {
		if value != "" {
			attributes = append(attributes, slog.String(key, value))
		}
	}
	text("migration", e.ID)
	text("file", e.File)
	text("direction", e.Direction)
	text("statement", e.Statement)
	text("tables", e.Tables)
	text("sessions", e.Sessions)
	text("application", e.Application)
	text("host", e.Host)
	if !e.Since.IsZero() {
		attributes = append(attributes, slog.Time("since", e.Since))
	}
	if e.Err != nil {
		attributes = append(attributes, slog.String("error", string(e.Err.(kind))))
	}
	for _, number := range []struct {
		key   string
		value int64
	}{{"number", e.Number}, {"count", e.Count}, {"pid", e.PID}, {"bytes", e.Bytes}, {"total", e.Total}} {
		if number.value != 0 {
			attributes = append(attributes, slog.Int64(number.key, number.value))
		}
	}
	for _, duration := range []struct {
		key   string
		value time.Duration
	}{{"duration", e.Duration}, {"waited", e.Waited}} {
		if duration.value != 0 {
			attributes = append(attributes, slog.Duration(duration.key, duration.value))
		}
	}
	logger.LogAttrs(ctx, e.Level, e.Message, attributes...)
}
