#!/bin/sh
# SPDX-License-Identifier: MIT
# The Node binding as its users get it: npm install into an empty folder, then node:test and tsc on what was installed.
#     run.sh [FOLDER]      FOLDER: for packages and logs (default: a temporary one)
# MIGRATE_TEST_POSTGRESQL is the URL of a server for the tests on PostgreSQL. The last line is "N passed, N failed, N skipped".
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$here/../.." && pwd)
made=
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    made=$folder
fi
trap '[ -z "$made" ] || rm -rf "$made"' EXIT

skip() {
    echo "SKIPPED: the Node binding: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

fits() {
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number)
        process.exit(major > 18 || (major === 18 && minor >= 18) ? 0 : 1)' 2>/dev/null
}

fits || {
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends nodejs npm libnode-dev node-gyp make >/dev/null 2>&1 || true
}
fits || skip "it needs Node 18.18 or later and npm, and Debian's packages do not bring them"
# Node's own headers, where they are: npm would fetch them otherwise.
prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
if [ "$(npm config get nodedir)" = undefined ] && [ -f "$prefix/include/node/node_api.h" ]; then
    export npm_config_nodedir="$prefix"
fi

folder=$folder/node
rm -rf "$folder"
mkdir -p "$folder/app" "$folder/other"
folder=$(cd "$folder" && pwd)
for place in "$folder" "$folder/app" "$folder/other"; do
    echo '{"private": true, "type": "module"}' >"$place/package.json"
done
cp -R "$here/tests" "$here/examples" "$here/scripts" "$folder/app/"
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false npm_config_loglevel=error
export CFLAGS=-O0 CXXFLAGS=-O0 # what is built here is only tested

# What the tests work with lies one folder up, where it is found, too: both are compiled at once. The other Node is for node:sqlite.
install() {
    (cd "$folder/$1" && shift && npm install --no-package-lock "$@") >"$folder/install-$2.log" 2>&1 || {
        cat "$folder/install-$2.log"
        return 1
    }
}
modern() {
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'
}
modern || {
    cd "$folder/app"
    npm install --install-links "$here" >"$folder/install.log" 2>&1 || { cat "$folder/install.log"; exit 1; }
    node -e "require('libmigrate').startup('sqlite:$folder/x.db', { dir: '$root/migrations-sample' })" || exit 1
    echo "SKIPPED: the tests of the Node binding work with better-sqlite3 12, Fastify 5 and Nest 11, which need Node 20; this is $(node --version)"
    echo "1 passed, 0 failed, 1 skipped"
    exit 0
}
install . packages --build-from-source better-sqlite3@12 pg@8 fastify@5 express@5 @nestjs/core@11 @nestjs/common@11 @nestjs/platform-express@11 \
    reflect-metadata rxjs typescript prettier@3 @types/node@22 @types/pg @types/express &
packages=$!
(install other node node@22) &
other=$!
cd "$folder/app"
npm install --install-links "$here" >"$folder/install.log" 2>&1 || {
    cat "$folder/install.log"
    exit 1
}
wait $packages
wait $other || echo "The npm package node could not be installed: node:sqlite is tested only if this Node has it"

passed=0
failed=0
skipped=0
# expect NAME COMMAND...
expect() {
    name=$1
    shift
    if "$@" >"$folder/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        cat "$folder/log"
        echo "FAILED  $name"
    fi
}

command_line() {
    [ "$(npx libmigrate --version)" = "$("$folder/app/node_modules/libmigrate/build/Release/migratectl" --version)" ]
    npx libmigrate up --url "sqlite:$folder/cli.db" --dir "$root/migrations-sample" || return 1
    ! npx libmigrate nonsense
}
no_address() {
    ! grep -n 'https\?://' "$folder/app/package-lock.json"
}
headers() {
    for place in "$(npm config get nodedir)/include/node" "$prefix/include/node" /usr/include/node; do
        [ ! -f "$place/node_api.h" ] || { echo "$place"; return; }
    done
}
warnings() {
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        $compiler -std=gnu11 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wwrite-strings -Wundef -Wvla -Werror -isystem "$(headers)" -I"$root/include" "$here"/src/*.c || return 1
    done
}

formatted() {
    (cd "$here" && "$folder/node_modules/.bin/prettier" --check lib tests scripts bin examples package.json)
}

# The same package once more, with an addon that tells of memory that it misuses. Its leaks are lifetime.test.js' matter: V8 has its own.
sanitized=
sanitize() {
    cp -R "$folder/app" "$folder/asan"
    built=$folder/asan/node_modules/libmigrate/build/Release
    # shellcheck disable=SC2016 # for the linker
    gcc -std=gnu11 -D_GNU_SOURCE -O1 -g -shared -fPIC -fsanitize=address,undefined -fno-sanitize-recover -I"$(headers)" -I"$root/include" "$here"/src/*.c \
        "$built/migrate.so" '-Wl,-rpath,$ORIGIN' -o "$built/addon.node" || return 1
    sanitized="env LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0"
    (cd "$folder/asan" && $sanitized node -e 'require("libmigrate").version')
}

expect "the command line" command_line
expect "no address in the lock file" no_address
expect "the addon without warnings" warnings
expect "the addon with sanitizers" sanitize
expect "the form of the source" formatted
expect "tsc --strict" "$folder/node_modules/.bin/tsc" -p tests/types

environment= # a command in front of Node
# run NODE NAME FILE [ARGUMENT...]: one file of tests; what failed is shown, and counted in NAME.log.
run() {
    node=$1
    log=$folder/$2.log
    file=tests/$3
    shift 3
    ${environment:-env} "$node" "$@" --test-reporter=tap "$file" >"$log" 2>&1 || true
    grep -q '^# tests ' "$log" || echo "# fail 1" >>"$log"
    if ! grep -q '^# fail 0' "$log"; then
        grep -E -A 24 '^ *not ok|^# fail' "$log" || cat "$log"
    fi
    echo "$file ($(basename "$log" .log)): $(sed -n 's/^# \(pass\|fail\|skipped\) /\1 /p' "$log" | paste -sd' ')"
}
export LIBMIGRATE_CONFORMANCE="$root/tests/conformance/cases"
new=$folder/other/node_modules/node/bin/node
[ ! -x "$new" ] || export LIBMIGRATE_OTHER_NODE="$new"
# Some at a time, as they wait more than they compute.
for name in conformance-postgresql conformance-postgresql-own; do
    run node $name $name.test.js &
done
MIGRATECTL="$folder/app/node_modules/libmigrate/build/Release/migratectl" "$root/tests/lifespans/run.py" "Fastify" -- \
    node "$folder/app/examples/server.js" >"$folder/lifespans" 2>&1 &
for name in conformance-sqlite contract hosts readme; do
    run node $name $name.test.js
done
[ ! -d "$folder/asan" ] || cd "$folder/asan"
for name in cancel migrator drivers frameworks; do
    environment=$sanitized
    run node $name $name.test.js
done
environment=
cd "$folder/app"
MALLOC_ARENA_MAX=1 run node lifetime lifetime.test.js --expose-gc --max-semi-space-size=1
if [ -x "$new" ]; then
    for name in conformance-sqlite hosts; do
        LIBMIGRATE_TEST_SQLITE=node:sqlite run "$new" "$name-node22" $name.test.js --disable-warning=ExperimentalWarning
    done
fi
wait

total() {
    cat "$folder"/*.log | sed -n "s/^# $1 //p" | awk '{ n += $1 } END { print n + 0 }'
}
passed=$((passed + $(total pass)))
failed=$((failed + $(total fail)))
skipped=$((skipped + $(total skipped)))

line=$(tail -n 1 "$folder/lifespans")
sed '$d' "$folder/lifespans"
passed=$((passed + $(echo "$line" | sed -n 's/^\([0-9]*\) passed.*/\1/p' | grep . || echo 0)))
failed=$((failed + $(echo "$line" | sed -n 's/.* \([0-9]*\) failed.*/\1/p' | grep . || echo 1)))
skipped=$((skipped + $(echo "$line" | sed -n 's/.* \([0-9]*\) skipped.*/\1/p' | grep . || echo 0)))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
