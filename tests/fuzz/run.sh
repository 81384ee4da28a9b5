#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every fuzz target for a while, from its corpus on; what it finds is left in build-fuzz/findings.
#     tests/fuzz/run.sh [SECONDS]      for each target; default 30
# Without clang's fuzzing runtime each target only replays its corpus. The last line is "N passed, N failed".
set -eu

seconds=${1:-30}
case $seconds in
'' | *[!0-9]*)
    echo "usage: tests/fuzz/run.sh [SECONDS]" >&2
    exit 64
    ;;
esac

cd "$(dirname "$0")/../.."
into=build-fuzz
passed=0
failed=0
targets='splitter_postgresql splitter_sqlite names directives settings'

can_fuzz() {
    echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n); int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d[0] == n; }' |
        clang -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null
}

kind=replay
compiler=${CC:-cc}
if can_fuzz; then
    kind=fuzz
    compiler=clang
fi

programs=
for target in $targets; do
    programs="$programs tests/fuzz/${kind}_$target"
done
[ -f "$into/build.ninja" ] || CC=$compiler meson setup "$into" -Dfuzz="$([ $kind = fuzz ] && echo true || echo false)"
# shellcheck disable=SC2086 # a list of words
ninja --quiet -C "$into" $programs

# fuzz TARGET: what it learns goes into a folder of the build, so that the corpus stays small.
fuzz() {
    mkdir -p "$into/learned/$1" "$into/findings"
    "$into/tests/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=4096 \
        -print_final_stats=1 -dict=tests/fuzz/sql.dict -artifact_prefix="$into/findings/$1-" "$into/learned/$1" "tests/fuzz/corpus/$1"
}

replay() {
    "$into/tests/fuzz/replay_$1" "tests/fuzz/corpus/$1"
}

for target in $targets; do
    if $kind "$target" >"$into/$target.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $target: $(sed -n 's/^stat::number_of_executed_units: *\(.*\)/\1 runs/p; s/^\([0-9]* inputs\)$/\1/p' "$into/$target.log")"
    else
        failed=$((failed + 1))
        tail -n 60 "$into/$target.log"
        echo "FAILED  $target"
    fi
done

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
