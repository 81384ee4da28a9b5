#!/bin/sh
# SPDX-License-Identifier: MIT
# Campaigns over real applications' migrations. compare: by psql and sqlite3 and by this library the same statements, schema and rows.
# inverse: each is taken back by what is generated. verify: each rollback text is tried. generate: the ways between two points of a set's
# history. drift: no false alarm behind a dump and its restore. check: no finding of severity error that is not true.
#     tests/corpora/run.sh [-b BUILD] [-c compare|inverse|verify|generate|drift|check] FOLDER [SET...]
# FOLDER holds one folder for each set with the files and .corpus (lines layout=..., engine=...); no set is part of this
# repository. Without -b it builds what it needs. Needs python3, sqlite3 and PostgreSQL's programs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=
campaign=compare
while getopts b:c: option; do
    case $option in
    b) build=$(realpath "$OPTARG") ;;
    c) campaign=$OPTARG ;;
    *) exit 64 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || {
    sed -n '3,8s/^# //p' "$0" >&2
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
migratectl=$build/examples/migratectl/migratectl
status=0
url=$("$here/../tools/postgres.sh" start "$scratch/postgresql" | sed -n 's/^PGURL=//p')
mkdir "$scratch/work"

# shellcheck disable=SC2046 # a list of names without blanks
[ $# -gt 0 ] || set -- $(cd "$sets" && for file in */.corpus; do dirname "$file"; done)

# of ENGINE SET...: those of that engine
of() {
    engine=$1
    shift
    for name; do
        grep -qx "engine=$engine" "$sets/$name/.corpus" && echo "$name"
    done
    true
}

case $campaign in
compare)
    for name; do
        engine=$(sed -n 's/^engine=//p' "$sets/$name/.corpus")
        printf '%-20s statements: ' "$name"
        python3 "$here/compare_statements.py" "$build/tests/corpora/statements" "$engine" "$sets/$name" || status=1
    done
    python3 "$here/compare.py" "$migratectl" "$url" "$sets" "$scratch/work" "$@" || status=1
    ;;
inverse)
    postgresql=$(of postgresql "$@")
    sqlite=$(of sqlite "$@")
    # shellcheck disable=SC2086 # lists of names without blanks
    {
        [ -z "$postgresql" ] || python3 "$here/inverse.py" --dump "$build/tests/corpora/inverse" "$url" "$sets" "$scratch/work" $postgresql || status=1
        [ -z "$sqlite" ] || python3 "$here/inverse_sqlite.py" "$build/tests/corpora/inverse_sqlite" "$sets" $sqlite || status=1
    }
    ;;
verify) python3 "$here/verify.py" --check "$migratectl" "$url" "$sets" "$scratch/work" "$@" || status=1 ;;
generate | drift | check) python3 "$here/$campaign.py" "$migratectl" "$url" "$sets" "$scratch/work" "$@" || status=1 ;;
*)
    echo "run.sh: no campaign $campaign" >&2
    exit 64
    ;;
esac
exit $status
