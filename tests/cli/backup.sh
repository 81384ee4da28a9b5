#!/bin/sh
# SPDX-License-Identifier: MIT
# Backups of PostgreSQL by the programs that come with it: a restore leads exactly back, whatever came since; a password shows up nowhere, the
# arguments of the programs among it; programs that are absent, too old or fail are told of, with nothing changed; and they end with us.
#   backup.sh MIGRATECTL POSTGRES_SH     (exit 77 where there is no PostgreSQL server to start)
set -eu
ctl=$(realpath "$1") postgres=$(realpath "$2")
top=$(mktemp -d)
chmod 755 "$top"
trap '"$postgres" stop "$top/server"; rm -rf "$top"' EXIT
failed=0 passed=0
"$postgres" start "$top/server" >"$top/urls" 2>"$top/log" || { cat "$top/log"; exit 77; }
url=$(sed -n 's/^PGURL=//p' "$top/urls")
server=${url%/*}
unset MIGRATE_URL DATABASE_URL MIGRATE_DIR
mkdir "$top/work" "$top/work/migrations" "$top/bin"
cd "$top/work"

# expect CODE TEXT COMMAND...: the exit code, and a text somewhere in the output
expect() {
    code=$1 text=$2
    shift 2
    got=0
    "$@" >"$top/out" 2>&1 || got=$?
    cat "$top/out" >>"$top/all"
    check "$([ "$got" -eq "$code" ] && grep -q -e "$text" "$top/out" && echo ok)" "exit $got, not $code, or without \"$text\": $*"
}
check() {
    if [ "$1" = ok ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED ($2)"
        sed 's/^/    /' "$top/out"
    fi
}
# sql DATABASE TEXT
sql() { psql -X -q -At -v ON_ERROR_STOP=1 "$server/$1" -c "$2"; }
is() { check "$([ "$(sql app "$1")" = "$2" ] && echo ok)" "$1: not $2"; }

canary=pw$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')
sql postgres "CREATE ROLE owner_of_app LOGIN PASSWORD '$canary'"
sql postgres "CREATE DATABASE app OWNER owner_of_app"
sql app "CREATE EXTENSION IF NOT EXISTS pg_trgm" 2>/dev/null || true
DATABASE_URL=$(echo "$server" | sed "s|//[^@]*@|//owner_of_app:$canary@|")/app
export DATABASE_URL

# What runs as pg_dump, pg_restore and psql writes its arguments down first.
for program in pg_dump pg_restore psql; do
    printf '#!/bin/sh\ntr "\\0" "\\n" </proc/$$/cmdline >>"%s"\nexec "%s" "$@"\n' "$top/arguments" "$(command -v $program)" >"$top/bin/$program"
    chmod 755 "$top/bin/$program"
done
export MIGRATECTL_PG_BIN="$top/bin"

cat >migrations/001_a.sql <<'SQL'
CREATE SCHEMA shop;
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood, t text);
CREATE TABLE shop.orders (id int PRIMARY KEY, item int REFERENCES items);
CREATE VIEW shop.v AS SELECT * FROM items;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
INSERT INTO items (m, t) VALUES ('a', E'tab\tand\nline'), ('b', '\.');
SQL
cat >migrations/002_b.sql <<'SQL'
CREATE SCHEMA later;
CREATE TABLE later.more (id int REFERENCES items);
CREATE TYPE later.kind AS ENUM ('x');
CREATE FUNCTION later.g() RETURNS later.kind LANGUAGE sql AS $$SELECT 'x'::later.kind$$;
ALTER TABLE items ADD COLUMN extra later.kind;
DELETE FROM items WHERE m = 'b';
SQL
expect 0 'applied' "$ctl" up --to 001
before=$("$ctl" snapshot --format sql)
expect 0 'is kept in backups/app\.' "$ctl" up
check "$([ "$(stat -c %a backups/app.*.bak)" = 600 ] && echo ok)" "not mode 0600"
expect 0 ' 002_b ' "$ctl" backup --list
expect 7 "confirm 'app'" "$ctl" restore --latest
expect 7 "confirm 'app'" "$ctl" restore --latest --confirm another
expect 64 'a file, or --latest' "$ctl" restore
expect 0 'restored' "$ctl" restore --latest --confirm app
check "$([ "$("$ctl" snapshot --format sql)" = "$before" ] && echo ok)" "the schema is another one behind the restore"
is 'SELECT count(*), count(DISTINCT t) FROM items' '2|2'
is "SELECT string_agg(event, ' ' ORDER BY seq) FROM libmigrate_history" 'applied restored'
is "SELECT count(*) FROM pg_namespace WHERE nspname = 'later'" 0
expect 0 '002_b' "$ctl" up
is 'SELECT count(*) FROM items' 1
later=$(ls backups/*before-restore.bak)
expect 0 'restored' "$ctl" restore "$later" --confirm app
is "SELECT string_agg(event, ' ' ORDER BY seq) FROM libmigrate_history" 'applied applied restored'

# A mark outlives a restore to a state from before it, and the latest one is no copy that a restore kept.
expect 0 'protected' "$ctl" protect --reason production
expect 0 'restored' "$ctl" restore --latest --confirm app
is "SELECT string_agg(event, ' ' ORDER BY seq) FROM libmigrate_history" 'applied restored restored protected'
is 'SELECT count(*) FROM items' 2
expect 7 'is protected' "$ctl" up
expect 0 'not protected' "$ctl" protect --off --reason done --confirm app
expect 0 'restored' "$ctl" restore "$later" --confirm app
is "SELECT string_agg(event, ' ' ORDER BY seq) FROM libmigrate_history" 'applied applied restored'

# A file that is cut off, and a restore that fails half-way: nothing is changed.
head -c 3000 "$later" >cut.bak
expect 1 'pg_restore failed' "$ctl" restore cut.bak --confirm app
sql app 'CREATE SCHEMA another; CREATE TABLE another.of_another (id int); GRANT USAGE ON SCHEMA another TO owner_of_app;
    GRANT SELECT ON another.of_another TO owner_of_app'
expect 1 'must be owner' "$ctl" restore --latest --confirm app
is 'SELECT count(*) FROM items' 1
is "SELECT count(*) FROM pg_class WHERE relname = 'of_another'" 1
sql app 'DROP SCHEMA another CASCADE' 2>/dev/null

# Programs that are absent, too old, or fail.
echo "DELETE FROM items;" >migrations/003_c.sql
mkdir "$top/none" "$top/old" "$top/broken"
printf '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.24"\n' >"$top/old/pg_dump"
printf '#!/bin/sh\n[ "$1" = --version ] && { echo "pg_dump (PostgreSQL) 99.1"; exit; }\necho "pg_dump: error: the disk is on fire" >&2\nexit 1\n' >"$top/broken/pg_dump"
chmod 755 "$top/old/pg_dump" "$top/broken/pg_dump"
MIGRATECTL_PG_BIN=$top/none expect 1 'postgresql-client-[0-9]' "$ctl" up
MIGRATECTL_PG_BIN=$top/old expect 1 'pg_dump is of version 9, and the server of version' "$ctl" up
MIGRATECTL_PG_BIN=$top/broken expect 1 'the disk is on fire' "$ctl" up
is 'SELECT count(*) FROM items' 1
MIGRATECTL_PG_BIN=$top/none expect 0 'applied' "$ctl" up --backup off
is 'SELECT count(*) FROM items' 0
check "$([ -z "$(ls backups | grep part)" ] && echo ok)" "parts are left"

# They end with us: by SIGTERM twice, and when we are killed.
printf '#!/bin/sh\n[ "$1" = --version ] && { echo "pg_dump (PostgreSQL) 99.1"; exit; }\necho $$ >"%s"\nexec sleep 60\n' "$top/pid" >"$top/broken/pg_dump"
for signal in TERM KILL; do
    rm -f "$top/pid"
    MIGRATECTL_PG_BIN=$top/broken "$ctl" backup >"$top/out" 2>&1 &
    us=$!
    while [ ! -s "$top/pid" ]; do sleep 0.05; done
    kill -$signal $us
    begun=$(date +%s%N)
    code=0
    wait $us || code=$?
    took=$((($(date +%s%N) - begun) / 1000000))
    sleep 0.3
    check "$(grep -q '^State:.[RSDT]' "/proc/$(cat "$top/pid")/status" 2>/dev/null || echo ok)" "pg_dump lives behind SIG$signal"
    check "$([ $took -lt 1000 ] && [ $code -ne 0 ] && echo ok)" "SIG$signal: exit $code after $took ms"
done
expect 0 'backups/app' "$ctl" backup
check "$([ -z "$(ls backups | grep part)" ] && echo ok)" "parts are left"

# The password.
"$ctl" history >>"$top/all" 2>&1
"$ctl" up --json -v >>"$top/all" 2>&1
sql app 'SELECT * FROM libmigrate_history' >>"$top/all"
for conninfo in "host=127.0.0.1 port=$(echo "$server" | sed 's/.*://') dbname=app user=owner_of_app password='$canary'" \
    "$(echo "$server" | sed 's|//[^@]*@|//|')/app?user=owner_of_app&password=$canary"; do
    DATABASE_URL=$conninfo expect 0 'backups/app' "$ctl" backup
done
check "$(grep -q -e --format=custom "$top/arguments" && ! grep -q "$canary" "$top/arguments" "$top/all" && echo ok)" "the password shows"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
