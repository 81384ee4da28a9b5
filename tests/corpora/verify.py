#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks of every migration of sets of real ones whether its rollback text leads back, and counts the answers.

    verify.py [--details] [--check] MIGRATECTL SERVER_URL FOLDER SCRATCH [SET...]

FOLDER holds a folder for each set, as in run.sh; SCRATCH is for files. --check: what is said of rollback texts that stand in the
source is looked at with psql and pg_dump, or sqlite3, alone. Exit status 1: something that was said is not so.
"""
import json
import os
import re
import shutil
import sys

from convert import convert
from engines import PostgreSQL, SQLite, run

RESULTS = ('exact', 'order', 'data', 'differs', 'fails', 'refused', 'up', 'untried')
SETS = ('firefly-pg', 'firefly-sqlite', 'gitness-pg', 'gitness-sqlite', 'cratesio-pg', 'openfga-pg', 'openfga-sqlite', 'svix-pg',
        'docsrs-pg', 'authelia-pg', 'authelia-sqlite')


def layout_of(folder):
    with open(os.path.join(folder, '.corpus'), encoding='utf-8') as file:
        values = dict(line.rstrip('\n').split('=', 1) for line in file if '=' in line)
    return values['layout'], values['engine']


def verify(program, url, folder):
    """The rows; or an error, as text."""
    code, out, err = run([program, 'verify', '--json', '--url', url, '--dir', folder, '--no-env-file', '--no-input'])
    try:
        answer = json.loads(out)
    except ValueError:
        return None, f'exit status {code}: {err[-300:]}'
    if 'rows' not in answer:
        return None, answer.get('error', {}).get('message', 'no rows')
    return answer['rows'], None


def lines_of(schema):
    """A schema as a bag of words, in which the order of columns does not count."""
    return sorted(line.strip().rstrip(',') for line in schema.splitlines() if line.strip())


def apply(engine, database, path):
    error = engine.apply(database, path, whole=True)
    return engine.apply(database, path) if error and 'transaction' in error else error


class Shell:
    """The same by the engine's own shell: the schema before a migration and behind its rollback."""

    def __init__(self, engine, folder):
        self.engine, self.folder, self.done = engine, folder, []
        self.anew()

    def anew(self):
        self.engine.fresh('verify_shell')
        for migration in self.done:
            apply(self.engine, 'verify_shell', os.path.join(self.folder, migration + '.sql'))

    def look(self, migration):
        """What it says: same, order, different, fails."""
        before = self.engine.schema('verify_shell')
        up, down = (os.path.join(self.folder, migration + suffix) for suffix in ('.sql', '.down.sql'))
        if apply(self.engine, 'verify_shell', up):
            return 'up'
        answer = None
        if os.path.exists(down):
            error = apply(self.engine, 'verify_shell', down)
            after = self.engine.schema('verify_shell')
            answer = ('fails' if error else 'same' if after == before else
                      'order' if lines_of(after) == lines_of(before) else 'different')
        self.done.append(migration)
        if answer in (None, 'fails', 'different'):
            self.anew()
        elif apply(self.engine, 'verify_shell', up):
            answer = 'fails'
            self.anew()
        return answer


# SQLite keeps the text of tables as it was written: there a difference need not be one.
AGREES = {'exact': ('same', 'order'), 'data': ('same', 'order'), 'order': ('order', 'same'), 'differs': ('different',), 'fails': ('fails',)}


def check(engine, folder, rows):
    shell, wrong, checked = Shell(engine, folder), [], 0
    for row in rows:
        if row['result'] in ('up', 'untried') or row['id'] == 'schema.sql':
            break
        says = shell.look(row['id'])
        if row['down'] != 'source':
            continue
        checked += 1
        if says in AGREES.get(row['result'], ()) or (engine.name == 'sqlite' and says == 'different' and row['result'] in ('exact', 'order', 'data')):
            continue
        if row['result'] == 'fails' and re.search('null values|NOT NULL', row['detail']):
            continue  # only where there are rows, and the shell has none
        wrong.append((row, says))
    return checked, wrong


def main(arguments):
    flags = {argument for argument in arguments if argument.startswith('--')}
    program, server, sets, scratch, *names = [argument for argument in arguments if argument not in flags]
    status = 0
    for name in names or [name for name in SETS if os.path.exists(f'{sets}/{name}/.corpus')]:
        layout, kind = layout_of(os.path.join(sets, name))
        engine = PostgreSQL(server, scratch) if kind == 'postgresql' else SQLite(scratch)
        folder = os.path.join(scratch, name)
        shutil.rmtree(folder, ignore_errors=True)
        convert(layout, os.path.join(sets, name), folder)
        rows, error = verify(program, engine.fresh('verify_set'), folder)
        if error:
            print(f'{name:16} {error}')
            status = 1
            continue
        written = [row for row in rows if row['down'] == 'source']
        made = [row for row in rows if row['down'] != 'source']
        for title, part in (('written', written), ('generated', made)):
            counts = {result: sum(row['result'] == result for row in part) for result in RESULTS}
            print(f'{name:16} {title:10} {len(part):4}  ' + ', '.join(f'{count} {result}' for result, count in counts.items() if count))
        if '--details' in flags:
            for row in rows:
                if row['result'] not in ('exact', 'order', 'untried') or row['detail']:
                    print(f"    {row['id']} {row['down']} {row['result']}: " + re.sub(r'\s*\n\s*', '; ', row['detail'] or ''))
        if '--check' in flags:
            checked, wrong = check(engine, folder, rows)
            print(f'{name:16} checked    {checked:4}  {len(wrong)} not as the shell sees it')
            for row, says in wrong:
                status = 1
                print(f"    {row['id']} {row['result']}, the shell: {says}: " + re.sub(r'\s*\n\s*', '; ', row['detail'] or ''))
        sys.stdout.flush()
    return status


if __name__ == '__main__':
    if len(sys.argv) < 5:
        sys.exit(__doc__.strip())
    sys.exit(main(sys.argv[1:]))
