#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks migratectl check about sets of real migrations, which run in production: is an error that it finds one?

    check.py [--sample N] MIGRATECTL SERVER_URL FOLDER SCRATCH [SET...]

FOLDER holds a folder for each set, as in run.sh; SCRATCH is for files. Each set is checked as files alone: PostgreSQL's in scratch databases
on the server, SQLite's in memory. Findings are counted by severity and rule, and errors are shown; --sample N shows N warnings of each rule
and set, too. The errors that were looked into and are true stand in check_true.txt, with the reason. Exit status 1: an error that does not
stand there, or a set that cannot be checked.
"""
import argparse
import json
import os
import shutil
import sys
import time

from collections import Counter

from compare import sets_of
from engines import PostgreSQL, run

HERE = os.path.dirname(os.path.abspath(__file__))


def known_errors():
    """{(set, rule, id): reason}; the reason is all behind the third word."""
    known = {}
    with open(os.path.join(HERE, 'check_true.txt'), encoding='utf-8') as file:
        for line in file:
            words = line.split(None, 3)
            if words and not line.startswith('#'):
                known[tuple(words[:3])] = words[3].strip()
    return known


def check(program, engine, server, folder):
    """The findings, or an error as text."""
    where = ['--shadow-url', server] if engine == 'postgresql' else ['--engine', 'sqlite']
    code, out, err = run([program, 'check', '--files', '--json', '--dir', folder, '--no-env-file', '--no-input', *where])
    try:
        answer = json.loads(out)
    except ValueError:
        return None, f'exit status {code}: {err[-500:]}'
    if 'findings' not in answer:
        return None, answer.get('error', {}).get('message', 'no findings')
    findings = answer['findings']
    if findings['by'] != 'scratch':
        return None, f"not tried in a scratch database: {findings['reason']}"
    return findings['rows'], None


def described(row):
    place = os.path.basename(row['file'] or row['id'] or '') + (f":{row['line']}" if row['line'] else '')
    return f"{row['rule']} {place}: {row['message']}" + (' (a guess)' if row['guess'] else '')


def sample(rows, count):
    """So many of each rule, from all over the set."""
    for rule in sorted({row['rule'] for row in rows}):
        those = [row for row in rows if row['rule'] == rule]
        yield from those[::max(1, len(those) // count)][:count]


class Totals:
    def __init__(self):
        self.counts, self.used, self.unknown, self.broken = Counter(), set(), 0, 0

    def show(self, name, rows, known, seconds, wanted):
        severities = Counter(row['severity'] for row in rows)
        self.counts.update((row['severity'], row['rule']) for row in rows)
        print(f"{name:16} {severities['error']:4} errors {severities['warning']:5} warnings {severities['info']:5} infos  {seconds:7.2f} s")
        for row in rows:
            if row['severity'] != 'error':
                continue
            key = (name, row['rule'], row['id'])
            if key in known:
                self.used.add(key)
                print(f'    true: {described(row)}\n        {known[key]}')
            else:
                self.unknown += 1
                print(f'    ERROR {described(row)}')
        for row in sample([row for row in rows if row['severity'] == 'warning'], wanted) if wanted else ():
            print(f'    warning {described(row)}')
        sys.stdout.flush()

    def table(self):
        print(f"\n{'rule':8} {'errors':>8} {'warnings':>8} {'infos':>8}")
        for rule in sorted({rule for _, rule in self.counts}):
            print(f'{rule:8}', *(f'{self.counts[severity, rule]:8}' for severity in ('error', 'warning', 'info')))


def main(program, server, folder, scratch, names, wanted):
    known, totals = known_errors(), Totals()
    cluster = PostgreSQL(server, scratch)
    for name, engine, target, _ in sets_of(folder, names, scratch):
        if engine == cluster.name:
            cluster.fresh('check_roles')  # takes away the roles that an earlier set left to the cluster
        begun = time.monotonic()
        rows, error = check(program, engine, server, target)
        if error:
            totals.broken += 1
            print(f'{name:16} {error}')
        else:
            totals.show(name, rows, known, time.monotonic() - begun, wanted)
        shutil.rmtree(target, ignore_errors=True)
        for key in known:
            if key[0] == name and key not in totals.used and not error:
                print(f'    check_true.txt names {" ".join(key[1:])}, which is not found any more')
    totals.table()
    return 1 if totals.unknown or totals.broken else 0


if __name__ == '__main__':
    parser = argparse.ArgumentParser(usage=__doc__.strip())
    parser.add_argument('--sample', type=int, default=0)
    parser.add_argument('paths', nargs=4)
    parser.add_argument('sets', nargs='*')
    given = parser.parse_args()
    sys.exit(main(*given.paths, given.sets, given.sample))
