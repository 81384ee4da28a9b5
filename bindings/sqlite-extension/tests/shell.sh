#!/bin/sh
# SPDX-License-Identifier: MIT
# The extension in the sqlite3 shell:
#     shell.sh EXTENSION MIGRATIONS
set -eu

extension=$(cd "$(dirname "$1")" && pwd)/$(basename "$1" .so)
migrations=$2
if ! command -v sqlite3 >/dev/null; then
    echo "SKIPPED: there is no sqlite3"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# expect WORDS SQL: the shell's last lines have these words.
expect() {
    out=$(sqlite3 app.db "SELECT load_extension('$extension');" "$2" 2>&1) || true
    case $out in
    *"$1"*) ;;
    *)
        printf 'FAILED: %s\nexpected: %s\ngot: %s\n' "$2" "$1" "$out"
        exit 1
        ;;
    esac
}

mkdir -p migrations
printf 'CREATE TABLE a (id integer);\n-- ROLLBACK:\n-- DROP TABLE a;\n' >migrations/001_a.sql
expect '1|001_a|up' "SELECT number, id, direction FROM migrate_plan('migrations')"
expect '"to":"001_a"' "SELECT migrate_apply('migrations')"
expect '001_a|applied' "SELECT id, state FROM migrate_status('migrations')"
expect 'applied|001_a' "SELECT event, id FROM migrate_history('migrations')"
expect 'true' "SELECT migrate_rollback('migrations') ->> 'changed' = 1, 'true'"
expect '002_bad.sql:1:' "$(printf 'CREATE TABEL b (id integer);\n' >migrations/002_bad.sql)SELECT migrate_apply('migrations')"
expect 'inside a transaction' "BEGIN; SELECT migrate_apply('migrations')"
expect '"changed":true' "SELECT migrate_startup('$migrations', 'on_missing=allow', 'module=sample', 'on_unmanaged=apply')"
expect '1.0.0' "SELECT migrate_version()"
cp "$extension.so" "$folder/renamed.so"
out=$(sqlite3 app.db ".load ./renamed" "SELECT migrate_version()")
[ "$out" = 1.0.0 ] || exit 1

# Only SQLite's entry points are seen: a libmigrate.so of the host's is never mixed up with what is inside of this one.
names=$(nm -D --defined-only "$extension.so" | sed 's/.* //' | grep -v '^_' | tr '\n' ' ')
[ "$names" = "sqlite3_extension_init sqlite3_migratesqlite_init " ] || {
    echo "exported: $names"
    exit 1
}
echo "ok"
