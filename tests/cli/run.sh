#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line as its users meet it: real commands on SQLite files in temporary folders; looks at stdout,
# stderr and exit codes. Usage: tests/cli/run.sh PATH-OF-MIGRATECTL
set -u

tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
passed=0 failed=0 name='' broken=0 number=0 given=''
unset MIGRATE_URL DATABASE_URL MIGRATE_DIR NO_COLOR
export TERM=xterm

# ---- the words that tests are written in ----

finish() {
    [ -n "$name" ] || return 0
    if [ "$broken" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# A new test in a folder of its own.
t() {
    finish
    name=$1 broken=0 number=$((number + 1))
    mkdir "$top/$number"
    cd "$top/$number" || exit 1
}

bad() {
    broken=1
    printf 'FAILED %s: %s\n' "$name" "$1"
    sed 's/^/    stdout: /' "$top/out"
    sed 's/^/    stderr: /' "$top/err"
}

# with NAME=VALUE...: the environment of the next run.
with() { given=$*; }

# run CODE ARGUMENT...: runs migratectl and looks at its exit code.
run() {
    wanted=$1
    shift
    # shellcheck disable=SC2086 # a list of words
    env $given "$tool" "$@" >"$top/out" 2>"$top/err" </dev/null
    code=$? given=''
    [ "$code" -eq "$wanted" ] || bad "migratectl $*: exit code $code instead of $wanted"
}

out() { grep -q -- "$1" "$top/out" || bad "stdout lacks: $1"; }
err() { grep -q -- "$1" "$top/err" || bad "stderr lacks: $1"; }
no_out() { ! grep -q -- "$1" "$top/out" || bad "stdout has: $1"; }
no_err() { ! grep -q -- "$1" "$top/err" || bad "stderr has: $1"; }
out_empty() { [ ! -s "$top/out" ] || bad "stdout is not empty"; }
err_empty() { [ ! -s "$top/err" ] || bad "stderr is not empty"; }
json() { [ "$(jq -r "$1" <"$top/out" 2>/dev/null)" = "$2" ] || bad "JSON: $1 is not $2"; }
tables() { [ "$(sqlite3 "$1" "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'table'
    AND name NOT LIKE 'libmigrate%' AND name NOT LIKE 'sqlite%' ORDER BY name)")" = "$2" ] || bad "tables are not: $2"; }

migration() { # FILE TABLE: creates a table, and drops it on the way back
    mkdir -p "$(dirname "$1")"
    printf 'CREATE TABLE %s (id INTEGER PRIMARY KEY);\n\n-- ROLLBACK: DROP TABLE %s;\n' "$2" "$2" >"$1"
}

three() { # the folder that most tests begin with
    migration migrations/001_a.sql a
    migration migrations/002_b.sql b
    migration migrations/003_c.sql c
    export MIGRATE_URL=sqlite:app.db
}

alone() { unset MIGRATE_URL DATABASE_URL; }

for word in sqlite3 jq; do
    command -v "$word" >/dev/null || { echo "tests/cli/run.sh needs $word" && exit 1; }
done

# ---- arguments ----
alone

t 'no command: overview on stderr, usage'
run 64; err 'Commands'; out_empty

t 'help'
run 0 help; out 'Commands'; err_empty
run 0 -h; out 'Commands'
run 0 --help up; out '--dry-run'
run 0 help rollback; out 'migratectl down'
run 0 help options; out '--wait-timeout duration  (5min)'
run 0 help exit-codes; out '130'
run 64 help upp; err 'did you mean up?'

t 'version'
run 0 --version; out '^migratectl [0-9.]* (libmigrate [0-9.]*)$'

t 'typing errors are answered with the right word'
run 64 statsu; err 'did you mean status?'
run 64 rolback; err 'did you mean rollback?'
run 64 up --dyr-run; err 'did you mean --dry-run?'
run 64 up --wait-timeot=3s; err 'did you mean --wait-timeout?'
run 64 up --frobnicate; err 'unknown flag --frobnicate'; err 'Try: migratectl help up'; no_err 'did you'
run 64 up -x; err 'unknown flag -x'

t 'wrong usage'
run 64 up --to; err 'needs a value'
run 64 up --to --yes; err 'needs a value'
run 64 up --dry-run=3; err 'plan|sql|execute'
run 64 up --yes=3; err 'takes no value'
run 64 up --dry-run=execute --format sql; err 'dry-run=sql'
run 64 status --to 3; err '--to does not belong to status'
run 64 status more; err 'one argument too many: more'
run 64 goto; err 'needs an argument'
run 64 up x; err 'up --to x'
run 64 up 0; err 'number of steps'
run 64 up 1 --to 3; err 'only one target'
run 64 up --format yaml; err 'text, json, ndjson, sql, github'
run 64 status --format sql; err 'belongs to plan'
run 64 status --color sometimes; err 'auto, always or never'
run 64 history --limit many; err 'is a number'
run 64 up --url sqlite:a --url-file b; err 'only one of'

t 'usage errors as JSON'
run 64 up --json --frobnicate; json .error.name usage; json .format_version 1; json .command up
run 64 up --format=ndjson --frobnicate; json .error.name usage

t 'flags in any position, in any form'
three
run 0 --format json status -d migrations; json .command status
run 0 -dmigrations -usqlite:app.db status; out '001_a'
run 0 status --url=sqlite:app.db -qv; out '001_a'
run 0 status -- ; out '001_a'

# ---- up, plan, status ----

t 'up applies, says what, and the second time has nothing to do'
three
run 0 up; out '^applied  *001_a'; out '3 applied; the database is at 003_c'; err 'Next: migratectl status'
tables app.db 'a b c'
run 0 up; out 'Nothing to do; the database is at 003_c'
run 0 up -q; out_empty; err_empty

t 'up in steps and to an id'
three
run 0 up 1; out 'at 001_a'; tables app.db 'a'
run 0 up --to 002; out 'at 002_b'; tables app.db 'a b'
run 3 up --to 001; err 'use down'; tables app.db 'a b'
run 3 up --to 9; err '"9"'

t 'the plan changes nothing'
three
run 0 plan; out '^up  *001_a'; out '3 steps: from nothing to 003_c'; err 'Next: migratectl up'
[ ! -e app.db ] || bad 'plan made the file'
run 2 plan --exit-code
run 0 plan 2; out '2 steps'; no_out '003_c '
run 0 plan --to 1; out '1 step:'
run 0 plan --format sql; out 'CREATE TABLE a'
run 0 plan --json; json '.rows | length' 3; json .rows[0].id 001_a; json '.finding_rows | length' 0
run 0 up; run 0 plan --exit-code; out 'Nothing to do'
run 0 plan -1; out '^down  *003_c'
run 0 plan empty; out '3 steps: from 003_c to nothing'
tables app.db 'a b c'

t 'dry runs'
three
run 0 up --dry-run; out '3 steps'; err 'Nothing was changed'; [ ! -e app.db ] || bad 'a dry run made the file'
run 2 up -n --exit-code
run 0 up -n --format sql; out 'CREATE TABLE c'
run 0 up 1 -n --json; json .dry_run true; json .command up
run 0 up; run 0 down -n; out '^down  *003_c'; run 0 goto 1 -n; run 0 down --all -n; run 0 down --only 2 -n; out '002_b'
tables app.db 'a b c'

t 'dry runs: plan, SQL, rehearsal'
three
run 0 up --dry-run=plan; out '3 steps'; [ ! -e app.db ] || bad 'a dry run made the file'
run 0 up --dry-run=sql; out '^-- 2. 002_b (up): migrations/002_b.sql'; out '^BEGIN IMMEDIATE;'; out '^COMMIT;'; no_out 'ROLLBACK: DROP'
run 64 up --dry-run sql; err 'number of steps'
run 0 up --dry-run 2; out '2 steps'
run 0 up 1 --dry-run=sql --json; json '.sql | contains("CREATE TABLE a")' true; json .dry_run true
run 0 up --dry-run=sql -o plan.sql; sqlite3 copy.db <plan.sql || bad 'the SQL does not run'
tables copy.db 'a b c'
run 0 up --dry-run=execute; out '^001_a  *1 '; out 'scratch'; out '3 statements in'; [ ! -e app.db ] || bad 'a rehearsal made the file'
run 0 up; sqlite3 app.db "INSERT INTO a VALUES (1), (2)"; before=$(md5sum app.db)
printf 'UPDATE a SET id = id + 10;\nALTER TABLE a ADD COLUMN b TEXT;\n' >migrations/004_d.sql
run 0 up --dry-run=execute; out '^ID *# *PLACE *TOOK'; out '^004_d *1 *migrations/004_d.sql:1 .* 2$'; err 'Rolled back'
run 0 up --dry-run=execute --json; json .identical true; json '.rows[0].rows' 2; json '.rows[0].line' 1; json .dry_run true; json .left null
run 2 up --dry-run=execute --exit-code; run 0 goto 4 --dry-run=execute; out '004_d'
run 0 down --dry-run=execute --only 3; out '^003_c'; run 0 down --all --dry-run=execute; out '^001_a'
printf 'UPDATE missing SET id = 1;\n' >migrations/005_e.sql
run 1 up --dry-run=execute; err '005_e.sql:1:1'; err 'nothing was changed'
[ "$before" = "$(md5sum app.db)" ] || bad 'a rehearsal changed the file'
tables app.db 'a b c'

t 'status'
three
run 0 up 1; run 0 status
out '^001_a  *applied  *20[0-9-]* [0-9:]*Z'; out '^002_b  *pending'; out '1 applied, 2 pending'; err 'Next: migratectl plan'
run 2 status --exit-code
run 0 status --json; json .state pending; json .rows[1].state pending; err_empty
run 0 up -q; run 0 status --exit-code

t 'aliases name the command'
three
run 0 migrate; err 'migrate is called up here'; out '3 applied'
run 0 info; err 'status'; out '003_c'
run 0 rollback; err 'down'; out '1 rolled back'
run 0 upgrade head -q; err_empty; tables app.db 'a b c'
run 7 downgrade base; run 0 downgrade -1 -q; tables app.db 'a b'
run 64 stamp 3; err 'migratectl baseline 3'

# ---- down, goto, redo ----

t 'down is one step'
three
run 0 up; run 0 down; out '^rolled back  *003_c'; out '1 rolled back; the database is at 002_b'; tables app.db 'a b'
run 0 down 2; out 'the database is at nothing'; tables app.db ''
run 0 down; out 'Nothing to do'

t 'down to an id, one alone, everything'
three
run 0 up; run 0 down --only 2; tables app.db 'a c'
run 0 up --order any; run 0 down --to 001; tables app.db 'a'
run 7 down --all; err 'needs --yes'; tables app.db 'a'
run 0 down --all --yes; tables app.db ''
run 0 up; run 3 down --to 7; err '"7"'

t 'goto either way'
three
run 0 goto 002; tables app.db 'a b'
run 0 goto 1; tables app.db 'a'
run 0 goto +2; tables app.db 'a b c'
run 0 goto -1; tables app.db 'a b'
run 7 goto empty; err '--yes'
run 0 goto empty -y; tables app.db ''

t 'redo rolls back and applies again'
three
run 0 up 2; run 0 redo; out '^rolled back  *002_b'; out '^applied  *002_b'; out '1 rolled back and applied again'
tables app.db 'a b'
run 0 redo 2 --json; json '.rolled_back.rows | length' 2; json '.applied.rows | length' 2; json .applied.to 002_b
run 64 redo x

t 'no rollback text'
three
echo 'CREATE TABLE d (id);' >migrations/004_d.sql
run 0 up; run 7 down; err '004_d'; tables app.db 'a b c d'

t 'repeatable ones'
three
mkdir migrations/repeatable; echo 'DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1;' >migrations/repeatable/v.sql
run 0 up; out '4 applied'
run 0 goto empty --yes; out '^forgotten  *v'; out '3 rolled back; 1 recorded'

# ---- failures and their exit codes ----

t 'a migration that fails: place, caret, exit 1, the earlier ones stay'
three
printf -- '-- x\nCREATE TABLE d (id);\nCREATE TABEL e (id);\n' >migrations/004_d.sql
run 1 up; err '^migrations/004_d.sql:3:8: '; err '^CREATE TABEL e'; err '^ *^$'; err '3 applied before'; tables app.db 'a b c'
run 1 up --json; json .error.name sql; json .error.line 3; json .command up
run 1 up --format ndjson; tail -n 1 "$top/out" >"$top/last"; mv "$top/last" "$top/out"; json .error.file migrations/004_d.sql
run 0 history --failed; out '004_d'; no_out '001_a'

t 'invalid sources'
three
cp migrations/001_a.sql migrations/001_z.sql; run 3 up; err '001'
rm migrations/001_z.sql; run 3 up --dir nowhere; err 'nowhere'
cd "$top" && run 3 up; err '--dir'

t 'a wrong URL, an unreachable server'
three
run 78 up --url oracle:x; err 'oracle'
run 5 up --url postgresql://127.0.0.1:1/x --wait-timeout 100ms --json; json .error.name connect
alone; run 78 up; err 'DATABASE_URL'

t 'a snapshot makes the schema again'
three
run 0 up
run 0 snapshot; out 'table a: '; out '^fingerprint: '; no_out libmigrate_history
run 0 snapshot --json; json '.rows | map(select(.kind == "table").ident) | join(" ")' 'a b c'
fingerprint=$(jq -r .fingerprint <"$top/out")
run 0 snapshot --format sql
sqlite3 other.db <"$top/out"
rm -r migrations
run 0 snapshot --url sqlite:other.db --json; json .fingerprint "$fingerprint"

t 'objects without a history'
three
sqlite3 app.db 'CREATE TABLE old (id)'
run 7 up; err 'baseline'; tables app.db 'old'
run 7 status --exit-code; err 'baseline'
run 0 up --on-unmanaged apply; tables app.db 'a b c old'

t 'a locked file'
three
run 0 up 1
( printf 'BEGIN IMMEDIATE;\n'; sleep 3 ) | sqlite3 app.db &
sleep 1
run 4 up --wait-timeout 200ms; err .
wait

# ---- drift ----

t 'drift names what was changed by hand'
migration m/001_a.sql a
migration m/002_b.sql b
export MIGRATE_URL=sqlite:app.db MIGRATE_DIR=m
run 0 up --keep-facts on
run 0 drift; out 'as the migrations left it'; no_err 'called'
run 0 diff --json; json .by fingerprint; json .count 0
sqlite3 app.db 'DROP TABLE b; CREATE INDEX by_hand ON a (id)'
run 3 drift; out '^removed table b'; out 'restore  CREATE TABLE b'; out '^added   index by_hand'; out 'adopt    CREATE INDEX by_hand'; out '2 differences'
run 3 drift --json; json .by facts; json '.rows | map(.ident) | join(" ")' 'b by_hand'
run 3 drift --format sql; sqlite3 app.db <"$top/out"
run 0 drift -q; out_empty
sqlite3 app.db 'DROP TABLE libmigrate_history_facts; CREATE TABLE c (id INTEGER)'
run 3 drift --json; json .by replay; json '.rows[0].restore' 'DROP TABLE c;'
unset MIGRATE_URL MIGRATE_DIR

t 'check --drift'
migration m/001_a.sql a
export MIGRATE_URL=sqlite:app.db MIGRATE_DIR=m
run 0 up --fingerprint on
run 0 check --drift; out 'Up to date'; out 'as the migrations left it'
migration m/002_b.sql b
run 2 check --drift; out '1 pending'
sqlite3 app.db 'CREATE TABLE c (id INTEGER)'
run 3 check --drift; out '1 pending'; out '^added   table c'
run 3 check --drift --json; json .answer pending; json .drift.count 1; json '.drift.rows[0].ident' c
run 2 check --json; json .drift null
run 64 status --drift
unset MIGRATE_URL MIGRATE_DIR

# ---- check ----

t 'check answers by exit code'
three
run 2 check; out '3 pending'; err 'pending on sqlite:app.db'; [ ! -e app.db ] || bad 'check made the file'
run 0 up; run 0 check; out 'Up to date; the database is at 003_c'
run 0 check -q; out_empty; err_empty
run 0 check --json; json .answer current
echo '-- more' >>migrations/003_c.sql; echo 'CREATE TABLE x (id);' >>migrations/002_b.sql
run 3 check; err '002_b'
run 64 check --mode apply; err 'never writes'

t 'check: findings beside the answer'
three
printf 'CREATE TABLE d (id);\r\n-- migrate: breking\n' >migrations/004_d.sql
run 3 check; err 'unknown directive'; out '004_d.sql:2:13: .*error.*: unknown directive "breking" \[SR05 directive\]'; out '    is "-- migrate: breaking" meant?'
run 3 check --answer; out_empty; run 3 check --json; json .error.name source
printf 'CREATE TABLE d (id);\r\nSELECT 1; -- migrate: breaking\n' >migrations/004_d.sql
run 2 check; out '4 pending'; out '004_d.sql:2:11: warning: '; out '0 errors, 1 warning, 2 notes (--verbose shows them)'; no_out SR12
run 2 check -q; no_out pending; out SR27; run 2 check --answer; no_out SR27
run 3 check --fail-on warning; run 2 check --fail-on warning --rules SR27=info; run 3 check --fail-on info; out SR12
run 64 check --fail-on fatal; run 78 check --rules SR72=off; err 'is SR.. meant'
run 2 check --json; json .answer pending; json .pending 4; json .findings.warnings 1; json '.findings.rows[0].rule' SR06
run 2 check --format github; no_out pending; out '^::warning file=migrations/004_d.sql,line=2,col=11,title=SR27 stray-directive::this looks like'
run 0 up; run 0 check; out 'Up to date'; out SR27; run 0 check --database; out 'Up to date'

t 'check: the files alone'
three; alone
run 0 check; out '0 errors'; no_out 'Up to date'; no_err 'no database is named'
echo 'CREATE TABLE a (id);' >migrations/004_again.sql
run 3 check --files --engine sqlite; out '004_again.sql:1:'; run 3 check --engine sqlite --json; json .answer null; json .findings.by scratch
run 0 check --files --engine postgresql --rules DP04=off; err 'Nothing was run: '
run 64 check --files --database; err 'asks the database'; run 64 check --files --mode wait
printf 'SELECT 1;\nSELECT ?;\n' >'migrations/005_a%,b.sql'; run 3 check --engine sqlite --format github
out '^::error file=migrations/005_a%25%2Cb.sql,line=2,col=8,title=SR15 shell-variable::this is a parameter, and nobody gives it a value: it is null%0Awrite the value itself$'
[ ! -e app.db ] || bad 'check made a database'

t 'check --against'
git init -q -b main . && git config user.email a@b && git config user.name a || bad 'no git'
migration migrations/001_a.sql a; git add . && git commit -q -m one
git checkout -q -b mine; migration migrations/002_mine.sql mine; migration migrations/005_last.sql last; git add . && git commit -q -m mine
git checkout -q main; migration migrations/003_main.sql main; migration migrations/005_taken.sql taken; git add . && git commit -q -m two
git checkout -q mine; before=$(git status --porcelain; git ls-files -s)
with GIT_DIR=.git GIT_INDEX_FILE=.git/none; run 3 check --against main; out 002_mine
run 3 check --against main; out '002_mine.sql: error: 002_mine is new here.*\[SR03 late\]'; out '005_last.sql: error: the other side has another.*005: 005_taken \[SR01 duplicate\]'
no_out '003_main.*removed here'
[ "$(git status --porcelain; git ls-files -s)" = "$before" ] || bad 'the index was touched'
(cd migrations && run 3 check -d . --against main; out 002_mine); run 0 check --against mine; run 0 check --against HEAD
git rm -q migrations/001_a.sql; run 3 check --against main; out '001_a is on the other side, and was removed here'; git reset -q --hard
echo '-- more' >>migrations/001_a.sql; run 3 check --against main --json; json '.findings.rows[0].rule' SR08
run 78 check --against nobody; err 'neither a folder nor a git ref'; git checkout -q .
mkdir ../against; cp migrations/00[1-5]*.sql ../against; run 0 check --against ../against; run 78 check --against ../nowhere
mv ../against ./main; run 3 check --against main; out 002_mine; run 0 check --against ./main
git checkout -q --orphan new; git rm -qrf --cached .; git commit -q --allow-empty -m new; run 3 check --against main; err 'no merge base'
mkdir tmp; with "TMPDIR=$PWD/tmp"; run 3 check --against main; rmdir tmp || bad 'a temporary folder is left'

t 'check: ahead, missing, late'
three
run 0 up; mv migrations/003_c.sql 003; run 8 check; err '003_c'; run 8 status --exit-code
mv 003 migrations/003_c.sql; mv migrations/002_b.sql 002; run 3 check; err '002_b'
mv 002 migrations/002_b.sql; run 0 check
run 0 down --only 002; run 0 history --json; run 2 check
with MIGRATE_MODE=apply; run 2 check; tables app.db 'a c'
migration migrations/0015_l.sql l; mv migrations/0015_l.sql migrations/000_l.sql; run 3 check; err '000_l'

t 'check --mode wait'
three
( sleep 1; "$tool" up -q ) &
run 0 check --mode wait --wait-timeout 20s; out 'Up to date'
wait
migration migrations/004_d.sql d; run 5 check --mode wait --wait-timeout 300ms

# ---- mark, baseline, history ----

t 'mark'
three
run 64 mark 001; err 'needs one of'
run 64 mark --applied --reason x; err 'id'
run 64 mark 001 --applied; err '--reason'
run 64 mark 001 --applied --forgotten; err 'needs one of'
run 0 mark 001 --applied --reason 'by hand'; out '^marked  *001_a'; out '1 recorded without being run'
run 0 up; tables app.db 'b c'
run 0 mark 001_a --forgotten --reason 'was not there'; run 0 status --json; json .rows[0].state pending
run 0 up; echo 'CREATE TABLE x (id);' >>migrations/002_b.sql; run 3 up
run 0 mark --accept-checksum 'x was made by hand' 002; run 0 up
mv migrations/003_c.sql migrations/003_cc.sql; run 3 up; err '003_cc'; run 0 mark --renamed; run 0 up
run 0 history; out 'by hand'; out 'x was made by hand'
run 0 history --limit 1 --json; json '.rows | length' 1; json .rows[0].id 003_cc
run 0 history --limit 2; out 'SEQ'

t 'baseline'
three
sqlite3 app.db 'CREATE TABLE a (id); CREATE TABLE b (id)'
run 0 baseline 002 --reason 'adopted'; out '^baselined  *002_b'; run 0 up; tables app.db 'a b c'
run 64 baseline --from-table x; err 'belong together'
alone; export MIGRATE_URL=sqlite:other.db
sqlite3 other.db "CREATE TABLE schema_migrations (version); INSERT INTO schema_migrations VALUES ('001'), ('002_b.sql')"
run 0 baseline --from-table schema_migrations --column version; run 0 status --json; json .applied 2

t 'history of an empty database'
three
run 0 history; out 'No history yet'

# ---- output ----

t 'one JSON document, talk on stderr only'
three
run 0 up --json; [ "$(wc -l <"$top/out")" -eq 1 ] || bad 'more than one line'; err_empty
json .format_version 1; json .command up; json .changed true; json .applied 3; json '.rows | length' 3

t 'ndjson: events as they come, the result last'
three
run 0 up --format ndjson
[ "$(jq -r .event <"$top/out" | grep -c '^applied$')" -eq 3 ] || bad 'three events applied'
[ "$(jq -r .event <"$top/out" | tail -n 1)" = result ] || bad 'the result is last'

t 'output to a file'
three
run 0 up --json -o report.json; out_empty; cp report.json "$top/out"; json .applied 3
run 74 status -o nowhere/x; err 'nowhere/x'

t 'a closed stdout is an error, after the work'
three
"$tool" up >/dev/full 2>"$top/err"; code=$?; : >"$top/out"
[ "$code" -eq 74 ] || bad "exit code $code"
tables app.db 'a b c'

t 'colour'
three
run 0 up 1; run 0 status; no_out "$(printf '\033')"
run 0 status --color always; out "$(printf '\033')"
TERM=xterm script -qec "'$tool' status" /dev/null >"$top/out" </dev/null; out "$(printf '\033')"
NO_COLOR=1 script -qec "'$tool' status" /dev/null >"$top/out" </dev/null; no_out "$(printf '\033')"
TERM=dumb script -qec "'$tool' status" /dev/null >"$top/out" </dev/null; no_out "$(printf '\033')"

t 'wide and odd names stay aligned and harmless'
export MIGRATE_URL=sqlite:app.db
migration migrations/001_größe_测试.sql a
migration migrations/002_b.sql b
run 0 up; run 0 status; out '^001_größe_测试  applied'; out '^002_b           applied'
run 0 status --json; json .rows[0].id 001_größe_测试

t 'the question on a terminal'
three
run 0 up
printf 'n\n' | script -qec "'$tool' down" /dev/null >"$top/out" 2>&1; out 'Roll back 1 migration'; tables app.db 'a b c'
printf 'y\n' | script -qec "'$tool' down" /dev/null >"$top/out" 2>&1; tables app.db 'a b'
script -qec "'$tool' down --yes" /dev/null >"$top/out" </dev/null 2>&1; no_out 'y/N'; tables app.db 'a'
script -qec "'$tool' down --no-input" /dev/null >"$top/out" </dev/null 2>&1; no_out 'y/N'; tables app.db ''

# ---- where settings come from ----

t 'flag before environment before .env before config before default'
alone
three; alone
mkdir m2; migration m2/001_z.sql z
run 78 up
printf '# comment\n\nurl = sqlite:config.db\n  wait_timeout=3s\n' >migrate.conf
run 0 up -q; [ -e config.db ] || bad 'config'
printf 'SECRET=x\nDATABASE_URL=sqlite:dotenv-low.db\nexport MIGRATE_URL="sqlite:dot\\"env.db" # why\nMIGRATE_DIR='"'m2'"'\n' >.env
run 0 up; out '001_z'; [ -e 'dot"env.db' ] || bad '.env'; [ ! -e dotenv-low.db ] || bad 'DATABASE_URL before MIGRATE_URL'
run 0 up -q --no-env-file
with DATABASE_URL=sqlite:env-low.db; run 0 up -q; [ -e env-low.db ] || bad 'environment'
with MIGRATE_URL=sqlite:env.db DATABASE_URL=sqlite:no.db; run 0 up -q; [ -e env.db ] || bad 'MIGRATE_URL'; [ ! -e no.db ] || bad 'DATABASE_URL'
with MIGRATE_URL=sqlite:no.db; run 0 up -q --url sqlite:flag.db -d migrations; tables flag.db 'a b c'; [ ! -e no.db ] || bad 'flag'

t 'errors in settings name the place'
three
printf 'url = sqlite:x.db\nwait_timout = 3s\n' >migrate.conf
run 78 up; err 'migrate.conf:2: '; err 'wait_timeout'
printf 'wait_timeout = soon\n' >migrate.conf; run 78 up; err 'migrate.conf:1: '
printf 'nonsense\n' >migrate.conf; run 78 up; err 'migrate.conf:1: '
rm migrate.conf; run 78 up -c none.conf; err 'none.conf'
run 78 up --env-file none.env; err 'none.env'
printf 'MIGRATE_DIR="x\n' >.env; run 78 up; err '.env:1: '
printf 'MIGRATE_DRI=x\n' >.env; run 0 up; err '.env:1: MIGRATE_DRI'
with MIGRATE_WAIT_TIMEOUT=5; run 78 up; err 'MIGRATE_WAIT_TIMEOUT'
run 78 up --wait-timeout soon --json; json .error.name option

t 'the URL from a file, from stdin, from a variable'
three; alone
printf 'sqlite:file.db\nmore\n' >url; run 0 up -q --url-file url; [ -e file.db ] || bad 'file'
printf 'sqlite:stdin.db' | "$tool" up -q --url-file - || bad 'stdin'; [ -e stdin.db ] || bad 'stdin'
with MINE=sqlite:mine.db; run 0 up -q --url-env MINE; [ -e mine.db ] || bad 'variable'
run 78 up --url-env MINE; err 'MINE'
echo MINE=sqlite:mine2.db >.env; run 0 up -q --url-env MINE; [ -e mine2.db ] || bad 'variable in .env'
: >url; run 78 up --url-file url; err 'url: '

t 'a password is told off, and seen neither by ps nor in messages'
three
"$tool" up --url postgresql://me:geheim@127.0.0.1:1/x --wait-timeout 3s >"$top/out" 2>"$top/err" &
pid=$!
sleep 1
tr '\0' ' ' <"/proc/$pid/cmdline" >"$top/out"; no_out geheim; out wait-timeout
wait "$pid"; code=$?; [ "$code" -eq 5 ] || bad "exit code $code"
err 'a password on the command line'; no_err geheim

# ---- signals ----

slow() { # FILE TABLE N: about a second for N = 4000000
    printf 'CREATE TABLE %s AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < %s) SELECT max(x) FROM n;\n' \
        "$2" "$3" >"$1"
}

t 'the first signal stops behind the migration that runs'
three
slow migrations/002_b.sql b 8000000
"$tool" up >"$top/out" 2>"$top/err" & pid=$!
sleep 0.5; kill -TERM "$pid"; wait "$pid"; code=$?
[ "$code" -eq 143 ] || bad "exit code $code"
tables app.db 'a b'; err 'Next: migratectl up'
run 0 up; tables app.db 'a b c'

t 'the second signal cancels the statement'
three
slow migrations/002_b.sql b 9000000000
env -i MIGRATE_URL=sqlite:app.db "$tool" up >"$top/out" 2>"$top/err" & pid=$!
sleep 0.5; kill -TERM "$pid"; sleep 0.3; kill -TERM "$pid"; wait "$pid"; code=$?
[ "$code" -eq 143 ] || bad "exit code $code"
err 'cancelled'; rm migrations/002_b.sql; run 0 up; tables app.db 'a c'

# ---- new, embed, completion ----

t 'new'
alone
run 0 new Add 'first users!'; out '^migrations/[0-9]\{14\}_add_first_users.sql$'; err 'created the folder'
[ -f "$(cat "$top/out")" ] || bad 'no file'
run 0 new again; run 0 new and again; [ "$(find migrations -name '*.sql' | sed 's/_.*//' | sort -u | wc -l)" -eq 3 ] || bad 'numbers repeat'
run 0 new counted --sequential -d counted; out '^counted/001_counted.sql$'
run 0 new next -d counted; out '^counted/002_next.sql$'
run 0 new both --pair -d counted; out '^counted/003_both.up.sql$'; out '^counted/003_both.down.sql$'
mkdir wide; : >wide/0041_x.sql; run 0 new next -d wide; out '^wide/0042_next.sql$'
run 0 create it --json; json '.files | length' 1
run 64 new '!!'

t 'a filled template works'
three
run 0 new late one; file=$(cat "$top/out"); [ "$file" = migrations/004_late_one.sql ] || bad "$file"
sed -e 's/^-- ROLLBACK:$/CREATE TABLE d (id);\n&\nDROP TABLE d;/' "$file" >x && mv x "$file"
run 0 up; tables app.db 'a b c d'; run 0 down; tables app.db 'a b c'

# ---- generate, reconcile, check --to ----

wanted() { # a, b and c of three(), and this
    printf 'CREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABLE b (id INTEGER PRIMARY KEY);\nCREATE TABLE c (id INTEGER PRIMARY KEY);\n%s\n' "$1"
}

t 'generate writes what leads to another schema'
three; run 0 up
wanted 'CREATE TABLE d (id INTEGER PRIMARY KEY);' >schema.sql
run 2 generate add d --to schema.sql --dry-run; out 'CREATE TABLE d'; out '^-- ROLLBACK:$'; [ ! -e migrations/004_add_d.sql ] || bad 'written'
run 2 generate add d --to schema.sql -n --format sql; out 'CREATE TABLE d'
run 2 generate add d --to schema.sql --dry-run=sql; out 'CREATE TABLE d'; [ ! -e migrations/004_add_d.sql ] || bad 'written'
run 64 generate add d --to schema.sql --dry-run=execute; err 'scratch'; err 'up --dry-run=execute'; out_empty
run 0 generate Add 'd!' --to schema.sql; out '^migrations/004_add_d.sql$'; err_empty
head -1 migrations/004_add_d.sql | grep -q '^-- add_d: generated, leads to the schema of schema.sql$' || bad 'head'
run 0 up; tables app.db 'a b c d'
run 0 generate again --to schema.sql; out_empty; err 'Nothing to do'
run 0 down; tables app.db 'a b c'; run 0 up
run 0 generate pair --to - --pair; err 'drops'; out '^migrations/005_pair.up.sql$'; out '^migrations/005_pair.down.sql$'
grep -q '^-- loses data: table a$' migrations/005_pair.up.sql || bad 'not told'
grep -q '^-- what was in table a does not come back$' migrations/005_pair.down.sql || bad 'not told on the way back'

t 'generate to another database, and as JSON'
three; run 0 up
sqlite3 other.db "$(wanted 'CREATE TABLE "odd name" (x);')"
run 0 generate odd --to-url sqlite:other.db --json; json '.files[0]' migrations/004_odd.sql; json .proven true; json .loses false; json '.rows | length' 0
run 0 generate nothing --to-url sqlite:other.db --json; json '.files | length' 0
run 5 generate x --to-url sqlite:absent.db; err 'absent.db does not exist'
run 64 generate x --to-url other.db; err 'sqlite:other.db'

t 'generate begins a folder'
alone; echo 'CREATE TABLE a (id INTEGER PRIMARY KEY);' >schema.sql
run 0 generate begin --to schema.sql --sequential -u sqlite:app.db; out '^migrations/001_begin.sql$'; err 'created the folder'
run 0 up -u sqlite:app.db; tables app.db a

t 'generate: what is asked wrongly'
three; echo 'CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE a (x);' >bad.sql
run 64 generate x; err 'needs --to FILE'
run 64 generate --to bad.sql; err 'name'
run 64 generate x --to bad.sql --to-url sqlite:other.db
run 64 generate x --down 001
run 1 generate x --to bad.sql; err '^bad.sql:1:'
run 78 generate x --to absent.sql; err 'absent.sql'

t 'generate --down'
three; echo 'CREATE TABLE d (id);' >migrations/004_d.sql; echo 'DROP TABLE a;' >migrations/005_gone.up.sql
run 2 generate --down 004 --dry-run; out 'DROP TABLE'
run 64 generate --down 004 --dry-run=execute; err 'up --dry-run=execute'
run 0 generate --down 004; out '^migrations/004_d.down.sql$'; grep -q '^DROP TABLE' migrations/004_d.down.sql || bad 'no text'
run 3 generate --down 004; err 'has a rollback text'
run 3 generate --down 005; err 'data are lost'; [ ! -e migrations/005_gone.down.sql ] || bad 'written'
run 3 generate --down 009; err 'no migration'

t 'check --to'
three; run 0 up
wanted '' >schema.sql; run 0 check --to schema.sql; out 'Up to date'; out 'lead to the schema of schema.sql'
wanted 'CREATE TABLE d (id);' >schema.sql; run 2 check --to schema.sql; out 'CREATE TABLE d'; err 'Next: migratectl generate NAME --to schema.sql'
run 2 check --to schema.sql --json; json .answer current; json .schema.changes 1
migration migrations/004_d.sql d; run 2 check --to schema.sql; out '1 pending'; out 'not written yet'

t 'reconcile'
three; run 0 up; wanted 'CREATE TABLE d (id INTEGER PRIMARY KEY);' | sed 1d >schema.sql
run 2 reconcile --to schema.sql; out 'missing *table *d'; out 'left *table *a'; out '1 missing'; err 'Next: migratectl reconcile'; tables app.db 'a b c'
run 2 reconcile --to schema.sql --format sql; out '^CREATE TABLE d'
run 0 reconcile --to schema.sql --apply; out 'added *table *d'; tables app.db 'a b c d'
run 0 reconcile --to schema.sql --apply --json; json .changed false; json .missing 0; json .left 1
run 0 history; out 'reconciled *declared'; out 'added 1: table d'
run 64 reconcile; err 'needs --to'
migration migrations/004_e.sql e; run 7 reconcile --to schema.sql --apply; err 'pending'

t 'plan names what would be lost'
three; run 0 up; sqlite3 app.db 'INSERT INTO a VALUES (1), (2)'
printf 'CREATE TABLE d (id);\n  DELETE FROM a WHERE id = 1;\n' >migrations/004_d.sql
run 0 plan; out '^migrations/004_d.sql:2: warning: deletes rows of a (of the 2 rows that it has)'
run 0 plan --json; json '.finding_rows[0].rule' GD03; json '.finding_rows[0].name' loss-delete; json '.finding_rows[0].column' 3
run 0 up --dry-run; out 'deletes rows of a'
run 7 up --protect a; err '^migrations/004_d.sql:2:3: 004_d: a has 1 row now, and had 2 before'; err 'allow-data-loss'; tables app.db 'a b c'
run 7 up --protect auto; run 78 up --protect x; err 'no table x'
run 0 up --protect auto --allow-data-loss doubles; run 0 history; out 'doubles: a has 1 row now, and had 2 before'

t 'protect'
three; run 0 up; run 64 protect; err 'needs --reason'
run 0 protect --reason production; out 'is protected'; run 0 protect --reason production; out 'already'
run 0 status --json; json .protected true; json .confirm app.db
run 7 down; err "confirm 'app.db'"; tables app.db 'a b c'
run 7 down --confirm other.db; err 'other.db'; run 0 down --confirm app.db; tables app.db 'a b'
run 3 plan --to 001; out ': error: drops the table b'
run 7 protect --off --reason x; run 0 protect --off --reason x --confirm app.db --json; json .protected false
run 0 down; tables app.db a
run 0 history; out 'protected *database'

t 'reset'
three; run 0 up; run 7 reset; err "confirm 'app.db'"; run 7 reset --confirm b.db; tables app.db 'a b c'
sqlite3 app.db 'INSERT INTO a VALUES (1)'; run 0 reset --confirm app.db; out '3 rolled back, 3 applied anew'
[ "$(sqlite3 app.db 'SELECT count(*) FROM a')" = 0 ] || bad 'rows are left'
run 0 reset --confirm app.db --json; json .rolled_back.rolled_back 3; json .applied.applied 3
echo 'CREATE TABLE d (id);' >migrations/004_d.sql; echo 'CREATE TABLE e (id);' >migrations/005_e.sql; run 0 up --generate-down off
run 7 down --to 002 ; err '2 migrations cannot be rolled back: 005_e, 004_d'; run 7 reset --confirm app.db; tables app.db 'a b c d e'
run 0 protect --reason x; run 7 reset --confirm app.db; err 'for development'

t 'backup and restore'
three
run 0 up; no_err 'kept in'
run 0 down; err 'What was there before is kept in .*app\.db\.[0-9TZ]*\.003_c\.bak'; tables app.db 'a b'
run 0 backup --list; out ' 003_c '; out ' yes '
run 0 backup --list --json; json .rows[0].verified true; json .count 1
run 0 backup; out 'app\.db\.[0-9TZ]*\.manual\.bak$'
run 64 restore; err 'a file, or --latest'
run 64 restore --latest x.bak
run 7 restore --latest; err "confirm 'app.db'"
run 7 restore nowhere.bak --confirm app.db; err 'there is no backup nowhere.bak'
run 7 restore app.db --confirm app.db; err 'the database itself'
run 0 restore "$(ls app.db.*.003_c.bak)" --confirm app.db; out '^restored'; tables app.db 'a b c'
run 0 history; out 'restored'
run 78 backup --backup-max-bytes many; err 'no size'
run 0 down --backup off --json; json .backup null

t 'embed'
three
migration migrations/repeatable/v.sql v; printf '\377"??/\\\n' >>migrations/001_a.sql; echo x >migrations/README.md
run 0 embed migrations -o all.c; out_empty; grep -q 'int32_t app_migrations_add(migrate_source \*source, migrate_error \*\*out_err)' all.c || bad 'function'
grep -q '"repeatable/v.sql"' all.c || bad 'repeatable'
! grep -q README all.c || bad 'README'
run 0 embed migrations --name mine; out 'int32_t mine_add('
run 64 embed migrations --name 1x; err 'identifier'
run 3 embed nowhere; err 'nowhere'
: >migrations/x.wrong.name.sql; run 3 embed migrations -o all.c; grep -q app_migrations_add all.c || bad 'the old file is gone'

t 'completion'
run 0 completion bash
cp "$top/out" c.bash
bash -c '. ./c.bash; COMP_WORDS=(migratectl st); COMP_CWORD=1; _migratectl; echo "${COMPREPLY[@]}"' >"$top/out" 2>"$top/err"; out '^status$'
bash -c '. ./c.bash; COMP_WORDS=(migratectl up --on-ah); COMP_CWORD=2; _migratectl; echo "${COMPREPLY[@]}"' >"$top/out"; out '^--on-ahead$'
bash -c '. ./c.bash; COMP_WORDS=(migratectl up --order s); COMP_CWORD=3; _migratectl; echo "${COMPREPLY[@]}"' >"$top/out"; out '^strict skip$'
run 0 completion zsh; out '^#compdef migratectl'; out "'--order=\["
run 0 completion fish; out '-l wait-timeout'
run 64 completion csh; err 'csh'

finish
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
