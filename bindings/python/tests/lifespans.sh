#!/bin/sh
# SPDX-License-Identifier: MIT
# The servers of bindings/python/examples through tests/lifespans: FastAPI below uvicorn, alone and with four workers; Flask below gunicorn.
#     lifespans.sh FOLDER      FOLDER/python is the environment that run.sh beside this file has made
# MIGRATE_TEST_POSTGRESQL is the URL of a server. The last line is "N passed, N failed, N skipped".
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
folder=$(cd "$1" && pwd)
bin=$folder/python/bin

if [ ! -x "$bin/libmigrate" ]; then
    echo "SKIPPED: lifespans of Python's servers: $folder has no Python environment"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
"$bin/python" -m pip install --quiet --disable-pip-version-check gunicorn

export MIGRATECTL="$bin/libmigrate" HOME="$folder" # gunicorn writes there
cd "$root/bindings/python/examples"
export PYTHONDONTWRITEBYTECODE=1 SHELL=/bin/sh PATH="$bin:$PATH"
log=$folder/lifespans
# Most of it is waiting: two at a time.
lives() {
    file=$1
    shift
    "$root/tests/lifespans/run.py" "$@" >"$log.$file" 2>&1 || true
}
# shellcheck disable=SC2016 # PORT is for the inner shell
{
    lives 1 "FastAPI" -- sh -c 'exec uvicorn fastapi_server:app --port $PORT' &
    lives 2 --workers 4 "Flask, 4 workers of gunicorn" -- sh -c "exec gunicorn --workers 4 --bind 127.0.0.1:\$PORT 'flask_server:create_app()'"
    wait
    # The parent of uvicorn's workers ends with 0 when their start has failed; so scenario d is for the program that migrates before it.
    lives 3 --workers 4 --only abef "FastAPI, 4 workers of uvicorn" -- sh -c 'exec uvicorn fastapi_server:app --workers 4 --port $PORT' &
    lives 4 --workers 4 --only ade "FastAPI, 4 workers behind a start-up" -- python fastapi_server.py
    wait
}
cat "$log".[1-4] | grep -v ' passed, '
total() {
    sed -n "s/^\(.*[ ,]\)\{0,1\}\([0-9][0-9]*\) $1.*/\2/p" "$log".[1-4] | awk '{ n += $1 } END { print n + 0 }'
}
failed=$(total failed)
[ "$(cat "$log".[1-4] | grep -c ' passed, ')" -eq 4 ] || failed=$((failed + 1)) # one has not come to its end
echo "$(total passed) passed, $failed failed, $(total skipped) skipped"
[ "$failed" -eq 0 ]
