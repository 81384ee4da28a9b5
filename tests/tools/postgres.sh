#!/bin/sh
# SPDX-License-Identifier: MIT
# A private PostgreSQL server for tests: made, started and thrown away without touching any other.
#   postgres.sh start DIR    prints PGURL=... (trusted), PGURL_SOCKET=..., PGURL_PASSWORD=... (role pw, password secret)
#   postgres.sh standby DIR PRIMARY   a hot standby of the server in the folder PRIMARY; prints PGURL=...
#   postgres.sh promote DIR           makes a primary of it
#   postgres.sh restart DIR MODE      smart, fast or immediate, as pg_ctl has it
#   postgres.sh stop DIR
# PGTEST_FSYNC=on makes it as safe, and as slow, as a real one. PGTEST_CONF: more lines for postgresql.conf.
set -eu

fail() {
    echo "postgres.sh: $*" >&2
    exit 1
}

[ $# -eq 2 ] || [ "${1:-}:$#" = standby:3 ] || [ "${1:-}:$#" = restart:3 ] ||
    fail "usage: postgres.sh start|promote|stop DIR, standby DIR PRIMARY, restart DIR MODE"
mkdir -p "$2"
dir=$(cd "$2" && pwd -P)

# The binaries are not on the path everywhere; the newest version wins.
find_binaries() {
    for bin in "$(pg_config --bindir 2>/dev/null)" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
        [ -n "$bin" ] && [ -x "$bin/initdb" ] && [ -x "$bin/pg_ctl" ] && return
    done
    fail "no PostgreSQL server found (initdb, pg_ctl)"
}

# The server refuses to run as root.
as_user() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env HOME="$dir" "$@"
    fi
}

configure() {
    cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
fsync = ${PGTEST_FSYNC:-off}
max_connections = 100
logging_collector = off
${PGTEST_CONF:-}
END
    cat >"$dir/data/pg_hba.conf" <<END
local all pw scram-sha-256
host  all pw 127.0.0.1/32 scram-sha-256
local all all trust
host  all all 127.0.0.1/32 trust
host  replication all 127.0.0.1/32 trust
END
}

# A port may be taken by somebody between our choice and our bind: then the next one.
start_on_free_port() {
    attempt=0
    while [ $attempt -lt 20 ]; do
        port=$((20000 + ($$ * 31 + attempt * 977) % 30000))
        as_user "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -o "-p $port" start >/dev/null 2>&1 && return
        attempt=$((attempt + 1))
    done
    tail -n 20 "$dir/log" >&2
    fail "the server does not start"
}

start() {
    [ ! -e "$dir/data" ] || fail "$dir/data is there already"
    if [ "$(id -u)" -eq 0 ]; then
        chown "$user" "$dir"
        chmod 755 "$dir"
    fi
    as_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale -N >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; fail "initdb failed"; }
    configure
    start_on_free_port
    echo "CREATE ROLE pw LOGIN PASSWORD 'secret'" |
        as_user "$bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$dir" -p "$port" -U postgres postgres
    socket=$(echo "$dir" | sed 's,/,%2F,g')
    echo "PGURL=postgresql://postgres@127.0.0.1:$port/postgres"
    echo "PGURL_SOCKET=postgresql://postgres@$socket:$port/postgres"
    echo "PGURL_PASSWORD=postgresql://pw:secret@127.0.0.1:$port/postgres"
}

standby() {
    [ ! -e "$dir/data" ] || fail "$dir/data is there already"
    if [ "$(id -u)" -eq 0 ]; then
        chown "$user" "$dir"
        chmod 755 "$dir"
    fi
    primary=$(sed -n 4p "$1/data/postmaster.pid")
    as_user "$bin/pg_basebackup" -c fast -R -D "$dir/data" -h 127.0.0.1 -p "$primary" -U postgres ||
        fail "pg_basebackup failed"
    echo "unix_socket_directories = '$dir'" >>"$dir/data/postgresql.conf"
    start_on_free_port
    echo "PGURL=postgresql://postgres@127.0.0.1:$port/postgres"
}

stop() {
    [ -d "$dir/data" ] || return 0
    as_user "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$dir/data" "$dir/log" "$dir/initdb.log"
}

user=nobody
id -u postgres >/dev/null 2>&1 && user=postgres
find_binaries
case $1 in
start) start ;;
stop) stop ;;
standby) standby "$3" ;;
promote) as_user "$bin/pg_ctl" -D "$dir/data" -w -t 60 promote >/dev/null || fail "cannot be promoted" ;;
restart) as_user "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -m "$3" -w -t 60 restart >/dev/null || fail "cannot be restarted" ;;
*) fail "usage: postgres.sh start|promote|stop DIR" ;;
esac
