// SPDX-License-Identifier: MIT

package tests

import (
	"encoding/json"
	"reflect"
	"time"
)

// sameFields compares a result's typed fields with the library's own words: each word has a field, and they say the same. So the results of
// every case of the conformance suite hold the binding's types against what the library really gives.
func sameFields(w *world, result any, words map[string]any) {
	w.Helper()
	value := reflect.Indirect(reflect.ValueOf(result))
	fields := map[string]reflect.Value{}
	for i := 0; i < value.NumField(); i++ {
		if tag := value.Type().Field(i).Tag.Get("migrate"); tag != "" {
			fields[tag] = value.Field(i)
		}
	}
	for word, said := range words {
		field, ok := fields[word]
		switch {
		case !ok && (derived[word] || word == "findings"):
		case !ok && word == "rows":
			if rows, _ := said.([]any); len(rows) > 0 {
				w.Errorf("%s has no field for its rows", value.Type())
			}
		case !ok:
			w.Errorf("%s has no field for %q, which is %v", value.Type(), word, said)
		case field.Kind() == reflect.Slice:
			for i, row := range said.([]any) {
				sameFields(w, field.Index(i).Addr().Interface(), row.(map[string]any))
			}
		case !sameValue(field, said):
			w.Errorf("%s: %q is %v, and the field says %v", value.Type(), word, said, field)
		}
	}
}

// derived are counts that the binding has as the lists themselves.
var derived = map[string]bool{"applied": true, "rolled_back": true}

func sameValue(field reflect.Value, said any) bool {
	switch mine := field.Interface().(type) {
	case time.Time:
		if said == nil {
			return mine.IsZero()
		}
		number, _ := said.(json.Number).Int64()
		return mine.UnixMicro() == number
	case time.Duration:
		if said == nil {
			return mine == 0
		}
		number, _ := said.(json.Number).Int64()
		return mine.Microseconds() == number
	}
	switch said := said.(type) {
	case nil:
		return field.IsZero()
	case json.Number:
		number, err := said.Int64()
		return err == nil && field.CanInt() && field.Int() == number
	}
	return field.Interface() == said
}
