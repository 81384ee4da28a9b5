#!/bin/sh
# SPDX-License-Identifier: MIT
# What the library promises to whoever links it: every function of the public header is in the map and exported, and
# nothing else is; nothing in it prints, exits or reads the environment where it should not; the headers compile alone.
#   check.sh SOURCE-ROOT LIBMIGRATE.SO LIBMIGRATE.A
# CC and CXX name the compilers; without a C++ one that part is passed over.
set -eu

root=$1 library=$2 archive=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "FAIL: $*" >&2
    failures=$((failures + 1))
}

# Two sorted lists of names are the same.
same() {
    comm -23 "$2" "$3" >"$work/less"
    comm -13 "$2" "$3" >"$work/more"
    [ ! -s "$work/less" ] || fail "$1: missing: $(tr '\n' ' ' <"$work/less")"
    [ ! -s "$work/more" ] || fail "$1: too many: $(tr '\n' ' ' <"$work/more")"
}

# ---- names ----
# Declarations: every name before a parenthesis that does not begin a function pointer, in the text without comments.
${CC:-cc} -E -P -I"$root/include" "$root/include/migrate.h" |
    tr '\n' ' ' | tr ';' '\n' | grep visibility | grep -o 'migrate_[a-z0-9_]*(' | tr -d '(' | sort -u >"$work/header"
sed -n '/^global:/,/^local:/p' "$root/lib/libmigrate.map" | sed -n 's/^ *\(migrate_[a-z0-9_]*\);$/\1/p' >"$work/map.order"
sort -u "$work/map.order" >"$work/map"
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/exported"
[ -s "$work/header" ] || fail "no function was found in migrate.h"
same "map against header" "$work/header" "$work/map"
same "exports against map" "$work/map" "$work/exported"
nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | grep -v '@@LIBMIGRATE_1\.' >"$work/unversioned" || true
[ ! -s "$work/unversioned" ] || fail "without a version: $(tr '\n' ' ' <"$work/unversioned")"
nm -g --defined-only "$archive" | awk 'NF == 3 && $3 !~ /^__odr_asan/ { print $3 }' | sort -u >"$work/archived"
same "static library against map" "$work/map" "$work/archived"
readelf -d "$library" | grep -q 'SONAME.*\[libmigrate\.so\.1\]' || fail "the soname is not libmigrate.so.1"

# ---- manners ----
forbidden='exit|_exit|_Exit|quick_exit|abort|__assert_fail|printf|__printf_chk|fprintf|__fprintf_chk|vprintf|vfprintf'
forbidden="$forbidden|puts|fputs|putchar|putc|fputc|perror|stdout|stderr|setlocale|uselocale|strtod|atof|chdir|fork|vfork"
forbidden="$forbidden|system|popen|signal|sigaction|sigprocmask|setenv|putenv|unsetenv|secure_getenv|strerror|rand|srand"
forbidden="$forbidden|localtime|strtok|pthread_create|thrd_create|atexit|alarm|isalpha|isdigit|isspace|tolower|toupper"
# A sanitizer brings functions of its own; what the library itself asks for is still to be seen.
nm -D --undefined-only "$library" | awk '{ sub(/@.*/, "", $2); print $2 }' | sort -u >"$work/used"
grep -Ex "$forbidden" "$work/used" >"$work/bad" || true
[ ! -s "$work/bad" ] || fail "the library uses $(tr '\n' ' ' <"$work/bad")"
grep -rl 'getenv(' "$root/lib" --include='*.c' | sed "s|^$root/||" >"$work/getenv"
[ "$(cat "$work/getenv")" = lib/core/options.c ] || fail "getenv is used in: $(tr '\n' ' ' <"$work/getenv")"
# No variable outlives a call: tables that only the loader writes to, to relocate them, are fine.
if ! grep -qE '^__(asan|ubsan|tsan)_' "$work/used"; then
    readelf -SW "$library" | sed -n 's/^ *\[ *\([0-9]*\)\] \(\.data\|\.bss\|\.tdata\|\.tbss\) .*/\1/p' >"$work/sections"
    readelf -sW "$library" | awk 'NR == FNR { writable[$1] = 1; next } ($4 == "OBJECT" || $4 == "TLS") && $7 in writable { print $8 }' \
        "$work/sections" - | grep -vE '^(completed\.[0-9]+|__dso_handle|__TMC_END__)$' >"$work/writable" || true
    [ ! -s "$work/writable" ] || fail "variables: $(tr '\n' ' ' <"$work/writable")"
fi

# ---- headers ----
for header in migrate.h migrate_sqlite3.h migrate_libpq.h; do
    flags="-I$root/include $(pkg-config --cflags libpq sqlite3 2>/dev/null || true)"
    echo "#include <$header>" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cpp"
    for standard in c99 c11; do
        ${CC:-cc} -std=$standard -pedantic -Wall -Wextra -Wstrict-prototypes -Werror $flags -c "$work/alone.c" \
            -o "$work/alone.o" || fail "$header does not compile alone as $standard"
    done
    if command -v "${CXX:-c++}" >"$work/cxx"; then
        ${CXX:-c++} -std=c++17 -pedantic -Wall -Wextra -Werror $flags -c "$work/alone.cpp" -o "$work/alone.o" ||
            fail "$header does not compile alone as c++17"
    else
        echo "no C++ compiler: $header was not compiled as C++" >&2
    fi
done
grep -h '^#include' "$root/include/migrate.h" | sort >"$work/includes"
printf '#include <stddef.h>\n#include <stdint.h>\n' | cmp -s - "$work/includes" ||
    fail "migrate.h includes more than stddef.h and stdint.h"

if [ "$failures" -gt 0 ]; then
    exit 1
fi
echo "$(wc -l <"$work/header") functions, as the header says"
