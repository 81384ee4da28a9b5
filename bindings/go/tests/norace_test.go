// SPDX-License-Identifier: MIT

//go:build !race

package tests

func runCommand() []string { return []string{"go", "run", "."} }
