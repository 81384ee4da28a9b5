#!/bin/sh
# SPDX-License-Identifier: MIT
# A hot standby, and a URL with two hosts: check, plan, status and wait only read, up refuses or waits, and two hosts find the primary.
# Then the primary dies and the standby is promoted, in the middle of three kinds of waiting.
#   standby.sh MIGRATECTL POSTGRES_SH SAMPLE     (exit 77 where there is no PostgreSQL server to start)
set -eu
ctl=$1 postgres=$2 sample=$3
top=$(mktemp -d)
chmod 755 "$top"
trap '"$postgres" stop "$top/standby"; "$postgres" stop "$top/primary"; rm -rf "$top"' EXIT
failed=0 passed=0

"$postgres" start "$top/primary" >"$top/urls" 2>"$top/log" || { cat "$top/log"; exit 77; }
primary=$(sed -n 's/^PGURL=//p' "$top/urls")
"$postgres" standby "$top/standby" "$top/primary" >"$top/urls"
standby=$(sed -n 's/^PGURL=//p' "$top/urls")
host_of() { echo "$1" | sed 's,.*@\(.*\)/.*,\1,'; }
both="postgresql://postgres@$(host_of "$standby"),$(host_of "$primary")/postgres"
failover="postgresql://postgres@$(host_of "$primary"),$(host_of "$standby")/postgres"

# expect CODE TEXT COMMAND...: the exit code, and a text somewhere in the output
expect() {
    code=$1 text=$2
    shift 2
    got=0
    "$@" >"$top/out" 2>&1 || got=$?
    if [ "$got" -eq "$code" ] && grep -q -e "$text" "$top/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED (exit $got, not $code, or without \"$text\"): $*"
        sed 's/^/    /' "$top/out"
    fi
}

expect 0 '3 applied' "$ctl" -u "$primary" -d "$sample" up 3
# What the primary wrote takes a moment to arrive.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    "$ctl" -u "$standby" -d "$sample" status 2>/dev/null | grep -q '3 applied' && break
    sleep 0.3
done
expect 2 'pending' "$ctl" -u "$standby" -d "$sample" check
expect 0 'steps: from 003' "$ctl" -u "$standby" -d "$sample" plan
expect 0 '3 applied' "$ctl" -u "$standby" -d "$sample" status
expect 7 'is a standby: it is in recovery' "$ctl" -u "$standby" -d "$sample" up
expect 7 'on_standby=wait' "$ctl" -u "$standby" -d "$sample" up
expect 7 'still so after 700ms' "$ctl" -u "$standby" -d "$sample" up --on-standby wait --wait-timeout 700ms
expect 0 '3 applied' "$ctl" -u "$standby" -d "$sample" status
expect 5 'still pending' "$ctl" -u "$standby" -d "$sample" check --mode wait --wait-timeout 300ms
"$ctl" -u "$standby" -d "$sample" check --mode wait --wait-timeout 30s >"$top/waited" 2>&1 &
waiter=$!
expect 0 'applied; the database is at' "$ctl" -u "$both" -d "$sample" up
if wait $waiter; then passed=$((passed + 1)); else failed=$((failed + 1)); cat "$top/waited"; fi

# ---- failover ----
# background NAME COMMAND...
background() {
    name=$1
    shift
    "$@" >"$top/$name" 2>&1 &
}
# wait_for NAME TEXT: half a minute for the text in its output
wait_for() {
    for _ in $(seq 300); do
        grep -q "$2" "$top/$1" && return
        sleep 0.1
    done
    echo "no \"$2\" in $1"
}
# ended NAME PROCESS
ended() {
    if wait "$2"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
        sed 's/^/    /' "$top/$1"
    fi
}

mkdir "$top/more"
cp "$sample"/*.sql "$top/more"
cp -r "$sample/repeatable" "$top/more"
echo 'CREATE TABLE after_the_failover (x integer);' >"$top/more/zzz_after_the_failover.sql"
key="('x' || substr(encode(sha256('libmigrate\\000public\\000libmigrate_history\\000'::bytea), 'hex'), 1, 16))::bit(64)::bigint"
psql -X -q "$primary" -c "SELECT pg_advisory_lock($key), pg_sleep(600)" >"$top/holder" 2>&1 &
sleep 1
background lock "$ctl" -v -u "$failover" -d "$top/more" up --wait-timeout 60s     # waits for the lock on the primary
lock=$!
background promotion "$ctl" -v -u "$standby" -d "$top/more" up --on-standby wait --wait-timeout 60s
promotion=$!
background leader "$ctl" -v -u "$failover" -d "$top/more" check --mode wait --wait-timeout 60s
leader=$!
wait_for lock 'waiting for pid'
"$postgres" stop "$top/primary"
sleep 1
"$postgres" promote "$top/standby"
ended lock $lock
ended promotion $promotion
ended leader $leader
expect 0 '' "$ctl" -u "$standby" -d "$top/more" check
expect 0 '^1$' psql -X -q -At "$standby" -c "SELECT count(*) FROM libmigrate_history WHERE id = 'zzz_after_the_failover' AND event = 'applied'"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
