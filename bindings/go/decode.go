// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// table is a whole table of results as the library writes it. A result that embeds it is written as JSON in the library's own words, which
// the command line and the other languages have too.
type table struct {
	raw *json.RawMessage // behind a pointer, so that %+v shows the fields and not the text
}

// MarshalJSON gives the library's own words: the values by name, and the rows under "rows".
func (t table) MarshalJSON() ([]byte, error) {
	if t.raw == nil {
		return []byte("null"), nil
	}
	return *t.raw, nil
}

func (t *table) keep(raw json.RawMessage) { t.raw = &raw }

// rowsOf takes the rows that a call gave.
func rowsOf(rows *C.migrate_rows) (json.RawMessage, error) {
	defer C.migrate_rows_free(rows)
	var text *C.char
	if err := simply(func(out **C.migrate_error) C.int32_t { return C.migrate_rows_json(rows, &text, out) }); err != nil {
		return nil, err
	}
	return json.RawMessage(taken(text)), nil
}

// decode fills a result by its tags: `migrate:"duration_us"`; the rows have the tag "rows". Null is Go's zero value; columns that this
// version does not know are left out.
func decode[T any](raw json.RawMessage) (*T, error) {
	result := new(T)
	values := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil {
		return nil, err
	}
	if keeper, ok := any(result).(interface{ keep(json.RawMessage) }); ok {
		keeper.keep(raw)
	}
	return result, fill(reflect.ValueOf(result).Elem(), values)
}

func fill(into reflect.Value, values map[string]any) error {
	for i := 0; i < into.NumField(); i++ {
		name := into.Type().Field(i).Tag.Get("migrate")
		value, there := values[name]
		if name == "" || !there || value == nil {
			continue
		}
		if err := set(into.Field(i), value); err != nil {
			return fmt.Errorf("libmigrate: %s.%s: %w", into.Type(), name, err)
		}
	}
	return nil
}

func set(field reflect.Value, value any) error {
	switch value := value.(type) {
	case string:
		if field.Kind() == reflect.String {
			field.SetString(value)
			return nil
		}
	case bool:
		if field.Kind() == reflect.Bool {
			field.SetBool(value)
			return nil
		}
	case json.Number:
		return setNumber(field, value)
	case []any:
		if field.Kind() == reflect.Slice {
			rows := reflect.MakeSlice(field.Type(), len(value), len(value))
			for i, row := range value {
				if err := fill(rows.Index(i), row.(map[string]any)); err != nil {
					return err
				}
			}
			field.Set(rows)
			return nil
		}
	}
	return fmt.Errorf("%T does not fit %s", value, field.Type())
}

func setNumber(field reflect.Value, value json.Number) error {
	number, err := value.Int64()
	if err != nil {
		return err
	}
	switch field.Interface().(type) {
	case time.Duration:
		field.SetInt(number * int64(time.Microsecond))
	case time.Time:
		field.Set(reflect.ValueOf(time.UnixMicro(number).UTC()))
	case int, int64:
		field.SetInt(number)
	default:
		return fmt.Errorf("a number does not fit %s", field.Type())
	}
	return nil
}
