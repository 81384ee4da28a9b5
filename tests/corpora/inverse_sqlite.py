#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real applications' migrations on SQLite: the way back of each is found, and gone on a copy with sample rows; and the ways from the schema
20, 60 and all migrations ago to the last one, and back.

    inverse_sqlite.py BUILD/tests/corpora/inverse_sqlite FOLDER [SET...]

FOLDER/SET holds the files and .corpus (lines layout=..., engine=...). Exit status 1: some way is wrong, or fewer than 99 of 100 lead back,
be it to another order of columns. Some of these are refused while there are rows that do not fit (rows).
"""
import collections
import os
import re
import subprocess
import sys
import tempfile

import convert
import engines


def corpus(folder):
    with open(os.path.join(folder, '.corpus'), encoding='utf-8') as file:
        return dict(line.strip().split('=', 1) for line in file if '=' in line)


def ways(program, folder, layout):
    with tempfile.TemporaryDirectory() as scratch:
        target = os.path.join(scratch, 'migrations')
        convert.convert(layout, folder, target)
        for name in os.listdir(target):
            path = os.path.join(target, name)
            with open(path, 'rb') as file:
                text = engines.completed(file.read())
            with open(path, 'wb') as file:
                file.write(text)
        for mode in [], ['far']:
            done = subprocess.run([program, target, *mode], stdout=subprocess.PIPE, check=True)
            for line in done.stdout.decode(errors='replace').splitlines():
                if line.count('\t') == 2:
                    yield bool(mode), *line.split('\t')


def main():
    program, folder, *names = sys.argv[1:]
    total, far_total = collections.Counter(), collections.Counter()
    for name in names or sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not os.path.exists(os.path.join(path, '.corpus')) or corpus(path)['engine'] != 'sqlite':
            continue
        count, leaps = collections.Counter(), collections.Counter()
        for far, migration, what, why in ways(program, path, corpus(path)['layout']):
            (leaps if far else count)[what] += 1
            if what not in ('exact', 'order', 'none'):
                print(f'  {name} {migration}: {what}: {re.sub(r" +", " ", why)[:300]}')
        print(f'{name:20}', ', '.join(f'{what} {number}' for what, number in sorted(count.items())), '| far:',
              ', '.join(f'{what} {number}' for what, number in sorted(leaps.items())))
        total += count
        far_total += leaps
    changing = sum(total.values()) - total['none'] - total['broken']
    good = total['exact'] + total['order'] + total['rows']
    print('all:', ', '.join(f'{what} {number}' for what, number in sorted(total.items())),
          f'= {100 * good / max(changing, 1):.1f} % of {changing} led back')
    print('far:', ', '.join(f'{what} {number}' for what, number in sorted(far_total.items())))
    sys.exit(total['wrong'] + far_total['wrong'] > 0 or good < 0.99 * changing)


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    main()
