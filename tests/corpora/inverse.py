#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes back every migration of sets of real ones, by what changes_find() says, and counts.

    inverse.py [--dump] [--details] INVERSE SERVER_URL FOLDER SCRATCH [SET...]

INVERSE is the program tests/corpora/inverse of the build; FOLDER and SCRATCH are as for compare.py. --dump: each way back
is also run in a copy of the database, and pg_dump compared. Exit status 1: a way that was said to be proven is none.
"""
import os
import shutil
import subprocess
import sys

from convert import convert
from engines import PostgreSQL

GOOD = ('exact', 'order')


def run_set(engine, program, folder, dump):
    url = engine.fresh('corpus_inverse' + os.environ.get('INVERSE_NAME', ''))
    command = [program, url, folder, *(['corpus_copy' + os.environ.get('INVERSE_NAME', '')] if dump else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    lines = [line.split('\t') for line in done.stdout.decode(errors='replace').splitlines()]
    return lines, done.returncode


def layout_of(folder):
    with open(os.path.join(folder, '.corpus'), encoding='utf-8') as file:
        values = dict(line.rstrip('\n').split('=', 1) for line in file if '=' in line)
    return values['layout'], values['engine']


def count(lines):
    changed = [line for line in lines if line[1] not in ('same', '-')]
    return {'files': len(lines), 'refused': sum(line[1] == '-' for line in lines), 'changed': len(changed),
            'exact': sum(line[1] == 'exact' for line in changed), 'order': sum(line[1] == 'order' for line in changed),
            'left': sum(line[1] == 'left' for line in changed),
            'WRONG': sum(line[1] not in (*GOOD, 'left') for line in changed),
            'planned': sum(line[2] in GOOD for line in changed)}


def share(part, whole):
    return f'{100 * part / whole:.1f} %' if whole else '-'


def main(arguments):
    flags = {argument for argument in arguments if argument.startswith('--')}
    program, server, sets, scratch, *names = [argument for argument in arguments if argument not in flags]
    engine = PostgreSQL(server, scratch)
    totals, columns = {}, None
    for name in names or sorted(entry for entry in os.listdir(sets) if os.path.exists(f'{sets}/{entry}/.corpus')):
        layout, kind = layout_of(os.path.join(sets, name))
        if kind != 'postgresql':
            continue
        target = os.path.join(scratch, name)
        shutil.rmtree(target, ignore_errors=True)
        convert(layout, os.path.join(sets, name), target)
        lines, status = run_set(engine, program, target, '--dump' in flags)
        counts = count(lines)
        if columns is None:
            columns = list(counts)
            print(f'{"":20}' + ''.join(f'{column:>9}' for column in columns), flush=True)
        print(f'{name:20}' + ''.join(f'{counts[column]:9}' for column in columns) + (' DIED' if status else ''), flush=True)
        for column in columns:
            totals[column] = totals.get(column, 0) + counts[column]
        totals['WRONG'] += status != 0
        for line in lines:
            if line[1] not in ('same', *GOOD) or line[2] not in ('same', *GOOD):
                if '--details' in flags or line[1] not in ('-', *GOOD, 'left'):
                    print('    ' + ' | '.join(line), flush=True)
    print(f'{"all":20}' + ''.join(f'{totals[column]:9}' for column in columns))
    print(f'with a trial {share(totals["exact"] + totals["order"], totals["changed"])}, '
          f'without {share(totals["planned"], totals["changed"])}')
    engine.drop('corpus_inverse' + os.environ.get('INVERSE_NAME', ''))
    return 1 if totals['WRONG'] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
