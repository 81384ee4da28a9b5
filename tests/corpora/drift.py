#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real migrations, dumped and restored: does drift raise a false alarm?

    drift.py MIGRATECTL SERVER_URL FOLDER SCRATCH [SET...]

Each set is applied with keep_facts=on. Then drift is asked there; of a copy that the engine's own tools made by dump and restore, and of
a copy of that; by the fingerprint, and, once the fingerprint is gone, by the migrations in a scratch database. At last a table is made by
hand, which has to be the one thing that is named. Exit status 1: a false alarm, an error, or the table was not named.
"""
import json
import os
import sys
import time

from compare import Report, file_of, migratectl, run_shell, sets_of
from engines import PostgreSQL, SQLite, run

FORGET = "UPDATE libmigrate_history SET fingerprint = NULL"


def drift(program, url, folder):
    """What it says: (exit status, the document)."""
    code, out, err = run([program, 'drift', '--json', '--url', url, '--dir', folder, '--no-env-file', '--no-input'], cwd=folder)
    try:
        return code, json.loads(out)
    except ValueError:
        return code, {'error': {'message': err.strip()[-500:]}}


def rows_of(answer):
    if 'error' in answer:
        return ['error: ' + answer['error']['message']]
    return [f"{row['difference']} {row['kind']} {row['ident']}: {row['expected']!r} -> {row['actual']!r}" for row in answer['rows']]


def copy(engine, source, target, folder):
    """A database made by dump and restore; None, or what went wrong."""
    path = file_of(folder, 'restored')
    with open(path, 'wb') as file:
        file.write(engine.dump(source, ''))
    engine.fresh(target)
    return engine.apply(target, path)


def sql(engine, name, text, folder):
    path = file_of(folder, 'by_hand')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text + ';\n')
    return engine.apply(name, path)


class Set:
    def __init__(self, engine, program, folder, scratch, name):
        self.engine, self.program, self.folder, self.scratch, self.name = engine, program, folder, scratch, name
        self.asked = self.alarms = 0

    def tell(self, when, rows):
        print(f'{self.name}: {when}:', *rows[:8], sep='\n    ', flush=True)

    def quiet(self, database, when, by):
        code, answer = drift(self.program, self.engine.url(database), self.folder)
        self.asked += 1
        if code != 0 or answer.get('by') != by:
            self.alarms += 1
            self.tell(f'{when}, by {answer.get("by")} instead of {by}' if code == 0 else when, rows_of(answer))

    def sees(self, database):
        sql(self.engine, database, 'CREATE TABLE made_by_hand (id integer)', self.scratch)
        _, answer = drift(self.program, self.engine.url(database), self.folder)
        names = [row['ident'] for row in answer.get('rows', [])]
        if names not in (['made_by_hand'], ['public.made_by_hand']):
            self.alarms += 1
            self.tell('a table made by hand is not what is named', rows_of(answer))

    def run(self):
        begun = time.monotonic()
        error = migratectl(self.program, self.engine.url('corpus_ours'), self.folder, 'up', '--keep-facts', 'on')
        took = time.monotonic() - begun
        if error:
            self.alarms += 1
            self.tell('cannot be applied', [error.get('message', '?')])
            return took
        self.quiet('corpus_ours', 'where it was applied', 'fingerprint')
        for source, target, when in (('corpus_ours', 'corpus_copy', 'restored from a dump'),
                                     ('corpus_copy', 'corpus_again', 'restored from a dump of that')):
            problem = copy(self.engine, source, target, self.scratch)
            if problem:
                self.tell('the dump cannot be restored', [problem])
                return took
            self.quiet(target, when, 'fingerprint')
        self.sees('corpus_again')
        sql(self.engine, 'corpus_copy', FORGET, self.scratch)
        self.quiet('corpus_copy', 'restored from a dump', 'replay')
        return took


def main(program, server, folder, scratch, *wanted):
    engines = {engine.name: engine for engine in (PostgreSQL(server, scratch), SQLite(scratch))}
    alarms, layout = 0, '{:<32} {:>6} {:>8} {:>8} {:>9}'
    lines = []
    for name, engine_name, target, ids in sets_of(folder, wanted, scratch):
        engine = engines[engine_name]
        report = Report(name, len(ids))
        left = run_shell(engine, target, ids, report)
        for migration in set(ids) - set(left):
            for suffix in ('.sql', '.down.sql'):
                if os.path.exists(os.path.join(target, migration + suffix)):
                    os.remove(os.path.join(target, migration + suffix))
        engine.fresh('corpus_ours')
        one = Set(engine, program, target, scratch, name)
        took = one.run()
        alarms += one.alarms
        lines.append((name, len(left), one.asked, one.alarms, f'{took:.2f} s'))
        for database in ('corpus_shell', 'corpus_ours', 'corpus_copy', 'corpus_again'):
            engine.drop(database)
    print('\n' + layout.format('set', 'files', 'asked', 'alarms', 'applied'))
    for line in lines:
        print(layout.format(*line))
    return 1 if alarms else 0


if __name__ == '__main__':
    if len(sys.argv) < 5:
        sys.exit(__doc__.strip())
    sys.exit(main(*sys.argv[1:]))
