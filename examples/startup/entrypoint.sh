#!/bin/sh
# SPDX-License-Identifier: MIT
# A container's entry point: waits for the database, migrates, and becomes the server.
#     ENTRYPOINT ["/entrypoint.sh"]
#     CMD ["uvicorn", "--workers", "4", "app:app"]
# DATABASE_URL, MIGRATIONS_DIR; MIGRATE_WAIT_TIMEOUT=60s and so on say more. `docker stop` in the middle of a migration cancels it: the first
# SIGTERM lets migratectl finish its transaction, the second does not. Its exit code is the container's.
set -eu

migratectl up --dir "$MIGRATIONS_DIR" >&2 &
migration=$!
ended=
trap 'ended=yes; kill -TERM $migration; sleep 0.2; kill -TERM $migration 2>/dev/null' TERM INT
while
    status=0
    wait $migration || status=$?
    kill -0 $migration 2>/dev/null # a signal ends wait, not what it waits for
do :; done
[ -z "$ended" ] || [ $status -ne 0 ] || status=143
[ $status -eq 0 ] || exit $status
trap - TERM INT
exec "$@"
