#!/bin/sh
# SPDX-License-Identifier: MIT
# The start-up sequences of examples/startup, on real databases.
#     run.sh FOLDER      FOLDER/python is the environment that bindings/python/tests/run.sh has made
# MIGRATE_TEST_POSTGRESQL is the URL of a server; MIGRATECTL the command line (default: the build's). The last line is
# "N passed, N failed, N skipped".
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$1" && pwd)
python=$folder/python/bin/python

skip() {
    echo "SKIPPED: start-up sequences: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

[ -x "$python" ] || skip "$folder has no Python environment"
"$python" -m pip install --quiet --disable-pip-version-check psycopg_pool

export PYTHONDONTWRITEBYTECODE=1
"$python" -m pytest -q -ra -p no:cacheprovider --rootdir "$here" "$here" >"$folder/startup.log" 2>&1 || true
cat "$folder/startup.log"
number() {
    tail -n 1 "$folder/startup.log" | sed -n "s/.*[^0-9]\([0-9][0-9]*\) $1.*/\1/p; s/^\([0-9][0-9]*\) $1.*/\1/p" | head -n 1
}
passed=$(number passed)
failed=$(($(number failed | grep . || echo 0) + $(number error | grep . || echo 0)))
[ -n "$passed" ] || failed=$((failed + 1))
echo "${passed:-0} passed, $failed failed, $(number skipped | grep . || echo 0) skipped"
[ "$failed" -eq 0 ]
