#!/bin/sh
# SPDX-License-Identifier: MIT
# The Python binding as its users get it: a new virtual environment, pip install, then pytest and mypy on what was installed.
#     run.sh [FOLDER]                           FOLDER: for the environment (default: a temporary one)
#     run.sh --sanitizers [--brief] [FOLDER]    the same tests on a library with AddressSanitizer and UBSan, leaks of its own included;
#                                               --brief: some of them. An environment that is in FOLDER already is used.
# MIGRATE_TEST_POSTGRESQL is the URL of a server for the tests on PostgreSQL. LIBMIGRATE_SANITIZED names a library that was built with
# sanitizers; without it one is built. The last line is "N passed, N failed, N skipped".
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
sanitizers=
brief=
while [ $# -gt 0 ]; do
    case $1 in
    --sanitizers) sanitizers=1 ;;
    --brief) brief=1 ;;
    *) break ;;
    esac
    shift
done
made=
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    made=$folder
fi
trap '[ -z "$made" ] || rm -rf "$made"' EXIT
bin=$folder/python/bin
failed=0

skip() {
    echo "SKIPPED: the Python binding: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

complain() {
    echo "FAILED: $*"
    failed=$((failed + 1))
}

pip() {
    "$bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

environment() {
    rm -rf "$folder/python"
    python3 -m venv "$folder/python" || skip "python3 -m venv does not work (Debian: python3-venv)"
    pip "$here"
    "$bin/python" -m pip check
    # What the optional parts work with; the package itself needs nothing.
    pip pytest mypy typing_extensions build 'psycopg[binary]' psycopg2-binary 'sqlalchemy[asyncio]' asyncpg aiosqlite fastapi uvicorn httpx flask \
        django
}

# A migration, and the command line, with what was installed into an environment.
works() {
    [ -f "$("$1/python" -c 'import libmigrate; print(libmigrate.__path__[0])')/py.typed" ] || complain "py.typed is not in the wheel"
    "$1/python" -c 'import libmigrate as m; assert m.startup("sqlite::memory:", migrations={"001_a.sql": "CREATE TABLE a (id integer);"}).applied' ||
        complain "a migration with what is in $1"
    for command in "$1/python -m libmigrate --version" "$1/libmigrate --version"; do
        # shellcheck disable=SC2086 # words
        $command | grep -q '^migratectl [0-9]' || complain "$command"
    done
}

# A source distribution needs nothing of the repository. Not optimised, as it is only to be seen whether it builds.
source_distribution() {
    rm -rf "$folder/python-sdist"
    "$bin/python" -m build --sdist -o "$folder/python-sdist" "$here" >"$folder/log-sdist" 2>&1 || {
        cat "$folder/log-sdist"
        complain "python -m build --sdist"
        return
    }
    python3 -m venv "$folder/python-sdist/python"
    LIBMIGRATE_MESON_ARGS='-Dbuildtype=plain' "$folder/python-sdist/python/bin/python" -m pip install --quiet --disable-pip-version-check \
        "$folder/python-sdist"/libmigrate-*.tar.gz || complain "pip install of the source distribution"
    works "$folder/python-sdist/python/bin"
}

# A C compiler's runtime libraries have to be there before all others.
sanitized_library() {
    asan=$(gcc -print-file-name=libasan.so 2>/dev/null) && [ -e "$asan" ] || skip "sanitizers: there is no gcc with libasan.so"
    library=${LIBMIGRATE_SANITIZED:-}
    if [ -z "$library" ]; then
        command -v meson >/dev/null && command -v ninja >/dev/null || pip meson ninja
        PATH=$PATH:$bin meson setup "$folder/python-sanitized" "$here/../.." -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false \
            -Dtests=false >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
        PATH=$PATH:$bin ninja -C "$folder/python-sanitized" lib/libmigrate.so.1.0.0 >"$folder/log" 2>&1 || { tail -n 20 "$folder/log"; exit 1; }
        library=$folder/python-sanitized/lib/libmigrate.so.1.0.0
    fi
    library=$(readlink -f "$library")
}

# Python's own objects by malloc, so that what they point to is reachable for the search for leaks, and their ends are guarded too.
sanitized() {
    env LIBMIGRATE_LIBRARY="$library" LIBMIGRATE_TEST_SANITIZERS=1 PYTHONMALLOC=malloc \
        ASAN_OPTIONS="detect_leaks=1:log_path=$folder/python-reports/asan" LSAN_OPTIONS=exitcode=0:print_suppressions=0 \
        UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:log_path=$folder/python-reports/ubsan" \
        LD_PRELOAD="$asan $(gcc -print-file-name=libubsan.so)" "$@"
}

# Leaks that none of the library's functions is part of are those of Python and of other modules.
reports() {
    grep -lE ' in (verb_)?migrate_|ERROR: AddressSanitizer|runtime error' "$folder/python-reports"/* 2>/dev/null || true
}

leak_is_seen() {
    sanitized "$bin/python" -c '
import ctypes
from libmigrate._native import library
def leak():
    rows = ctypes.c_void_p()
    library().migrate_check_rules(ctypes.byref(rows), None)
leak()'
    [ -n "$(reports)" ] || complain "the sanitizers do not see a leak that was made on purpose"
    rm -rf "$folder/python-reports"
    mkdir "$folder/python-reports"
}

number() {
    tail -n 1 "$folder/python.log" | sed -n "s/.*[^0-9]\([0-9][0-9]*\) $1.*/\1/p; s/^\([0-9][0-9]*\) $1.*/\1/p" | head -n 1
}

command -v python3 >/dev/null || skip "there is no python3"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || skip "$(python3 --version) is older than 3.9"
[ -n "$sanitizers" ] && [ -x "$bin/libmigrate" ] || environment

cd "$folder" # not where the source is: what was installed is tested
set -- "$bin/python" -X faulthandler -m pytest -q -ra -p no:cacheprovider --rootdir "$here"
if [ -n "$sanitizers" ]; then
    sanitized_library
    mkdir -p "$folder/python-reports"
    leak_is_seen
    # In brief: everything that crosses the border in another way.
    tests=$here/tests
    [ -z "$brief" ] || tests="$tests/test_values.py $tests/test_migrator.py $tests/test_hosts.py"
    # shellcheck disable=SC2086 # a list of words
    sanitized "$@" $tests >"$folder/python.log" 2>&1 || true
    cat "$folder/python.log"
    for report in $(reports); do
        cat "$report"
        complain "$report"
    done
else
    works "$bin"
    source_distribution
    "$bin/python" -m mypy --config-file "$here/pyproject.toml" -p libmigrate || complain "mypy"
    "$@" "$here/tests" >"$folder/python.log" 2>&1 || true
    cat "$folder/python.log"
fi
passed=$(number passed)
failed=$((failed + $(number failed | grep . || echo 0) + $(number error | grep . || echo 0)))
[ -n "$passed" ] || failed=$((failed + 1))
echo "${passed:-0} passed, $failed failed, $(number skipped | grep . || echo 0) skipped"
[ "$failed" -eq 0 ]
