#!/bin/sh
# SPDX-License-Identifier: MIT
# A private PgBouncer in front of a test's server, for all of its databases.
#   pgbouncer.sh start DIR URL [MODE [SIZE]]   URL: of the server. MODE: transaction (default), session or statement.
#                                              SIZE: server connections for each database (default 2). Prints PGURL=...
#   pgbouncer.sh stop DIR
# PGBTEST_CONF: more lines for its section [pgbouncer]; PGBTEST_DATABASE: more words for its one database ("connect_query='...'").
# PGBTEST_OWNER: it stops when this process has ended.
# Besides postgres it knows a user "pw" with the password "secret", and those in PGBTEST_USERS ("a b"), who have none.
set -eu

fail() {
    echo "pgbouncer.sh: $*" >&2
    exit 1
}

# It refuses to run as root.
as_user() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"
    fi
}

configure() {
    server=${1#*://}
    address=${server#*@}
    address=${address%%/*}
    cat >"$dir/pgbouncer.ini" <<END
[databases]
* = host=${address%%:*} port=${address##*:} ${PGBTEST_DATABASE:-}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = trust
auth_file = $dir/users
pool_mode = $2
default_pool_size = $3
max_client_conn = 500
admin_users = postgres
logfile = $dir/log
pidfile = $dir/pid
${PGBTEST_CONF:-}
END
    printf '"%s" ""\n' postgres ${PGBTEST_USERS:-} >"$dir/users"
    echo '"pw" "secret"' >>"$dir/users"
}

answers() {
    i=0
    while [ $i -lt 100 ]; do
        [ -s "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null && return
        grep -q FATAL "$dir/log" 2>/dev/null && return 1
        sleep 0.05
        i=$((i + 1))
    done
    return 1
}

# A port may be taken by somebody between our choice and our bind: then the next one.
start() {
    [ ! -e "$dir/pid" ] || fail "$dir/pid is there already"
    [ "$(id -u)" -ne 0 ] || chown "$user" "$dir"
    attempt=0
    while [ $attempt -lt 20 ]; do
        port=$((20000 + ($$ * 31 + 500 + attempt * 977) % 30000))
        configure "$@"
        rm -f "$dir/log"
        if as_user "$binary" -q -d "$dir/pgbouncer.ini" && answers; then
            if [ -n "${PGBTEST_OWNER:-}" ]; then # in a shell of its own: a subshell would keep our output open
                "$0" outlive "$dir" "$PGBTEST_OWNER" >/dev/null 2>&1 </dev/null &
            fi
            echo "PGURL=postgresql://postgres@127.0.0.1:$port/postgres"
            return
        fi
        attempt=$((attempt + 1))
    done
    tail -n 20 "$dir/log" >&2
    fail "PgBouncer does not start"
}

outlive() {
    while kill -0 "$1" 2>/dev/null && [ -e "$dir/pid" ]; do sleep 0.2; done
    stop
}

stop() {
    if [ -s "$dir/pid" ]; then
        pid=$(cat "$dir/pid")
        kill -TERM "$pid" 2>/dev/null || true # at once: INT would wait for its clients
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    fi
    rm -rf "$dir/pgbouncer.ini" "$dir/users" "$dir/pid" "$dir/log"
}

[ $# -ge 2 ] || fail "usage: pgbouncer.sh start DIR URL [MODE [SIZE]], stop DIR"
mkdir -p "$2"
dir=$(cd "$2" && pwd -P)
user=nobody
id -u postgres >/dev/null 2>&1 && user=postgres
case $1 in
start)
    [ $# -ge 3 ] || fail "start needs the server's URL"
    binary=$(command -v pgbouncer || echo /usr/sbin/pgbouncer)
    [ -x "$binary" ] || fail "no pgbouncer found"
    start "$3" "${4:-transaction}" "${5:-2}"
    ;;
outlive) outlive "$3" ;;
stop) stop ;;
*) fail "usage: pgbouncer.sh start|stop" ;;
esac
