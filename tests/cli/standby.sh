#!/bin/sh
# SPDX-License-Identifier: MIT
# A hot standby, and a URL with two hosts: check, plan, status and wait only read, up refuses, and two hosts find the primary.
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
both="postgresql://postgres@$(echo "$standby" | sed 's,.*@\(.*\)/.*,\1,'),$(echo "$primary" | sed 's,.*@\(.*\)/.*,\1,')/postgres?target_session_attrs=read-write"

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
expect 7 'read-only' "$ctl" -u "$standby" -d "$sample" up
expect 5 'still pending' "$ctl" -u "$standby" -d "$sample" check --mode wait --wait-timeout 300ms
"$ctl" -u "$standby" -d "$sample" check --mode wait --wait-timeout 30s >"$top/waited" 2>&1 &
waiter=$!
expect 0 'applied; the database is at' "$ctl" -u "$both" -d "$sample" up
if wait $waiter; then passed=$((passed + 1)); else failed=$((failed + 1)); cat "$top/waited"; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
