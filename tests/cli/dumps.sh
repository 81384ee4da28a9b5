#!/bin/sh
# SPDX-License-Identifier: MIT
# A server's own view of a start: a role with SELECT on the history starts and says nothing else to the server (its log is read); and
# databases restored from older dumps, taken before, between and in the middle of work that is no transaction, start as they should,
# whatever the search_path.
#   dumps.sh MIGRATECTL POSTGRES_SH     (exit 77 where there is no PostgreSQL server to start)
set -eu
ctl=$1 postgres=$2
top=$(mktemp -d)
chmod 755 "$top"
trap '"$postgres" stop "$top/server"; rm -rf "$top"' EXIT
failed=0 passed=0

PGTEST_CONF="log_statement = all
log_line_prefix = '[%u] '" "$postgres" start "$top/server" >"$top/urls" 2>"$top/log" || { cat "$top/log"; exit 77; }
url=$(sed -n 's/^PGURL=//p' "$top/urls")
server=${url%/*}

# expect CODE TEXT COMMAND...: the exit code, and a text somewhere in the output
expect() {
    code=$1 text=$2
    shift 2
    got=0
    "$@" >"$top/out" 2>&1 || got=$?
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
sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 "$server/$1" -c "$2"
}

# ---- rights ----
mkdir "$top/m"
echo 'CREATE TABLE a (x integer);' >"$top/m/001_a.sql"
echo 'CREATE TABLE b (x integer);' >"$top/m/002_b.sql"
expect 0 '2 applied' "$ctl" -u "$url" -d "$top/m" up
sql postgres 'CREATE ROLE reader LOGIN; GRANT SELECT ON libmigrate_history TO reader'
reader=$(echo "$url" | sed 's,postgres@,reader@,')
expect 0 '' "$ctl" -u "$reader" -d "$top/m" up
grep '^\[reader\]' "$top/server/log" >"$top/out" || true
check "$([ "$(wc -l <"$top/out")" -eq 1 ] && grep -q 'SELECT .*libmigrate_history' "$top/out" && echo ok)" "more than one SELECT"
echo 'CREATE TABLE c (x integer);' >"$top/m/003_c.sql"
expect 2 '1 migration' "$ctl" -u "$reader" -d "$top/m" check
before=$(wc -l <"$top/server/log")
expect 7 'GRANT SELECT, INSERT ON "public"."libmigrate_history" TO reader' "$ctl" -u "$reader" -d "$top/m" up
expect 7 'mode=wait' "$ctl" -u "$reader" -d "$top/m" up
sed "1,${before}d" "$top/server/log" | grep '^\[reader\]' | grep -e CREATE -e INSERT -e ALTER | grep -v 'LOG:  statement: SELECT' >"$top/out" || true
check "$([ ! -s "$top/out" ] && echo ok)" "something was tried without the rights"

# ---- dumps ----
cat >"$top/m/004_index.sql" <<'END'
CREATE INDEX CONCURRENTLY a_x ON a (x);
CREATE INDEX CONCURRENTLY b_x ON b (x);
END
# restored DATABASE DUMP
restored() {
    sql postgres "CREATE DATABASE $1"
    psql -X -q -v ON_ERROR_STOP=1 "$server/$1" <"$2" >"$top/out" 2>&1
}
complete() {
    expect 0 '' "$ctl" -u "$server/$1" -d "$top/m" up
    expect 0 '' "$ctl" -u "$server/$1" -d "$top/m" check
    sql "$1" "SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY 1) FROM pg_index WHERE indexrelid::regclass::text ~ '_x' AND indisvalid" >"$top/out"
    check "$([ "$(cat "$top/out")" = 'a_x b_x' ] && echo ok)" "the indexes of $1"
}
pg_dump "$url" >"$top/before.sql"
# In the middle: the first index is there, the second waits for a transaction that is older.
psql -X -q "$url" -c 'BEGIN; INSERT INTO b VALUES (1); SELECT pg_sleep(60)' >/dev/null 2>&1 &
holder=$!
"$ctl" -u "$url" -d "$top/m" up >"$top/up" 2>&1 &
up=$!
for _ in $(seq 300); do
    [ "$(sql postgres "SELECT count(*) FROM pg_index WHERE indexrelid::regclass::text = 'b_x'")" = 1 ] && break
    sleep 0.1
done
pg_dump "$url" >"$top/middle.sql"
sql postgres "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'BEGIN; INSERT INTO b%'" >/dev/null
wait $holder || true
wait $up || { cat "$top/up"; failed=$((failed + 1)); }
pg_dump "$url" >"$top/behind.sql"
grep -q "started" "$top/middle.sql" || check no "the dump in the middle has no started row"
for dump in before middle behind; do
    restored "$dump" "$top/$dump.sql"
    complete "$dump"
done

# ---- search_path ----
sql postgres "CREATE SCHEMA other; ALTER ROLE postgres SET search_path = other, pg_temp"
sql postgres "SELECT seq, event FROM public.libmigrate_history ORDER BY seq" >"$top/rows"
expect 0 '' "$ctl" -u "$url" -d "$top/m" up
expect 0 '' "$ctl" -u "$url?options=-c%20search_path%3Dnowhere" -d "$top/m" up
sql postgres "SELECT seq, event FROM public.libmigrate_history ORDER BY seq" >"$top/out"
check "$(cmp -s "$top/rows" "$top/out" && echo ok)" "something was applied"
sql postgres "SELECT count(*) FROM pg_class WHERE relnamespace = 'other'::regnamespace" >"$top/out"
check "$([ "$(cat "$top/out")" = 0 ] && echo ok)" "something was made in the other schema"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
