// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

type host struct{}

func (h *host) close() error { return nil }
func (h *host) interrupt()   {}

func (m *Migrator) statement(sql string, answer *C.migrate_result, rows bool) C.int32_t { return 1 }
func (m *Migrator) inTransaction() C.int32_t                                            { return -1 }
