#!/bin/sh
# SPDX-License-Identifier: MIT
# Real applications' migrations, by psql and sqlite3 and by this library: same statements, same schema, same rows.
#     tests/corpora/run.sh [-b BUILD] FOLDER [SET...]
# FOLDER holds one folder for each set with the files and .corpus (lines layout=..., engine=...); no set is part of this
# repository. Without -b it builds what it needs. Needs python3, sqlite3 and PostgreSQL's programs.
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
    sed -n '3,6s/^# //p' "$0" >&2
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
status=0

# shellcheck disable=SC2046 # a list of names without blanks
[ $# -gt 0 ] || set -- $(cd "$sets" && for file in */.corpus; do dirname "$file"; done)
for name; do
    engine=$(sed -n 's/^engine=//p' "$sets/$name/.corpus")
    printf '%-20s statements: ' "$name"
    python3 "$here/compare_statements.py" "$build/tests/corpora/statements" "$engine" "$sets/$name" || status=1
done

url=$("$here/../tools/postgres.sh" start "$scratch/postgresql" | sed -n 's/^PGURL=//p')
mkdir "$scratch/work"
python3 "$here/compare.py" "$build/examples/migratectl/migratectl" "$url" "$sets" "$scratch/work" "$@" || status=1
exit $status
