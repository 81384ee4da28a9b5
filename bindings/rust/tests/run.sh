#!/bin/sh
# SPDX-License-Identifier: MIT
# The Rust binding as its users get it: a new package that adds it by the command of the README and runs what the README shows; then cargo
# test, rustfmt, clippy, valgrind, and the axum server through tests/lifespans.
#     run.sh [FOLDER]      FOLDER: for everything that is built (default: a temporary one)
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
folder=$(cd "$folder" && pwd)/rust
rm -rf "$folder"
mkdir -p "$folder"

passed=0
failed=0
skipped=0

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}

skip() {
    echo "SKIPPED: the Rust binding: $*"
    skipped=$((skipped + 1))
}

# 1.85 is what the packages need.
toolchain() {
    cargo --version 2>/dev/null | awk '{ split($2, v, "."); exit !(v[1] > 1 || v[2] >= 85) }'
}
if ! toolchain; then
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    # Debian 12 has a newer one beside its own.
    $as_root apt-get -qq update >/dev/null 2>&1 || true
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends cargo-web rustc-web >/dev/null 2>&1 || true
    toolchain || {
        skip "there is no cargo 1.85 or newer"
        finish
    }
fi

export CARGO_TARGET_DIR="$folder/target" LIBMIGRATE_VENDORED=1 RUST_BACKTRACE=0
# One choice of packages and features for all of them, so that each dependency is built once.
all="--workspace --features libmigrate/rusqlite,libmigrate/postgres,libmigrate/tokio,libmigrate/tracing"

# step NAME COMMAND...: one test, shown in full only when it fails.
step() {
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

# counted NAME COMMAND...: adds up the lines "test result: ... N passed; N failed; N ignored" of what it ran.
counted() {
    name=$1
    shift
    status=0
    "$@" >"$folder/log" 2>&1 || status=$?
    # shellcheck disable=SC2046 # three numbers
    set -- $(awk '/^test result:/ { gsub(/;/, ""); for (i = 3; i < NF; i++) n[$(i + 1)] += $i } END { print n["passed"] + 0, n["failed"] + 0, n["ignored"] + 0 }' "$folder/log")
    [ "$status" -eq 0 ] || [ "$2" -gt 0 ] || set -- "$1" 1 "$3"
    if [ "$status" -ne 0 ]; then
        cat "$folder/log"
    elif [ "$1" -eq 0 ]; then
        echo "no test has run"
        set -- 0 1 "$3"
    fi
    grep '^SKIPPED' "$folder/log" | sort -u || true
    passed=$(($passed + $1))
    failed=$(($failed + $2))
    skipped=$(($skipped + $3))
    echo "$1 passed, $2 failed: $name"
}

# What the README says, in a package that was new a moment ago. Its programs run on a file: their server is nobody's.
as_users_do() {
    rm -rf "$folder/app"
    cargo init --quiet --vcs none --name app "$folder/app"
    cd "$folder/app"
    cargo add --quiet --path "$here/libmigrate"
    mkdir -p src/bin migrations tests
    cp "$here"/libmigrate/tests/migrations/*.sql migrations
    cp -r migrations tests/migrations
    awk '/^```rust/ { inside = 1; text = ""; next }
        /^```/ { if (inside && text ~ /fn main\(\)/) { n++; print text > "src/bin/readme_" n ".rs"; close("src/bin/readme_" n ".rs") } inside = 0; next }
        inside { text = text $0 "\n" }' "$here/README.md"
    sed -i 's,postgresql:///app,sqlite:app.db,' src/bin/*.rs
    rm src/main.rs
    echo 'fn main() { println!("cargo:rerun-if-changed=tests/migrations"); }' >build.rs
    for number in 1 2 3; do
        rm -f app.db
        cargo run --quiet --bin "readme_$number" >"out_$number"
    done
    grep -q '^true None Some("002_orders") \["001_users", "002_orders"\]' out_1
    # A file that is added is embedded by the next build.
    echo 'CREATE TABLE later (id integer);' >tests/migrations/004_later.sql
    rm app.db
    cargo run --quiet --bin readme_2
    [ "$(sqlite3 app.db "SELECT count(*) FROM sqlite_schema WHERE name = 'later'")" = 1 ]
}

# With set -e in force, which a function that is tested has not.
step "the README's command and programs" sh -euc "here='$here' folder='$folder'
$(sed -n '/^as_users_do() {/,/^}/p' "$0")
as_users_do"

cd "$here"
# shellcheck disable=SC2086 # words
counted "cargo test" cargo test --quiet $all
# shellcheck disable=SC2086
if cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; then
    step "rustfmt" cargo fmt --check
    step "clippy" cargo clippy --quiet --all-targets $all -- -D warnings
else
    skip "there is no rustfmt or no clippy"
fi

# test_binary NAME: of those that cargo test has built, the newest one.
test_binary() {
    find "$CARGO_TARGET_DIR/debug/deps" -name "$1-*" -type f -perm -u+x ! -name '*.*' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2
}

# Without a server, whose waits are not worth their time here; and what measures time, or starts itself again, is left out.
under_valgrind() {
    (cd libmigrate && env -u MIGRATE_TEST_POSTGRESQL LIBMIGRATE_CYCLES=20 valgrind --quiet --error-exitcode=99 --leak-check=full \
        --show-leak-kinds=definite --errors-for-leak-kinds=definite "$@")
}
if command -v valgrind >/dev/null; then
    counted "the suite under valgrind" under_valgrind "$(test_binary suite)" --test-threads=1 --skip cancelling --skip asynchronous \
        --skip the_environment
    counted "a few cycles under valgrind" under_valgrind "$(test_binary cycles)" --test-threads=1
else
    skip "there is no valgrind"
fi

# shellcheck disable=SC2086
step "the axum server is built" cargo build --quiet --bins $all
if [ -n "${MIGRATE_TEST_POSTGRESQL:-}" ] && [ -x "${MIGRATECTL:-$root/build/examples/migratectl/migratectl}" ]; then
    counted_lifespans() {
        "$root/tests/lifespans/run.py" "$@" -- "$CARGO_TARGET_DIR/debug/libmigrate-example-axum" |
            sed 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/test result: \1 passed; \2 failed; \3 ignored;/'
    }
    counted "lifespans of the axum server" counted_lifespans axum
    counted "lifespans of the axum server on SQLite" counted_lifespans --sqlite "axum on SQLite"
else
    skip "the lifespans need MIGRATE_TEST_POSTGRESQL and migratectl"
fi

# An installed library, where one was built beside this.
if [ -e "$root/build/lib/libmigrate.so" ]; then
    mkdir -p "$folder/pkgconfig"
    printf 'Name: libmigrate\nDescription: as built\nVersion: 1.0.0\nLibs: -L%s -lmigrate\n' "$root/build/lib" >"$folder/pkgconfig/libmigrate.pc"
    export PKG_CONFIG_PATH="$folder/pkgconfig" LD_LIBRARY_PATH="$root/build/lib"
    unset LIBMIGRATE_VENDORED
    counted "with an installed library" cargo test --quiet -p libmigrate-sys
    step "which is the one that is loaded" sh -c "ldd '$(test_binary abi)' | grep -q '$root/build/lib/libmigrate.so.1'"
fi
finish
