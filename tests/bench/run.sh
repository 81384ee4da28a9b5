#!/bin/sh
# SPDX-License-Identifier: MIT
# Speed and size against what the databases' own tools need for the same work, side by side in one run.
#     tests/bench/run.sh [--brief] [--check] [--rounds N] [--build FOLDER] [--work FOLDER]
# --brief   everything small and fsync=off, in less than a minute: shows that it works; times have no targets then
#           Fails all the same if something takes ten times what it may, or does not arrive in the database
# --check   success only if every target is met
# --rounds  how often each comparison is repeated (9; on PostgreSQL 5 at most, but for COPY)
# --build   a build of libmigrate; without it one is made in the work folder, with buildtype=release
# --work    where databases and migrations are put, on a real disk (a new folder in /var/tmp)
#
# Each round runs the two sides one after the other on fresh databases. "ratio" is the median of the rounds'
# ratios of wall time, which the target is held against; "least" compares the fastest round of each side, which
# a busy machine disturbs less; "CPU" does the same for the time on the processor, without the server's.
#
# A migration is CREATE TABLE with two columns and a primary key, CREATE INDEX, and its rollback, in a file of its
# own. Big input is one file of rows: as the data of a COPY, in Latin and in Cyrillic letters, as INSERTs of 100
# rows, as INSERTs of one row. SQLite is used as it comes; PostgreSQL is a private server with fsync=on. The other
# side is the sqlite3 shell, and psql without its distribution's wrapper, given all statements in one file.
# Needs: cc, sqlite3, PostgreSQL, the libraries' headers; meson without --build.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
brief='' check='' rounds='' build='' work=''

usage() {
    echo "usage: tests/bench/run.sh [--brief] [--check] [--rounds N] [--build FOLDER] [--work FOLDER]" >&2
    exit 64
}

while [ $# -gt 0 ]; do
    case $1 in
    --brief) brief=yes ;;
    --check) check=yes ;;
    --rounds | --build | --work)
        [ $# -gt 1 ] || usage
        [ "$1" != --rounds ] || rounds=$2
        [ "$1" != --build ] || build=$(cd "$2" && pwd)
        [ "$1" != --work ] || work=$2
        shift
        ;;
    *) usage ;;
    esac
    shift
done

small=1000 large=10000 megabytes=64 rows_big=1000000 single=100000 fsync=on
if [ -n "$brief" ]; then
    small=100 large=1000 megabytes=8 rows_big=60000 single=40000 fsync=off
    rounds=${rounds:-3}
fi
rounds=${rounds:-9}

top=$(mktemp -d "${work:-/var/tmp}/libmigrate-bench.XXXXXX")
chmod 755 "$top" # the server runs as another user
missed=0
wrong=0

finish() {
    status=$?
    trap - EXIT
    [ "$status" -eq 0 ] || [ ! -s "$top/log" ] || tail -n 20 "$top/log" >&2
    "$root/tests/tools/postgres.sh" stop "$top/postgresql" >/dev/null 2>&1 || true
    rm -rf "$top"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- what is needed ----

prepare() {
    if [ -z "$build" ]; then
        build=$top/build
        meson setup "$build" "$root" --buildtype=release -Dtests=false >"$top/log"
        ninja -C "$build" >>"$top/log"
    fi
    tool=$build/examples/migratectl/migratectl
    flags="-std=gnu11 -D_GNU_SOURCE -O2 -I$root/include -I$root/lib"
    # shellcheck disable=SC2086 # lists of words
    {
        cc $flags "$root/tests/bench/measure.c" -o "$top/measure"
        cc $flags "$root/tests/bench/noop.c" -o "$top/noop" "$build/lib/libmigrate.so" \
            -Wl,-rpath,"$build/lib" -lsqlite3
        cc $flags "$root/tests/bench/splitter.c" -o "$top/splitter" "$build/lib/libmigrate-internal.a" -lmd -ldl
        cc $flags $(pkg-config --cflags libpq sqlite3) "$root/tests/bench/facts.c" -o "$top/facts" "$build/lib/libmigrate-internal.a" -lmd -ldl
    }
    cd "$top"
    unset MIGRATE_URL DATABASE_URL MIGRATE_DIR PGOPTIONS
}

# migrations FOLDER COUNT WHAT: a file for each; FOLDER.sql has all of them, FOLDER.each.sql a transaction for
# each, FOLDER.whole.sql one for all.
migrations() {
    mkdir "$1"
    awk -v folder="$1" -v count="$2" -v what="$3" 'BEGIN {
        all = folder ".sql"; each = folder ".each.sql"
        for (i = 1; i <= count; i++) {
            up = "CREATE TABLE t_" i "(id bigint primary key, name text not null);\n"
            down = "-- ROLLBACK: DROP TABLE t_" i ";\n"
            if (what == "index")
                up = up "CREATE INDEX t_" i "_name ON t_" i "(name);\n"
            if (what == "insert") {
                up = (i == 1 ? "CREATE TABLE v(n bigint);\n" : "") "INSERT INTO v VALUES(" i ");\n"
                down = ""
            }
            file = sprintf("%s/%05d_step_%d.sql", folder, i, i)
            printf "%s%s", up, down >file
            close(file)
            printf "%s", up >all
            printf "BEGIN;\n%sCOMMIT;\n", up >each
        }
    }'
    {
        echo "BEGIN;"
        cat "$1.sql"
        echo "COMMIT;"
    } >"$1.whole.sql"
}

# big FOLDER ROWS KIND: one file, in FOLDER and as FOLDER.sql; FOLDER.whole.sql is one transaction.
big() {
    mkdir "$1"
    awk -v rows="$2" -v kind="$3" 'BEGIN {
        print "CREATE TABLE big(id bigint, name text, note text, amount numeric(12, 2));"
        into = "INSERT INTO big (id, name, note, amount) VALUES "
        data = kind == "copy" || kind == "cyrillic"
        if (data)
            print "COPY big (id, name, note, amount) FROM stdin;"
        for (i = 1; i <= rows; i++) {
            if (kind == "cyrillic")
                printf "%d\tпокупатель %d\tоплачено -- частично; через %d дней\t%d.50\n", i, i, i % 90, i % 1000
            else if (kind == "copy")
                printf "%d\tcustomer number %d\tpaid -- in part; the rest in %d days\t%d.50\n", i, i, i % 90, i % 1000
            else
                printf "%s(%d, \047customer number %d\047, \047paid -- in part; the rest in %d days, O\047\047Brien\047, %d.50)%s\n",
                    kind == "one" || i % 100 == 1 ? into : "", i, i, i % 90, i % 1000,
                    kind == "one" || i % 100 == 0 || i == rows ? ";" : ","
        }
        if (data)
            print "\\."
    }' >"$1/001_big.sql"
    ln -s "$1/001_big.sql" "$1.sql"
    {
        echo "BEGIN;"
        cat "$1.sql"
        echo "COMMIT;"
    } >"$1.whole.sql"
}

# ---- one side of a round: wall and CPU microseconds, KiB ----

sqlite_fresh() {
    rm -f "$1" "$1-journal" "$1-wal" "$1-shm"
    sync
}

# The sqlite3 shell with all of FOLDER in one transaction.
sqlite_floor() {
    sqlite_fresh floor.db
    ./measure sqlite3 floor.db <"$1.whole.sql"
}

sqlite_ours() {
    sqlite_fresh ours.db
    ./measure "$tool" up --url sqlite:ours.db --dir "$1" 2>"$top/log"
}

psql_fresh() {
    "$psql" -X -q -v ON_ERROR_STOP=1 -c "DROP DATABASE IF EXISTS bench" -c "CREATE DATABASE bench" \
        -c CHECKPOINT "$server/postgres" 2>/dev/null
    sync
}

psql_floor() { # ARGUMENT...
    psql_fresh
    ./measure "$psql" -X -q -v ON_ERROR_STOP=1 "$@" "$server/bench"
}

psql_ours() { # ARGUMENT...
    psql_fresh
    ./measure "$tool" up --url "$server/bench" "$@" 2>"$top/log"
}

# ---- the table ----

say() {
    printf '\n%-44s %10s %10s %7s %7s %7s %8s  %s\n' "$1" "$2" "$3" ratio least CPU target verdict
}

# too_much VALUE TARGET: no busy machine explains ten times the target.
too_much() {
    awk -v value="$1" -v target="$2" 'BEGIN { exit !(value > 10 * target) }' || return 0
    wrong=$((wrong + 1))
}

# line NAME FLOOR OURS RATIO LEAST CPU TARGET VALUE: VALUE is what may not exceed TARGET; "-": nothing to show.
line() {
    verdict=-
    if [ "$7" != - ]; then
        verdict=$(awk -v value="$8" -v target="$7" 'BEGIN { print value <= target ? "met" : "MISSED" }')
        [ "$verdict" = met ] || missed=$((missed + 1))
        too_much "$8" "$7"
    fi
    printf '%-44s %10s %10s %7s %7s %7s %8s  %s\n' "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$verdict"
}

# compare NAME TARGET FLOOR-COMMAND OURS-COMMAND: the commands are words for the shell.
compare() {
    target=$2 most=$2
    [ -z "$brief" ] || target=-
    : >rounds
    i=0
    while [ $i -lt "$rounds" ]; do
        floor=$(eval "$3")
        ours=$(eval "$4")
        echo "$floor $ours" >>rounds
        i=$((i + 1))
    done
    figures=$(awk '
        function least(list,    k, at) { for (k in list) if (at == "" || list[k] < at) at = list[k]; return at }
        function median(list, count,    j, k, kept) {
            for (j = 2; j <= count; j++)
                for (k = j; k > 1 && list[k] < list[k - 1]; k--) {
                    kept = list[k]; list[k] = list[k - 1]; list[k - 1] = kept
                }
            return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
        }
        { a[NR] = $1; b[NR] = $4; ratio[NR] = $4 / $1; p[NR] = $2; q[NR] = $5 }
        END {
            l = least(b) / least(a); cpu = least(q) / least(p)
            printf "%.3f_s %.3f_s %.2f", median(a, NR) / 1e6, median(b, NR) / 1e6, median(ratio, NR)
            printf " %.2f %.2f", l, cpu
        }' rounds)
    # shellcheck disable=SC2086 # a list of words
    set -- "$1" $figures
    line "$1" "$(echo "$2" | tr _ ' ')" "$(echo "$3" | tr _ ' ')" "$4" "$5" "$6" "$target" "$4"
    [ "$target" != - ] || [ "$most" = - ] || too_much "$5" "$most"
}

# The most memory that each side took in the rounds of the last comparison.
peak() {
    figures=$(awk '{ if ($3 > a) a = $3; if ($6 > b) b = $6 } END { printf "%.1f %.1f", a / 1024, b / 1024 }' rounds)
    line "    peak memory" "${figures% *} MiB" "${figures#* } MiB" - - - 32 "${figures#* }"
}

# arrived COUNT ROWS: of the last comparison.
arrived() {
    [ "$1" = "$2" ] || {
        echo "$1 rows arrived, not $2"
        wrong=$((wrong + 1))
    }
}

# ---- sections ----

speed_sqlite() {
    say "SQLite $(sqlite3 --version | cut -d' ' -f1), from empty" sqlite3 migratectl
    compare "$small migrations, one transaction there" 1.30 "sqlite_floor tables" "sqlite_ours tables"
}

speed_postgresql() {
    kept=$rounds
    [ "$rounds" -le 5 ] || rounds=5
    say "PostgreSQL, fsync=$fsync, from empty" psql migratectl
    compare "$small migrations, all in one transaction" 1.30 "psql_floor -1 -f tables.sql" \
        "psql_ours --dir tables --transaction run"
    compare "$small migrations, one each against psql -1" 1.30 "psql_floor -1 -f tables.sql" \
        "psql_ours --dir tables"
    compare "$small migrations, a transaction for each" 1.30 "psql_floor -f tables.each.sql" \
        "psql_ours --dir tables"
    rounds=$kept
}

big_sqlite() {
    say "SQLite, one big file" sqlite3 migratectl
    for kind in hundred one; do
        eval "count=\$count_$kind"
        compare "$count rows, INSERTs of $kind" 1.10 "sqlite_floor big_$kind" "sqlite_ours big_$kind"
        peak
        arrived "$(sqlite3 ours.db 'SELECT count(*) FROM big')" "$count"
    done
}

# psql sends each INSERT by itself and waits: many of one row take it long, so they are fewer. COPY takes neither side
# long, and is given all rounds, because the two are close.
big_postgresql() {
    kept=$rounds
    say "PostgreSQL, fsync=$fsync, one big file" psql migratectl
    for kind in copy cyrillic hundred one; do
        eval "count=\$count_$kind"
        limit=1.10
        [ $kind != one ] || limit=0.25
        [ $kind != hundred ] || [ "$rounds" -le 3 ] || rounds=3
        compare "$count rows, $(echo $kind |
            sed 's/^copy$/data of COPY/; t; s/^cyrillic$/data of COPY, Cyrillic/; t; s/^/INSERTs of /')" $limit \
            "psql_floor -1 -f big_$kind.sql" "psql_ours --dir big_$kind"
        peak
        arrived "$("$psql" -X -A -t -c 'SELECT count(*) FROM big' "$server/bench")" "$count"
    done
    rounds=$kept
}

# What the server logged of one start: queries, milliseconds.
postgresql_queries() {
    : >"$top/postgresql/log"
    i=0
    while [ $i -lt 5 ]; do
        PGOPTIONS='-c log_min_duration_statement=0' "$tool" up --url "$server/bench" --dir "$1" >/dev/null 2>&1
        i=$((i + 1))
    done
    awk '/duration: .* ms  statement:/ {
            sub(/.*duration: /, ""); count++
            if (least == "" || $1 < least) least = $1
        } END { printf "%g %.0f\n", count / 5, least * 1000 }' "$top/postgresql/log"
}

# noop_lines NAME "QUERIES MICROSECONDS" "QUERIES MICROSECONDS": with few and with many migrations applied. The
# database's part is so short that three times as much is noise still; a part that grew with the number would be
# a thousand times as much.
noop_lines() {
    few=$2 many=$3
    line "$1: queries" "${few% *}" "${many% *}" - - - 1 "${many% *}"
    ratio=$(awk -v few="${few#* }" -v many="${many#* }" 'BEGIN { printf "%.2f", many / few }')
    line "$1: in the database" "${few#* } us" "${many#* } us" "$ratio" - - 3 "$ratio"
}

noop_sqlite() {
    for folder in few many; do
        sqlite_fresh $folder.db
        "$tool" up -q --url "sqlite:$folder.db" --dir $folder >/dev/null
    done
    few=$(./noop sqlite:few.db few)
    many=$(./noop sqlite:many.db many)
    noop_lines SQLite "${few% *}" "${many% *}"
    # shellcheck disable=SC2016 # expanded by compare
    compare "SQLite: all of migratectl" - './measure "$tool" up -q --url sqlite:few.db --dir few' \
        './measure "$tool" up -q --url sqlite:many.db --dir many'
}

noop_postgresql() {
    psql_fresh
    "$tool" up -q --transaction run --url "$server/bench" --dir few >/dev/null 2>&1
    few=$(postgresql_queries few)
    psql_fresh
    "$tool" up -q --transaction run --url "$server/bench" --dir many >/dev/null 2>&1
    many=$(postgresql_queries many)
    noop_lines PostgreSQL "$few" "$many"
}

noop() {
    say "A start with nothing to do" "10 applied" "$large applied"
    noop_sqlite
    [ -z "$server" ] || noop_postgresql
}

memory_line() { # NAME FOLDER
    # shellcheck disable=SC2046 # lists of words
    set -- "$1" $(sqlite_floor "$2") $(sqlite_ours "$2")
    floor=$(awk -v kib="$4" 'BEGIN { printf "%.1f", kib / 1024 }')
    ours=$(awk -v kib="$7" 'BEGIN { printf "%.1f", kib / 1024 }')
    line "$1" "$floor MiB" "$ours MiB" - - - 24 "$ours"
}

memory() {
    say "Peak memory on SQLite" sqlite3 migratectl
    memory_line "$large migrations with an INSERT" many
    memory_line "$large migrations with a CREATE TABLE" plain
}

# schema COUNT: tables of seven columns, with a primary key, an index, a check, and a foreign key to the one before.
schema() {
    awk -v count="$1" 'BEGIN {
        for (i = 1; i <= count; i++) {
            printf "CREATE TABLE f%d (id bigint PRIMARY KEY, a integer NOT NULL DEFAULT 0, b text, c numeric(10, 2), d timestamp, e boolean, ", i
            printf "f bigint REFERENCES f%d (id), CHECK (a > 0));\nCREATE INDEX f%d_a ON f%d (a, b);\n", (i > 1 ? i - 1 : 1), i, i
        }
    }'
}

# facts_line NAME MILLISECONDS-MOST URL
facts_line() {
    found=$(./facts "$3")
    line "$1" "${found#* } facts" "${found% *} ms" - - - "$2" "${found% *}"
}

facts() {
    say "Reading what a schema consists of" found took
    for tables in 250:60 1000:300; do
        sqlite_fresh facts.db
        { echo 'BEGIN;' && schema "${tables%:*}" && echo 'COMMIT;'; } | sqlite3 facts.db
        facts_line "SQLite, ${tables%:*} tables" "${tables#*:}" sqlite:facts.db
        [ -n "$server" ] || continue
        psql_fresh
        schema "${tables%:*}" | "$psql" -X -q -1 "$server/bench" >/dev/null
        facts_line "PostgreSQL, ${tables%:*} tables" "${tables#*:}" "$server/bench"
    done
}

# The dynamic linker tells what it maps, now or later.
libraries() {
    say "Libraries that a run on SQLite maps" - migratectl
    sqlite_fresh ours.db
    count=$(LD_DEBUG=files "$tool" up -q --url sqlite:ours.db --dir few 2>&1 >/dev/null |
        grep -c 'calling init: .*libpq' || true)
    line "libpq" - "$count" - - - 0 "$count"
}

splitting() {
    say "Cutting $megabytes MB of INSERTs into statements" - MB/s
    for dialect in postgresql sqlite; do
        line "$dialect" - "$(./splitter $dialect $megabytes)" - - - - -
    done
}

# ---- all of it ----

prepare
migrations tables $small index
migrations few 10 insert
migrations many $large insert
migrations plain $large table
count_copy=$rows_big count_cyrillic=$rows_big count_hundred=$rows_big count_one=$single
big big_copy $count_copy copy
big big_cyrillic $count_cyrillic cyrillic
big big_hundred $count_hundred hundred
big big_one $count_one one

server='' psql=''
if started=$(PGTEST_FSYNC=$fsync "$root/tests/tools/postgres.sh" start "$top/postgresql" 2>"$top/log"); then
    server=$(echo "$started" | sed -n 's,^PGURL=\(.*\)/postgres$,\1,p')
    psql=$(printf '%s\n' "$(pg_config --bindir 2>/dev/null)/psql" /usr/lib/postgresql/*/bin/psql |
        while read -r file; do [ ! -x "$file" ] || echo "$file"; done | tail -n 1)
fi

buildtype=$(meson introspect --buildoptions "$build" 2>/dev/null |
    sed -n 's/.*"name": "buildtype", "value": "\([a-z]*\)".*/\1/p')
echo "$("$tool" --version 2>/dev/null | head -n 1), buildtype ${buildtype:-unknown}, $rounds rounds," \
    "$(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg)"

speed_sqlite
[ -z "$server" ] || speed_postgresql
big_sqlite
[ -z "$server" ] || big_postgresql
noop
facts
memory
libraries
splitting
[ -n "$server" ] || printf '\nNo PostgreSQL server could be started; its part is left out.\n'

printf '\n%d target%s missed\n' "$missed" "$([ "$missed" -eq 1 ] || echo s)"
[ "$wrong" -eq 0 ] || echo "$wrong wrong: ten times what it may be, or not in the database"
: >"$top/log"
[ "$wrong" -eq 0 ] || exit 1
[ -z "$check" ] || [ "$missed" -eq 0 ] || exit 1
