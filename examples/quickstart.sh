#!/bin/sh
# SPDX-License-Identifier: MIT
# From a fresh Debian 12 to a migrated database: installs what is missing, builds libmigrate into build/, and
# walks the sample application's migrations up and down on SQLite in a temporary folder.
# Runs as root, or as a user with sudo; with everything installed it needs neither.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

say() {
    printf '\n== %s\n' "$*"
}

# Shows a command as one would type it, then runs it.
run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

install_missing() {
    missing=
    for package in gcc libc6-dev meson ninja-build pkg-config libpq-dev libsqlite3-dev libmd-dev check; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "Installing:$missing"
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    # shellcheck disable=SC2086 # both are lists of words
    {
        $as_root apt-get -qq update
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
    }
}

# Builders talk much; what they say is of interest when they fail.
quietly() {
    "$@" >"$folder/log" 2>&1 || {
        cat "$folder/log"
        exit 1
    }
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

install_missing

say "Building libmigrate and migratectl into build/"
[ -f build/build.ninja ] || quietly meson setup build
quietly ninja -C build

# Where migrations lie and which database is meant: the environment, a .env file, or --dir and --url.
PATH=$root/build/examples/migratectl:$PATH
MIGRATE_DIR=migrations-sample
MIGRATE_URL=sqlite:$folder/app.db
export PATH MIGRATE_DIR MIGRATE_URL
printf '\nMIGRATE_DIR=%s\nMIGRATE_URL=%s\n' "$MIGRATE_DIR" "$MIGRATE_URL"

say "What would run? Nothing is written, not even the file."
run migratectl plan

say "Apply it: each migration with its row in the history, or not at all."
run migratectl up

say "A second time there is nothing to do: one query."
run migratectl up

say "Where does every migration stand?"
run migratectl status

say "Roll the last one back, and apply it again."
run migratectl down --yes
run migratectl up

say "The history says what happened."
run migratectl history

say "That's all. The program to do this with is $root/build/examples/migratectl/migratectl"
