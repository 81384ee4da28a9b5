// SPDX-License-Identifier: MIT

package libmigrate

// #include "bridge.h"
import "C"

import (
	"context"
	"time"
)

// BackupJob is what the function of WithBackupFunc is asked for. Its context ends when the call is cancelled.
type BackupJob struct {
	Verb   string   // backup (write File, which does not exist, with mode 0600, and flush it), verify (is File whole?), restore (bring it back)
	File   string   // in a folder that exists
	Tables []string // quoted and with their schemas; empty: the whole database
	URL    string   // with its password, if it has one: never put it into a program's arguments. "": the program's own connection
	Server string   // the server's version, "16.4": pg_dump must not be older. "": not known
}

// backUp runs the function in a goroutine of its own, and asks meanwhile on this one whether to go on, as the library wants it.
func (m *Migrator) backUp(pointer *C.migrate_backup_job) error {
	job := &BackupJob{
		Verb:   C.GoString(C.migrate_backup_job_verb(pointer)),
		File:   C.GoString(C.migrate_backup_job_file(pointer)),
		URL:    C.GoString(C.migrate_backup_job_url(pointer)),
		Server: C.GoString(C.migrate_backup_job_server(pointer)),
	}
	for n := C.size_t(0); ; n++ {
		table := C.migrate_backup_job_table(pointer, n)
		if table == nil {
			break
		}
		job.Tables = append(job.Tables, C.GoString(table))
	}
	ctx, cancel := context.WithCancel(m.ctx)
	defer cancel()
	type outcome struct {
		err    error
		thrown any
	}
	done := make(chan outcome, 1)
	go func() {
		var result outcome
		defer func() {
			result.thrown = recover()
			done <- result
		}()
		result.err = m.given.backup(ctx, job)
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case result := <-done:
			if result.thrown != nil {
				panic(result.thrown)
			}
			return result.err
		case <-tick.C:
			if C.migrate_backup_job_cancelled(pointer) != 0 {
				cancel()
			}
		}
	}
}
