#!/bin/sh
# SPDX-License-Identifier: MIT
# Real applications' migrations, dumped and restored: drift must not take that for a change by hand.
#     tests/corpora/drift.sh [-b BUILD] FOLDER [SET...]
# FOLDER is as for run.sh. Without -b it builds what it needs. Needs python3, sqlite3 and PostgreSQL's programs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=
while getopts b: option; do
    case $option in
    b) build=$(realpath "$OPTARG") ;;
    *) exit 64 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || {
    sed -n '3,5s/^# //p' "$0" >&2
    exit 64
}
sets=$(cd "$1" && pwd)
shift

scratch=$(mktemp -d)
chmod 755 "$scratch" # the server runs as another user
finish() {
    "$here/../tools/postgres.sh" stop "$scratch/postgresql" >/dev/null 2>&1 || true
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "$build" ]; then
    build=$scratch/build
    meson setup "$build" "$here/../.." --buildtype=release >/dev/null
    meson compile -C "$build" >/dev/null
fi
export PYTHONDONTWRITEBYTECODE=1
url=$("$here/../tools/postgres.sh" start "$scratch/postgresql" | sed -n 's/^PGURL=//p')
mkdir "$scratch/work"
python3 "$here/drift.py" "$build/examples/migratectl/migratectl" "$url" "$sets" "$scratch/work" "$@"
