// SPDX-License-Identifier: MIT

package tests

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// What the conformance suite's README says of a case's values: which of them counts on an engine, and how an answer matches what is expected.

// gone is a value that is not there on this engine.
type gone struct{}

// chosen is the value under the engine in use, everywhere in it.
func chosen(value any, engine string) any {
	switch value := value.(type) {
	case []any:
		result := []any{}
		for _, item := range value {
			if made := chosen(item, engine); made != (any)(gone{}) {
				result = append(result, made)
			}
		}
		return result
	case map[string]any:
		if forEngines(value) {
			if item, ok := value[engine]; ok {
				return chosen(item, engine)
			}
			return gone{}
		}
		result := map[string]any{}
		for name, item := range value {
			if made := chosen(item, engine); !reflect.DeepEqual(made, gone{}) {
				result[name] = made
			}
		}
		return result
	}
	return value
}

func forEngines(object map[string]any) bool {
	for name := range object {
		if name != "sqlite" && name != "postgresql" {
			return false
		}
	}
	return len(object) > 0
}

// replaced has words in texts replaced, in names too.
func replaced(value any, words *strings.Replacer) any {
	switch value := value.(type) {
	case string:
		return words.Replace(value)
	case []any:
		result := make([]any, len(value))
		for i, item := range value {
			result[i] = replaced(item, words)
		}
		return result
	case map[string]any:
		result := map[string]any{}
		for name, item := range value {
			result[words.Replace(name)] = replaced(item, words)
		}
		return result
	}
	return value
}

// differs says where a value does not match what is expected; "": it does.
func differs(value, expected any, at string) string {
	switch expected := expected.(type) {
	case map[string]any:
		if len(expected) == 1 {
			for question, wanted := range expected {
				if strings.HasPrefix(question, "$") {
					return asked(value, question, wanted, at)
				}
			}
		}
		object, ok := value.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: %v is no object", at, value)
		}
		for name, item := range expected {
			there, ok := object[name]
			if !ok && !mayLack(item) {
				return fmt.Sprintf("%s.%s: not there", at, name)
			}
			if why := differs(there, item, at+"."+name); ok && why != "" {
				return why
			}
		}
		return ""
	case []any:
		list, ok := value.([]any)
		if !ok || len(list) != len(expected) {
			return fmt.Sprintf("%s: %v is not %v", at, value, expected)
		}
		for i := range list {
			if why := differs(list[i], expected[i], fmt.Sprintf("%s[%d]", at, i)); why != "" {
				return why
			}
		}
		return ""
	}
	if value != expected {
		return fmt.Sprintf("%s: %#v is not %#v", at, value, expected)
	}
	return ""
}

func mayLack(expected any) bool {
	if expected == nil {
		return true
	}
	object, ok := expected.(map[string]any)
	if !ok || len(object) != 1 {
		return false
	}
	_, lacks := object["$lacks"]
	return lacks || object["$present"] == false
}

func asked(value any, question string, wanted any, at string) string {
	words, ok := wanted.([]any)
	if !ok {
		words = []any{wanted}
	}
	list, isList := value.([]any)
	has := func(word any) bool {
		for _, item := range list {
			if differs(item, word, "") == "" {
				return true
			}
		}
		return false
	}
	fine := true
	switch question {
	case "$contains", "$lacks":
		text, isText := value.(string)
		fine = isText || (question == "$lacks" && value == nil)
		for _, word := range words {
			fine = fine && strings.Contains(text, word.(string)) == (question == "$contains")
		}
	case "$present":
		fine = (value != nil) == wanted.(bool)
	case "$includes", "$excludes":
		fine = isList
		for _, word := range words {
			fine = fine && has(word) == (question == "$includes")
		}
	case "$count":
		number, _ := wanted.(json.Number).Int64()
		fine = isList && int64(len(list)) == number
	case "$least":
		number, isNumber := value.(json.Number)
		mine, _ := number.Int64()
		least, _ := wanted.(json.Number).Int64()
		fine = isNumber && mine >= least
	default:
		return at + ": the runner does not know " + question
	}
	if !fine {
		return fmt.Sprintf("%s: %v does not fit %s %v", at, value, question, wanted)
	}
	return ""
}

func TestTheRunnerCanFail(t *testing.T) {
	for _, pair := range []string{
		`[1, true]`, `[[1], [1, 2]]`, `[{"a": 1}, {"b": 1}]`, `["ab", {"$contains": "x"}]`, `["ab", {"$contains": ["a", "x"]}]`, `["ab", {"$lacks": "a"}]`,
		`[[1], {"$excludes": [1]}]`, `[[1], {"$includes": [2]}]`, `[null, {"$present": true}]`, `[1, {"$present": false}]`, `[[1], {"$count": 2}]`,
		`[1, {"$least": 2}]`, `[1, {"$unknown": 1}]`, `["1", 1]`, `[null, ""]`, `[1, null]`,
	} {
		var values []any
		if err := decodeJSON([]byte(pair), &values); err != nil {
			t.Fatal(err)
		}
		if differs(values[0], values[1], "") == "" {
			t.Errorf("%s: these do not match", pair)
		}
	}
}
