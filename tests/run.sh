#!/bin/sh
# SPDX-License-Identifier: MIT
# Everything that is tested, on a fresh Debian 12: installs what is missing, builds, starts a PostgreSQL server of
# its own in a temporary folder, and runs all tests in the normal build, under the sanitizers and under valgrind.
#     tests/run.sh [--quick]       --quick: the normal build alone
# The last line is "N passed, N failed, N skipped". Success means that nothing failed and that the tests on
# PostgreSQL did run. Runs as root, or as a user with sudo; with everything installed it needs neither.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

quick=
case $# in
0) ;;
*)
    [ "$*" = --quick ] || {
        echo "usage: tests/run.sh [--quick]" >&2
        exit 64
    }
    quick=yes
    ;;
esac

folder=$(mktemp -d)
chmod 755 "$folder" # the server runs as another user
mkdir "$folder/scripts"
other=
passed=0
failed=0
skipped=0

finish() {
    status=$?
    trap - EXIT
    [ -z "$other" ] || kill -- "-$other" 2>/dev/null || true
    for server in postgresql postgresql-scripts; do
        tests/tools/postgres.sh stop "$folder/$server" >/dev/null 2>&1 || true
    done
    rm -rf "$folder"
    [ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ] || exit 1
    exit 0
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() {
    printf '\n== %s\n' "$*"
}

install_missing() {
    missing=
    for package in gcc g++ libc6-dev meson ninja-build pkg-config libpq-dev libsqlite3-dev libmd-dev check \
        postgresql pgbouncer sqlite3 jq valgrind clang libclang-rt-dev doctest-dev nlohmann-json3-dev cmake python3 python3-venv; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "Installing:$missing"
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    # shellcheck disable=SC2086 # both are lists of words
    {
        $as_root apt-get -qq update
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
    }
}

# expect NAME COMMAND...: one test, shown in full only when it fails.
expect() {
    name=$1
    shift
    if "$@" >"$folder/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        cat "$folder/log"
        echo "FAILED  $name"
        return 1
    fi
}

# build COMPILER FOLDER [MESON OPTION...]
build() {
    compiler=$1
    into=$2
    shift 2
    [ -f "$into/build.ninja" ] || CC=$compiler meson setup "$into" "$@" || return 1
    ninja --quiet -C "$into"
}

# The header is the contract: it stands alone, in every language that includes it.
check_headers() {
    for header in include/*.h; do
        for standard in c99 c11 c++17; do
            case $standard in
            c++*) compiler=g++ language=c++ ;;
            *) compiler=gcc language=c ;;
            esac
            echo "#include \"$root/$header\"" >"$folder/header"
            # shellcheck disable=SC2046 # a list of words
            expect "$header as $standard" $compiler -x $language -std=$standard -Wall -Wextra -Wpedantic -Werror \
                -fsyntax-only -Iinclude $(pkg-config --cflags libpq sqlite3) "$folder/header" || true
        done
    done
}

count() {
    grep -c "$1" "$2" || true
}

# meson_test NAME LOG FOLDER [ARGUMENT...]: adds up what Meson wrote into its log, one line per test.
meson_test() {
    say "Tests: $1"
    log=$3/meson-logs/$2.json
    into=$3
    shift 3
    rm -f "$log"
    status=0
    meson test -C "$into" --no-rebuild --print-errorlogs "$@" || status=$?
    if [ ! -s "$log" ]; then
        echo "no test has run"
        failed=$((failed + 1))
        return
    fi
    ok=$(count '"result": "\(OK\|EXPECTEDFAIL\)"' "$log")
    skip=$(count '"result": "SKIP"' "$log")
    bad=$(($(count '"result": "' "$log") - ok - skip))
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + ok))
    skipped=$((skipped + skip))
    failed=$((failed + bad))
}

# A run that quietly left PostgreSQL out is no success.
on_postgresql() {
    grep '"name": "[^"]*postgresql' "$log" >"$folder/postgresql.log" || true
    if ! grep -q '"result": "OK"' "$folder/postgresql.log" || grep -q '"result": "SKIP"' "$folder/postgresql.log"; then
        echo "tests on PostgreSQL did not run"
        failed=$((failed + 1))
    fi
}

# script NAME COMMAND...: a script that ends with a line like this one's. What it says is kept for script_results.
scripts=10
script() {
    scripts=$((scripts + 1))
    echo "$1" >"$folder/scripts/$scripts.name"
    shift
    status=0
    "$@" >"$folder/scripts/$scripts.log" 2>&1 || status=$?
    echo $status >"$folder/scripts/$scripts.status"
}

script_results() {
    for name in "$folder/scripts"/*.name; do
        log=${name%.name}.log
        status=$(cat "${name%.name}.status" 2>/dev/null || echo 1)
        say "Tests: $(cat "$name")"
        cat "$log"
        line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
        ok=$(echo "$line" | sed -n 's/^\([0-9]*\) passed.*/\1/p')
        bad=$(echo "$line" | sed -n 's/.* \([0-9]*\) failed.*/\1/p')
        skip=$(echo "$line" | sed -n 's/.* \([0-9]*\) skipped.*/\1/p')
        [ "$status" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
        passed=$((passed + ${ok:-0}))
        failed=$((failed + ${bad:-0}))
        skipped=$((skipped + ${skip:-0}))
        rm "$name"
    done
}

# The programs and the other languages, one behind the other, on a server of their own.
other_scripts() {
    start_server postgresql-scripts
    script "command line" tests/cli/run.sh build/examples/migratectl/migratectl
    script "hot standby" tests/cli/standby.sh build/examples/migratectl/migratectl tests/tools/postgres.sh migrations-sample
    script "rights and older dumps" tests/cli/dumps.sh build/examples/migratectl/migratectl tests/tools/postgres.sh
    script "lifespans of the C server" tests/lifespans/run.py C -- build/examples/server
    script "lifespans of the C server on SQLite" tests/lifespans/run.py --sqlite "C on SQLite" -- build/examples/server
    [ -n "$quick" ] || script "lifespans of servers with faults" tests/lifespans/faulty.py
    script "Python binding" bindings/python/tests/run.sh "$folder"
    [ -n "$quick" ] || script "Python binding with sanitizers" env LIBMIGRATE_SANITIZED="$PWD/build-asan/lib/libmigrate.so.1.0.0" \
        bindings/python/tests/run.sh --sanitizers --brief "$folder"
    script "Node binding" bindings/node/tests/run.sh "$folder"
    script "lifespans of Python's servers" bindings/python/tests/lifespans.sh "$folder"
    script "Go binding" bindings/go/tests/run.sh "$folder"
    script "Rust binding" bindings/rust/tests/run.sh "$folder"
    script "start-up sequences" tests/startup/run.sh "$folder"
    echo whole >"$folder/scripts/whole"
}

# start_server NAME: sets MIGRATE_TEST_POSTGRESQL.
start_server() {
    say "Starting PostgreSQL"
    MIGRATE_TEST_POSTGRESQL=$(tests/tools/postgres.sh start "$folder/$1" | sed -n 's/^PGURL=//p')
    [ -n "$MIGRATE_TEST_POSTGRESQL" ] || exit 1
    export MIGRATE_TEST_POSTGRESQL
}

install_missing

say "Building"
expect "gcc" build gcc build
if [ -z "$quick" ]; then
    # Sanitizers make the compiler see paths that cannot be taken; its warnings count in the other two builds.
    expect "gcc with sanitizers" build gcc build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false
    expect "clang" build clang build-clang
    expect "the library as one file" build gcc build-one -Damalgamated=true
    for omitted in SQLITE POSTGRESQL; do
        # shellcheck disable=SC2046 # a list of words
        expect "one file without $omitted" gcc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -DMIGRATE_OMIT_$omitted -Iinclude \
            $(pkg-config --cflags libpq sqlite3) build-one/lib/libmigrate.c
    done
fi
check_headers

start_server postgresql
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# Both sides wait more than they compute.
say "Meanwhile: the command line, other languages, start-up sequences (what they say comes behind Meson's tests)"
set -m # a process group, to be ended as a whole
other_scripts >"$folder/other_scripts" 2>&1 &
other=$!
set +m

meson_test "normal build" testlog build --no-suite cli
on_postgresql
if [ -z "$quick" ]; then
    meson_test "sanitizers" testlog build-asan --timeout-multiplier 4
    on_postgresql
    meson_test "one file" testlog build-one --suite api-sqlite --suite conformance
    export CK_FORK=no # each of Check's forks would report the memory that its parent still holds
    # Not all of them: failing every allocation in turn would take hours here, what children that are killed hold is no leak, and
    # PostgreSQL's half of the api tests has the sanitizers.
    units=$(meson test -C build --list 2>/dev/null | sed -n 's,^libmigrate / \(unit/.*\)$,\1,p')
    # shellcheck disable=SC2086 # a list of words
    meson_test "valgrind" testlog-valgrind build --timeout-multiplier 20 \
        --wrapper "valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible" \
        $units 'api/bad_input sqlite' 'api/bad_database sqlite' 'api/policies sqlite' 'api/targets sqlite' \
        'api/verbs sqlite' 'api/running sqlite' 'api/handles sqlite' 'api/host sqlite' 'api/segments sqlite' \
        'api/leaks sqlite'
    unset CK_FORK
fi
wait $other || true
other=
if [ ! -e "$folder/scripts/whole" ]; then
    cat "$folder/other_scripts"
    failed=$((failed + 1))
fi
script_results
if [ -z "$quick" ]; then
    script "faults" tests/faults/run.sh --brief --seed 1
    script "fuzzing, 30 s a target" tests/fuzz/run.sh 30
    script_results
    say "Benchmarks"
    if expect "all of them in brief" tests/bench/run.sh --brief --build build --work "$folder"; then
        cat "$folder/log"
    fi
fi
