// SPDX-License-Identifier: MIT

package libmigrate

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What the drivers of database/sql say of an error is in their own types, which this package does not import: pgx and lib/pq have the method
// SQLState and the fields Message and Position; go-sqlite3 has a field ExtendedCode, modernc.org/sqlite the method Code.

func driverErrorOf(err error, engine string) DriverError {
	var known *DriverError
	if errors.As(err, &known) {
		return *known
	}
	said := DriverError{Message: strings.ReplaceAll(err.Error(), "\x00", " "), Err: err}
	if engine == "sqlite" {
		said.Code = sqliteCode(err)
		return said
	}
	var server interface {
		error
		SQLState() string
	}
	if !errors.As(err, &server) {
		if isBroken(err) {
			said.SQLState = "08006"
		}
		return said
	}
	said.SQLState = server.SQLState()
	fields := reflect.Indirect(reflect.ValueOf(server))
	if fields.Kind() != reflect.Struct {
		return said
	}
	if message := fields.FieldByName("Message"); message.Kind() == reflect.String && message.String() != "" {
		said.Message = strings.ReplaceAll(message.String(), "\x00", " ")
	}
	switch position := fields.FieldByName("Position"); {
	case position.Kind() == reflect.String:
		said.Position, _ = strconv.Atoi(position.String())
	case position.IsValid() && position.CanInt():
		said.Position = int(position.Int())
	}
	return said
}

func isBroken(err error) bool {
	for _, end := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	var network net.Error
	return errors.As(err, &network) || strings.Contains(err.Error(), "conn closed")
}

const sqliteError = 1 // SQLITE_ERROR: no more is known

func sqliteCode(err error) int {
	for ; err != nil; err = errors.Unwrap(err) {
		value := reflect.ValueOf(err)
		for _, name := range []string{"ExtendedCode", "Code"} {
			if fields := reflect.Indirect(value); fields.Kind() == reflect.Struct {
				if code, ok := wholeNumber(fields.FieldByName(name)); ok {
					return code
				}
			}
			method := value.MethodByName(name)
			if method.IsValid() && method.Type().NumIn() == 0 && method.Type().NumOut() == 1 {
				if code, ok := wholeNumber(method.Call(nil)[0]); ok {
					return code
				}
			}
		}
	}
	return sqliteError
}

func wholeNumber(value reflect.Value) (int, bool) {
	switch {
	case !value.IsValid():
		return 0, false
	case value.CanInt():
		return int(value.Int()), true
	case value.CanUint():
		return int(value.Uint()), true
	}
	return 0, false
}

var nearWord = regexp.MustCompile(`^near "(.+?)": syntax error`)

// placeOf is where SQLite's message points to: drivers do not hand the place over, but a word that stands in the statement once can be found.
func placeOf(message, statement string) int {
	found := nearWord.FindStringSubmatch(message)
	if found == nil || strings.Count(statement, found[1]) != 1 {
		return 0
	}
	before, _, _ := strings.Cut(statement, found[1])
	return utf8.RuneCountInString(before) + 1
}
