#!/bin/sh
# SPDX-License-Identifier: MIT
# Fault campaigns: what starts, dies, breaks or fills up at the worst moment, counted. The programs of a build are run on
# SQLite and on PostgreSQL; without MIGRATE_TEST_POSTGRESQL a server of its own is started.
#     tests/faults/run.sh [--brief] [--seed N] [--rounds N] [--build DIR] [NAME...]
# --brief is what continuous integration has time for; without it a campaign takes minutes. --rounds overrules both.
#     storm      32 programs start at once, on an empty database and on one that is a migration behind; some or all are killed
#     boundaries a program is killed at each boundary and inside the statements of a mixed set of migrations
#     concurrently  CREATE INDEX CONCURRENTLY with a second starter, writers, and kills
#     life       a set of migrations that takes longer than any program lives
#     memory     each allocation of the library, and of libpq, fails in turn
#     disk       full disks, and files that may not be written
#     pooler     16 programs start behind PgBouncer in transaction mode, pools of one and two, and are killed
#     train      the release train: builds N-1, N, N+1 and back; --rounds are seconds here
#     cuts       a proxy cuts the connection before, inside and behind each message of a conversation with PostgreSQL
#     server     PostgreSQL ends sessions, restarts, crashes, loses the lock, has no connection left: a server of its own
#     backups    SQLite: killed, and the disk full, while a backup is made, behind it, and while it is brought back
#     io         SQLite on a disk where each write, read, sync, open, truncate, lock ... fails in turn
#     phone      an old application's SQLite file is brought to the newest release while it is in use, with kills, cancels and full disks
# The last line is "N passed, N failed, N skipped": a campaign on an engine counts once. What cannot be run on this machine is
# shown as SKIPPED. The same seed makes the same choices; when a process gets the processor is not ours to repeat.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build
names=
while [ $# -gt 0 ]; do
    case $1 in
    --brief) export FAULTS_BRIEF=1 ;;
    --seed) export FAULTS_SEED="$2" && shift ;;
    --rounds) export FAULTS_ROUNDS="$2" && shift ;;
    --build) build=$2 && shift ;;
    -*)
        echo "usage: run.sh [--brief] [--seed N] [--rounds N] [--build DIR] [NAME...]" >&2
        exit 64
        ;;
    *) names="$names $1" ;;
    esac
    shift
done
# campaign:engines
all="storm:sqlite,postgresql boundaries:sqlite,postgresql concurrently:postgresql life:sqlite,postgresql io:sqlite phone:sqlite backups:sqlite memory:sqlite,postgresql disk:sqlite,postgresql pooler:postgresql train:postgresql cuts:postgresql server:postgresql"
folder=$(mktemp -d)
chmod 755 "$folder"
passed=0 failed=0 skipped=0

# A campaign that breaks its server has one of its own.
own_server() {
    case $1 in
    server) PGTEST_CONF='max_connections = 30' "$root/tests/tools/postgres.sh" start "$folder/own" | sed -n 's/^PGURL=//p' ;;
    *) echo "$MIGRATE_TEST_POSTGRESQL" ;;
    esac
}
stop_own() {
    "$root/tests/tools/postgres.sh" stop "$folder/own" >/dev/null 2>&1 || true
}
# What is not there any more is no failure: the exit code is the campaigns' own.
finish() {
    umount -l "$folder/mount" 2>/dev/null || true
    "$root/tests/tools/postgres.sh" stop "$folder/postgresql" >/dev/null 2>&1 || true
    stop_own
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${MIGRATE_TEST_POSTGRESQL:-}" ]; then
    MIGRATE_TEST_POSTGRESQL=$("$root/tests/tools/postgres.sh" start "$folder/postgresql" | sed -n 's/^PGURL=//p')
    export MIGRATE_TEST_POSTGRESQL
fi
export CK_TIMEOUT_MULTIPLIER=60 FAULTS_SAMPLE="$root/migrations-sample" FAULTS_PGBOUNCER="${FAULTS_PGBOUNCER:-$root/tests/tools/pgbouncer.sh}"
mkdir "$folder/mount"
export FAULTS_MOUNT="$folder/mount"
# No power is cut, so the files need no disk: syncs of others would only slow us down.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm

# campaign NAME ENGINE
campaign() {
    echo "$1 $2"
    status=0
    begun=$(date +%s)
    MIGRATE_TEST_POSTGRESQL=$(own_server "$1") FAULTS_RESTART="$root/tests/tools/postgres.sh restart $folder/own" \
        "$build/tests/faults/faults_$1" "$2" >"$folder/log" 2>&1 || status=$?
    stop_own
    grep -E '^(    |SKIPPED )' "$folder/log" || true
    skipped=$((skipped + $(grep -c '^SKIPPED ' "$folder/log" || true)))
    if [ "$status" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $1 $2, $(($(date +%s) - begun)) s"
    else
        failed=$((failed + 1))
        grep -vE '^(    |SKIPPED )' "$folder/log" || true
        echo "FAILED  $1 $2 (exit $status, seed ${FAULTS_SEED:-0})"
    fi
}

for entry in $all; do
    name=${entry%%:*}
    case " ${names:-$name} " in
    *" $name "*) ;;
    *) continue ;;
    esac
    for engine in $(echo "${entry#*:}" | tr , ' '); do
        campaign "$name" "$engine"
    done
done
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
