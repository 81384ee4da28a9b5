// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"testing"
)

func TestNothingIsStale(t *testing.T) {
	if err := os.Chdir("../.."); err != nil {
		t.Fatal(err)
	}
	if err := run(true); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	for word, name := range map[string]string{"wait_timeout": "WaitTimeout", "shadow_url": "ShadowURL", "ddl_lock_timeout": "DDLLockTimeout", "IO": "IO"} {
		if got := camel(word); got != name {
			t.Errorf("%s: %s", word, got)
		}
	}
}
