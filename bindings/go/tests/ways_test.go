// SPDX-License-Identifier: MIT

package tests

import "libmigrate"

// A way is how the conformance suite reaches a database: by URL, or on a connection of the program's own.
type way struct {
	name, engine string
	open         func(w *world, url string, options []libmigrate.Option) (*libmigrate.Migrator, error)
	startup      func(w *world, url string, options []libmigrate.Option) (map[string]any, error)
	leavesOut    func(spec map[string]any) string
}

var ways = []*way{byURL("sqlite"), byURL("postgresql")}

func byURL(engine string) *way {
	return &way{
		name:   engine,
		engine: engine,
		open: func(w *world, url string, options []libmigrate.Option) (*libmigrate.Migrator, error) {
			return libmigrate.Open(background, url, options...)
		},
		startup: func(w *world, url string, options []libmigrate.Option) (map[string]any, error) {
			return w.report(libmigrate.Startup(background, url, options...))
		},
		leavesOut: func(map[string]any) string { return "" },
	}
}
