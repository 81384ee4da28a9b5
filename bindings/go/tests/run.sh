#!/bin/sh
# SPDX-License-Identifier: MIT
# The Go binding as its users get it: nothing of Go's is there yet, modules come from Go's proxy, the C file is compiled by cgo.
#     run.sh [FOLDER]      FOLDER: for modules and builds (default: a temporary one)
# MIGRATE_TEST_POSTGRESQL is the URL of a server for the tests on PostgreSQL. The last line is "N passed, N failed, N skipped".
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
made=
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    made=$folder
fi
trap '[ -z "$made" ] || rm -rf "$made"' EXIT

skip() {
    echo "SKIPPED: the Go binding: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends golang-go >/dev/null 2>&1 || true
command -v go >/dev/null || skip "there is no go (1.21 or later)"
export GOTOOLCHAIN=local GOPATH="$folder/go" GOCACHE="$folder/go/cache" GOFLAGS=-modcacherw GOWORK=off
# SQLite's C file within go-sqlite3 is compiled too: it need not be fast here.
export CGO_ENABLED=1 CGO_CFLAGS=-O0
version=$(go env GOVERSION)
minor=$(echo "$version" | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
[ "${minor:-0}" -ge 21 ] || skip "$version is older than Go 1.21"
mkdir -p "$folder/go"

failed=0
note() {
    echo "FAILED  $*"
    failed=$((failed + 1))
}

[ -z "$(gofmt -l "$here")" ] || note "gofmt: $(gofmt -l "$here" | tr '\n' ' ')"
# One build for all: with the race detector. Each line is an object; the names of the tests are in those that count.
: >"$folder/go.json"
for module in "$here" "$here/tests"; do
    cd "$module"
    go vet -race ./... || note "go vet of $module"
    go test -race -count=1 -json ./... >>"$folder/go.json" 2>"$folder/go.err" || true
    cat "$folder/go.err"
done
sed -n 's/.*"Action":"output".*"Output":"\(.*\)"}$/\1/p' "$folder/go.json" | grep -v '^\(=== \| *--- PASS\|PASS\|ok \|?  \)' | grep -v 'a case for\|a case about' |
    sed 's/\\n$//; s/\\t/\t/g; s/\\"/"/g; s/\\u003c/</g; s/\\u003e/>/g' | grep -v '^ *--- SKIP' || true
count() {
    grep -c "\"Action\":\"$1\".*\"Test\":" "$folder/go.json" || true
}
passed=$(count pass)
skipped=$(count skip)
bad=$(count fail)
# A package that fails as a whole (a build, a panic, a race outside of a test) has no test that says so.
[ "$bad" -gt 0 ] || bad=$(grep -c '"Action":"\(fail\|build-fail\)"' "$folder/go.json" || true)
[ "$passed" -gt 0 ] || bad=$((bad + 1))

if [ -n "${MIGRATE_TEST_POSTGRESQL:-}" ]; then
    cd "$here"
    go build -race -o "$folder/go/server" ./examples/server || note "examples/server"
    cd "$here/../.."
    for where in "" --sqlite; do
        # shellcheck disable=SC2086 # an option, or none
        tests/lifespans/run.py $where Go -- "$folder/go/server" >"$folder/go.log" 2>&1 || true
        cat "$folder/go.log"
        line=$(tail -n 1 "$folder/go.log")
        passed=$((passed + $(echo "$line" | sed -n 's/^\([0-9]*\) passed.*/\1/p' | grep . || echo 0)))
        bad=$((bad + $(echo "$line" | sed -n 's/.* \([0-9]*\) failed.*/\1/p' | grep . || echo 1)))
        skipped=$((skipped + $(echo "$line" | sed -n 's/.* \([0-9]*\) skipped.*/\1/p' | grep . || echo 0)))
    done
fi
failed=$((failed + bad))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
