// SPDX-License-Identifier: MIT

package libmigrate

import "sync"

// Token ends calls from elsewhere, where their context is not at hand: give one to any number of Migrators (WithToken). The zero value is
// ready.
type Token struct {
	mutex     sync.Mutex
	state     tokenState
	listeners map[*Migrator]struct{}
}

type tokenState int

const (
	tokenQuiet tokenState = iota
	tokenStop
	tokenCancel
)

// Stop lets nothing new begin: a migration that is under way is finished. The call gives a report that says it stopped.
func (t *Token) Stop() { t.tell(tokenStop) }

// Cancel ends the statement that runs, too; its migration is rolled back. The call fails with ErrCancelled.
func (t *Token) Cancel() { t.tell(tokenCancel) }

func (t *Token) tell(state tokenState) {
	t.mutex.Lock()
	if state > t.state {
		t.state = state
	}
	state = t.state
	listeners := make([]*Migrator, 0, len(t.listeners))
	for listener := range t.listeners {
		listeners = append(listeners, listener)
	}
	t.mutex.Unlock()
	for _, listener := range listeners {
		listener.end(state)
	}
}

func (t *Token) add(listener *Migrator) {
	t.mutex.Lock()
	if t.listeners == nil {
		t.listeners = map[*Migrator]struct{}{}
	}
	t.listeners[listener] = struct{}{}
	state := t.state
	t.mutex.Unlock()
	if state != tokenQuiet {
		listener.end(state)
	}
}

func (t *Token) remove(listener *Migrator) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.listeners, listener)
}
