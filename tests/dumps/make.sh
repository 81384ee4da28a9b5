#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the dumps here, which tests/api/test_dumps.c replays, anew: one with each version's own server and pg_dump.
#     tests/dumps/make.sh NAME URL [PROGRAMS] [PG_DUMP_OPTION...]
# URL: a superuser's, on a server of that version; PROGRAMS: the folder with its pg_dump; NAME: of the file, without .sql.
# A database "libmigrate_dump" is made there and dropped.
set -eu

[ $# -ge 2 ] || {
    sed -n '3,7s/^# //p' "$0" >&2
    exit 64
}
here=$(cd "$(dirname "$0")" && pwd)
name=$1
url=$2
programs=${3:-$(pg_config --bindir)}
shift "$(($# < 3 ? $# : 3))"

run() {
    psql -X -q -v ON_ERROR_STOP=1 "$@"
}
database=${url%/*}/libmigrate_dump
run "$url" -c 'DROP DATABASE IF EXISTS libmigrate_dump' -c 'CREATE DATABASE libmigrate_dump TEMPLATE template0'
run "$database" -o /dev/null -f "$here/application.sql"
"$programs/pg_dump" "$@" -d "$database" >"$here/$name.sql"
run "$url" -c 'DROP DATABASE libmigrate_dump'
