#!/bin/sh
# SPDX-License-Identifier: MIT
# A deployment that believes nothing: validate, back up, rehearse, run, verify. The first step that is not content ends it.
#     MIGRATE_URL=... MIGRATE_DIR=migrations deploy.sh
set -eu
export MIGRATE_FINGERPRINT=on # what the last step compares with

step=
begin() {
    step=$1
    echo "== $step"
}
trap 'status=$?; [ $status -eq 0 ] || echo "== $step: failed with $status; backups: migratectl backup --list" >&2' EXIT

begin "validate"
status=0
migratectl check --database || status=$? # what is wrong with the files, and what would they do to this database?
[ $status -eq 0 ] || [ $status -eq 2 ] || exit $status # 2: something is pending, which is why we are here
migratectl verify pending # do the rollback texts lead back?

begin "back up"
migratectl backup

begin "dry-run"
migratectl up --dry-run=execute # everything for real, and rolled back

begin "run"
migratectl up --backup off # there is one

begin "verify"
migratectl check --drift # nothing pending, and the schema is what the run left
echo "== done"
