// SPDX-License-Identifier: MIT

package libmigrate

import (
	"bytes"
	"runtime"
)

// A callback that calls the Migrator that called it would wait for itself for ever. It runs in the goroutine whose call works, so that
// goroutine is remembered. Go gives no number of it but in a stack trace.
func goroutine() string {
	var buffer [64]byte
	line := buffer[:runtime.Stack(buffer[:], false)]
	if end := bytes.IndexByte(line, '['); end > 0 {
		line = line[:end]
	}
	return string(line)
}

func (m *Migrator) own() {
	m.owning.Lock()
	defer m.owning.Unlock()
	m.owner = goroutine()
}

func (m *Migrator) disown() {
	m.owning.Lock()
	defer m.owning.Unlock()
	m.owner = ""
}

func (m *Migrator) ownedHere() bool {
	m.owning.Lock()
	defer m.owning.Unlock()
	return m.owner == goroutine()
}
