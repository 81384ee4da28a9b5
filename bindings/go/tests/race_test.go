// SPDX-License-Identifier: MIT

//go:build race

package tests

// With the race detector what was compiled for it is used, and is not compiled once more.
func runCommand() []string { return []string{"go", "run", "-race", "."} }
