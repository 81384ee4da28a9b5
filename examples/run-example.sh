#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs an example as a test, on a fresh database that goes away again:
#     run-example.sh ENGINE STARTS PROGRAM [ARGUMENT...]
# @URL@ among the arguments becomes the database's URL, @FILE@ SQLite's file. STARTS: how often the program
# starts, one after the other, as programs do. PostgreSQL is skipped (77) unless MIGRATE_TEST_POSTGRESQL names
# a server where databases may be created.
set -eu

engine=$1
starts=$2
shift 2
file=

case $engine in
sqlite)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    file=$folder/app.db
    url=sqlite:$file
    ;;
postgresql)
    maintenance=${MIGRATE_TEST_POSTGRESQL:-}
    if [ -z "$maintenance" ]; then
        echo "MIGRATE_TEST_POSTGRESQL is not set"
        exit 77
    fi
    database=migrate_example_$$
    psql -qX -c "CREATE DATABASE $database" "$maintenance"
    trap 'psql -qX -c "DROP DATABASE IF EXISTS $database" "$maintenance"' EXIT
    case $maintenance in # a later dbname wins over the one in the URL
    *\?*) url="$maintenance&dbname=$database" ;;
    *) url="$maintenance?dbname=$database" ;;
    esac
    ;;
*)
    echo "usage: run-example.sh sqlite|postgresql STARTS PROGRAM [ARGUMENT...]" >&2
    exit 64
    ;;
esac

for argument; do
    shift
    case $argument in
    @URL@) argument=$url ;;
    @FILE@) argument=$file ;;
    esac
    set -- "$@" "$argument"
done

while [ "$starts" -gt 0 ]; do
    "$@"
    starts=$((starts - 1))
done
