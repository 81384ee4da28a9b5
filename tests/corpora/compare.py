#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs sets of real migrations with the engines' own shells and with migratectl, and compares schema and rows.

    compare.py MIGRATECTL SERVER_URL FOLDER SCRATCH [SET...]

FOLDER/SET holds the files and a line layout=..., engine=... each in .corpus. A file that the shell itself
refuses (a gap where a step was code) is left out of both. A file that we refuse is named, run by the shell and marked, so
that the others still run. Afterwards the downs run, last to first, a dump of the shell's database as a migration, and the SQL of its
snapshot, which has to make the same schema again. Exit status 1: something differs or is refused.
"""
import difflib
import json
import os
import shutil
import sys

from convert import convert
from engines import PostgreSQL, SQLite, run


class Report:
    def __init__(self, name, files):
        self.name, self.files, self.schema, self.rows = name, files, 0, 0  # lines compared
        self.dumps = self.down = 0  # applied
        self.rebuilt = False  # from a snapshot
        self.shell_refused, self.refused, self.differences = [], [], []

    def row(self):
        refused = sum('.down' not in what and 'a dump' not in what for what, _ in self.refused)
        both = self.files - len(self.shell_refused) - refused
        return (self.name, self.files, both, len(self.shell_refused), len(self.refused),
                'yes' if self.differences else 'no', self.down, self.dumps, 'yes' if self.rebuilt else 'no',
                self.schema, self.rows)

    def details(self):
        for title, items in (('the shell refuses', self.shell_refused), ('WE REFUSE', self.refused)):
            for item, error in items:
                yield f'{self.name}: {title} {item}: {error}'
        for what, lines in self.differences:
            yield f'{self.name}: {what} DIFFERS (- the shell, + we)'
            yield from ('    ' + line for line in lines)


def file_of(folder, migration):
    return os.path.join(folder, migration + '.sql')


def run_shell(engine, folder, ids, report):
    """Applies what the shell can apply, and returns it: {id: whether it needs a transaction around it}. What a file did
    before it failed may stay, so after a failure all begins again, with a transaction around that file, then without it."""
    left = dict.fromkeys(ids, False)
    while True:
        engine.fresh('corpus_shell')
        for migration, whole in left.items():
            error = engine.apply('corpus_shell', file_of(folder, migration), whole=whole)
            if error and whole:
                report.shell_refused.append((migration, error))
                del left[migration]
                break
            if error:
                left[migration] = True
                break
        else:
            return left


def migratectl(program, url, folder, *arguments):
    """None, or the error as migratectl tells it."""
    code, out, err = run([program, *arguments, '--json', '--url', url, '--dir', folder, '--no-env-file', '--no-input'],
                         cwd=folder)
    if code == 0:
        return None
    try:
        return json.loads(out)['error']
    except (ValueError, KeyError):
        return {'message': f'exit status {code}: ' + (err.strip() or out.decode(errors='replace').strip())[-500:]}


def described(error):
    place = ':'.join(str(error[key]) for key in ('line', 'column') if error.get(key))
    return f"{place + ': ' if place else ''}{error['message']} [{error.get('name', 'unknown')}]"


def run_ours(engine, program, folder, left, report):
    """Returns False if it ended before the end."""
    ids = list(left)
    url, done = engine.fresh('corpus_ours'), 0
    while True:
        error = migratectl(program, url, folder, 'up')
        if not error:
            return True
        at = ids.index(error['id']) if error.get('id') in ids else -1
        if at < done:
            report.refused.append((error.get('id', 'all'), described(error)))
            return False
        report.refused.append((ids[at], described(error)))
        if at > 0:  # a text that cannot run is refused before anything runs
            before = migratectl(program, url, folder, 'up', '--to', ids[at - 1])
            if before:
                report.refused.append((before.get('id', ids[at - 1]), 'on the way there: ' + described(before)))
                return False
        by_shell = engine.apply('corpus_ours', file_of(folder, ids[at]), whole=left[ids[at]])
        marked = by_shell or migratectl(program, url, folder, 'mark', ids[at], '--applied', '--reason', 'by the shell')
        if marked:
            report.refused.append((ids[at], f'and cannot go on: {marked}'))
            return False
        done = at + 1


def difference(shell, ours):
    lines = difflib.unified_diff(shell.splitlines(), ours.splitlines(), lineterm='', n=1)
    return [line for line in lines if not line.startswith(('---', '+++'))][:40]


def contents(engine, database):
    return {'schema': engine.schema(database), 'rows': engine.rows(database)}


def note_differences(engine, report, when, expected):
    ours = contents(engine, 'corpus_ours')
    for what, shell in expected.items():
        if shell != ours[what]:
            report.differences.append((f'{what} {when}', difference(shell, ours[what])))


def shell_goes_down(engine, folder, migration):
    """None, or why the shell cannot."""
    path = file_of(folder, migration + '.down')
    if not os.path.exists(path):
        return 'no down'
    error = engine.apply('corpus_shell', path, whole=True)
    return engine.apply('corpus_shell', path) if error and 'transaction' in error else error


def run_down(engine, program, folder, left, report):
    """From the last to the first, past what does not go down. Hand-written downs often fail; then both must."""
    url = engine.url('corpus_ours')
    for migration in reversed(left):
        shell = shell_goes_down(engine, folder, migration)
        ours = migratectl(program, url, folder, 'down', '1')
        if not ours:
            if shell:
                report.refused.append((migration + '.down', f'nothing, but the shell does: {shell}'))
                return
            report.down += 1
            continue
        if not shell:
            report.refused.append((migration + '.down', described(ours)))
            engine.apply('corpus_ours', file_of(folder, migration + '.down'))
        migratectl(program, url, folder, 'mark', migration, '--forgotten', '--reason', 'by the shell')
    note_differences(engine, report, 'after the downs', contents(engine, 'corpus_shell'))


def run_dumps(engine, program, folder, report):
    """What the engine's own tool writes of the database, as a migration."""
    dumps = os.path.join(folder, 'dumps')
    for options in engine.dump_options:
        os.makedirs(dumps)
        with open(file_of(dumps, '0001_dump'), 'wb') as file:
            file.write(engine.dump('corpus_shell', options))
        engine.fresh('corpus_dump')
        shell = engine.apply('corpus_dump', file_of(dumps, '0001_dump'))
        ours = migratectl(program, engine.fresh('corpus_ours'), dumps, 'up')
        if ours and not shell:
            report.refused.append((f'a dump {options}', described(ours)))
        elif not ours and not shell:
            report.dumps += 1
            note_differences(engine, report, f'of a dump {options}', contents(engine, 'corpus_dump'))
        engine.drop('corpus_dump')
        shutil.rmtree(dumps)


def in_lines(schema):
    return '\n'.join(sorted(schema.splitlines()))


def made_by(engine, sql):
    """The first error, and the lines of a dump of the database that this SQL makes."""
    path = os.path.join(engine.folder, 'made.sql')
    with open(path, 'wb') as file:
        file.write(sql)
    engine.fresh('corpus_dump')
    error = engine.apply('corpus_dump', path)
    if os.path.exists(path):  # the shell's run may have removed it
        os.remove(path)
    return error, None if error else in_lines(engine.schema('corpus_dump'))


def rebuild(engine, program, report):
    """The SQL of a snapshot makes the schema again: a dump of the one and of the other have the same lines; or those that a database
    has which the dump itself made, because PostgreSQL prints some expressions another way once it has read its own words."""
    code, out, err = run([program, 'snapshot', '--format', 'sql', '--url', engine.url('corpus_shell'), '--no-env-file', '--no-input'])
    if code != 0:
        report.refused.append(('a snapshot', err.strip()))
        return
    error, again = made_by(engine, out)
    if error:
        report.refused.append(('a snapshot', error))
    else:
        dump = engine.schema('corpus_shell')
        shell = in_lines(dump)
        if shell != again:
            shell = made_by(engine, dump.encode())[1] or shell
        report.rebuilt = shell == again
        if not report.rebuilt:
            report.differences.append(('the schema made from a snapshot', difference(shell, again)))
    engine.drop('corpus_dump')


def compare(engine, program, folder, name, ids):
    report = Report(name, len(ids))
    left = run_shell(engine, folder, ids, report)
    for migration in set(ids) - set(left):
        for suffix in ('.sql', '.down.sql'):
            if os.path.exists(os.path.join(folder, migration + suffix)):
                os.remove(os.path.join(folder, migration + suffix))
    expected = contents(engine, 'corpus_shell')
    report.schema, report.rows = (text.count('\n') for text in expected.values())
    run_dumps(engine, program, folder, report)
    rebuild(engine, program, report)
    if run_ours(engine, program, folder, left, report):
        note_differences(engine, report, 'after up', expected)
        if any(name.endswith('.down.sql') for name in os.listdir(folder)):
            run_down(engine, program, folder, list(left), report)
    engine.drop('corpus_shell')
    engine.drop('corpus_ours')
    return report


def sets_of(folder, wanted, scratch):
    """(name, engine, folder, ids): a set of dumps is as many sets of one file."""
    for name in sorted(os.listdir(folder)):
        corpus = os.path.join(folder, name, '.corpus')
        if not os.path.exists(corpus) or (wanted and name not in wanted):
            continue
        with open(corpus, encoding='utf-8') as file:
            facts = dict(line.rstrip('\n').split('=', 1) for line in file)
        target = os.path.join(scratch, name)
        shutil.rmtree(target, ignore_errors=True)
        ids = convert(facts['layout'], os.path.join(folder, name), target)
        if facts['layout'].startswith('pg_dump'):
            for migration in ids:
                alone = os.path.join(target, migration)
                os.makedirs(alone)
                os.rename(file_of(target, migration), file_of(alone, migration))
                yield f'{name}/{migration[5:]}', facts['engine'], alone, [migration]
        else:
            yield name, facts['engine'], target, ids


def main(program, server, folder, scratch, *wanted):
    engines = {engine.name: engine for engine in (PostgreSQL(server, scratch), SQLite(scratch))}
    reports = []
    for name, engine, target, ids in sets_of(folder, wanted, scratch):
        reports.append(compare(engines[engine], program, target, name, ids))
        for line in reports[-1].details():
            print(line, flush=True)
    layout = '{:<32} {:>6} {:>6} {:>14} {:>8} {:>8} {:>6} {:>6} {:>8} {:>13} {:>6}'
    print('\n' + layout.format('set', 'files', 'both', 'shell refuses', 'refused', 'differs', 'downs', 'dumps', 'snapshot', 'schema lines', 'rows'))
    for report in reports:
        print(layout.format(*report.row()))
    return 1 if any(report.refused or report.differences or not report.rebuilt for report in reports) else 0


if __name__ == '__main__':
    if len(sys.argv) < 5:
        sys.exit(__doc__.strip())
    sys.exit(main(*sys.argv[1:]))
