#!/bin/sh
# SPDX-License-Identifier: MIT
# The Python binding as its users get it: a new virtual environment, pip install, then pytest and mypy on what was installed.
#     run.sh [FOLDER]      FOLDER: for the environment (default: a temporary one)
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
    echo "SKIPPED: the Python binding: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

command -v python3 >/dev/null || skip "there is no python3"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || skip "$(python3 --version) is older than 3.9"
rm -rf "$folder/python"
python3 -m venv "$folder/python" || skip "python3 -m venv does not work (Debian: python3-venv)"
bin=$folder/python/bin

"$bin/python" -m pip install --quiet --disable-pip-version-check "$here"
"$bin/python" -m pip check
# What the optional parts work with; the package itself needs nothing.
"$bin/python" -m pip install --quiet --disable-pip-version-check pytest mypy typing_extensions 'psycopg[binary]' psycopg2-binary sqlalchemy \
    fastapi uvicorn httpx flask

cd "$folder" # not where the source is: what was installed is tested
failed=0
for command in "$bin/python -m libmigrate --version" "$bin/libmigrate --version"; do
    # shellcheck disable=SC2086 # words
    $command | grep -q '^migratectl [0-9]' || failed=$((failed + 1))
done
"$bin/python" -m mypy --config-file "$here/pyproject.toml" -p libmigrate || failed=$((failed + 1))

"$bin/python" -X faulthandler -m pytest -q -ra -p no:cacheprovider --rootdir "$here" "$here/tests" >"$folder/python.log" 2>&1 || true
cat "$folder/python.log"
number() {
    tail -n 1 "$folder/python.log" | sed -n "s/.*[^0-9]\([0-9][0-9]*\) $1.*/\1/p; s/^\([0-9][0-9]*\) $1.*/\1/p" | head -n 1
}
passed=$(number passed)
failed=$((failed + $(number failed | grep . || echo 0) + $(number error | grep . || echo 0)))
[ -n "$passed" ] || failed=$((failed + 1))
echo "${passed:-0} passed, $failed failed, $(number skipped | grep . || echo 0) skipped"
[ "$failed" -eq 0 ]
