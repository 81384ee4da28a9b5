#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets migratectl generate the migration from the schema that a set of real migrations led to 20, 60 and all of them ago
to the newest one, and the other way round; applies it, looks whether the schema is the wanted one, and rolls it back.

    generate.py MIGRATECTL SERVER_URL FOLDER SCRATCH [SET...]

FOLDER and SCRATCH are as for compare.py. Each way ends as one of
    converged   the schema is the wanted one
    left out    it is not, and what was left out is named
    rows        rows that the migrations themselves wrote forbid it (a column that must not be null ...)
    WRONG       anything else; exit status 1
and so does the way back: "refused" where none was generated, with the reason.
"""
import json
import os
import shutil
import sys
import time

from compare import file_of, run_shell, sets_of, Report
from engines import PostgreSQL, SQLite, run

STEPS = (20, 60, None)
ROWS = ('23502', '23503', '23505', '23514')


def migratectl(program, url, folder, *arguments):
    """(exit status, document)."""
    code, out, err = run([program, *arguments, '--json', '--url', url, '--dir', folder, '--no-env-file', '--no-input'],
                         cwd=folder)
    try:
        return code, json.loads(out.splitlines()[-1])
    except (ValueError, IndexError):
        return code, {'error': {'message': err.strip()[-500:]}}


def message(document):
    error = document.get('error', {})
    return ' '.join(str(error.get(key)) for key in ('sqlstate', 'message', 'statement') if error.get(key))[:400]


def forbidden_by_rows(document):
    error = document.get('error', {})
    return error.get('sqlstate') in ROWS or any(word in error.get('message', '') for word in ('NOT NULL constraint failed',
                                                'UNIQUE constraint failed', 'CHECK constraint failed', 'foreign key'))


def snapshot(program, url, folder):
    _, document = migratectl(program, url, folder, 'snapshot')
    return document.get('fingerprint'), document.get('sql')


class Side:
    """A database at one point of the set's history, and the folder that leads there."""

    def __init__(self, engine, program, source, ids, name, scratch):
        self.folder = os.path.join(scratch, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        for migration in ids:
            shutil.copy(file_of(source, migration), self.folder)
        self.url = engine.fresh(name)
        code, document = migratectl(program, self.url, self.folder, 'up', '--generate-down', 'off') if ids else (0, {})
        self.error = None if code == 0 else (document.get('error', {}).get('id'), message(document))
        self.fingerprint, self.sql = snapshot(program, self.url, self.folder)


def go(program, side, wanted, scratch):
    """(result, of the way back, statements, details)."""
    goal = os.path.join(scratch, 'wanted.sql')
    with open(goal, 'w', encoding='utf-8') as file:
        file.write(wanted.sql)
    code, document = migratectl(program, side.url, side.folder, 'generate', 'the way', '--to', goal)
    if 'error' in document or code not in (0, 3):
        return 'WRONG', '-', 0, ['generate: ' + message(document)]
    left = [f"left out: {row['kind']} {row['ident']}: {row['reason']}" for row in document['rows']]
    statements = document['changes']
    if document['files']:
        code, applied = migratectl(program, side.url, side.folder, 'up', '--generate-down', 'off')
        if code != 0:
            return 'rows' if forbidden_by_rows(applied) else 'WRONG', '-', statements, ['up: ' + message(applied)] + left
    reached = snapshot(program, side.url, side.folder)[0] == wanted.fingerprint
    result = 'converged' if reached else 'left out' if left else 'WRONG'
    if not document['files']:
        return result, '-', statements, left
    if not document['down']:
        return result, 'refused', statements, left + ['no way back: ' + str(document['down_refused'])[:400]]
    code, undone = migratectl(program, side.url, side.folder, 'down', '1', '--yes')
    if code != 0:
        return result, 'rows' if forbidden_by_rows(undone) else 'WRONG', statements, left + ['down: ' + message(undone)]
    back = snapshot(program, side.url, side.folder)[0] == side.fingerprint
    return result, 'exact' if back else 'WRONG', statements, left


def usable(engine, program, folder, ids, scratch):
    """Those that both the shell and we can run."""
    left = list(run_shell(engine, folder, ids, Report('', len(ids))))
    while left:
        side = Side(engine, program, folder, left, 'corpus_ours', scratch)
        if not side.error:
            return left
        if side.error[0] not in left:
            print('    cannot begin: ' + side.error[1], flush=True)
            return []
        left.remove(side.error[0])
    return left


def run_set(engine, program, name, folder, ids, scratch):
    lines, left = [], usable(engine, program, folder, ids, scratch)
    for steps in STEPS:
        if steps and steps >= len(left):
            continue
        old = left[:len(left) - steps] if steps else []
        for forward in (True, False):
            begun = time.monotonic()
            first = Side(engine, program, folder, old if forward else left, 'corpus_ours', scratch)
            other = Side(engine, program, folder, left if forward else old, 'corpus_shell', scratch)
            result, back, statements, details = go(program, first, other, scratch)
            what = f"{steps or len(left)} {'on' if forward else 'back'}"
            lines.append((result, back))
            print(f'{name:<18} {what:>10} {statements:>6} {result:>10} {back:>8} {time.monotonic() - begun:>7.1f} s', flush=True)
            for line in details:
                print('    ' + line.replace('\n', ' '), flush=True)
    for database in ('corpus_ours', 'corpus_shell'):
        engine.drop(database)
    return lines


def main(program, server, folder, scratch, *wanted):
    engines = {engine.name: engine for engine in (PostgreSQL(server, scratch), SQLite(scratch))}
    lines = []
    print(f"{'set':<18} {'migrations':>10} {'stmts':>6} {'result':>10} {'back':>8}")
    for name, engine, target, ids in sets_of(folder, wanted, scratch):
        lines += run_set(engines[engine], os.path.abspath(program), name, target, ids, scratch)
    results, backs = [line[0] for line in lines], [line[1] for line in lines]
    print('ways: ' + ', '.join(f'{results.count(word)} {word}' for word in ('converged', 'left out', 'rows', 'WRONG')))
    print('back: ' + ', '.join(f'{backs.count(word)} {word}' for word in ('exact', 'refused', 'rows', 'WRONG')))
    return 1 if 'WRONG' in results + backs else 0


if __name__ == '__main__':
    if len(sys.argv) < 5:
        sys.exit(__doc__.strip())
    sys.exit(main(*sys.argv[1:]))
