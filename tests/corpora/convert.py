#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts a folder of migrations in another tool's layout into order: NNNN_name.sql and, where there is one,
NNNN_name.down.sql. The text stays as it is, but for what only that tool understands (goose's sections,
statement breakpoints).

    convert.py LAYOUT SOURCE TARGET
"""
import json
import os
import re
import sys


def natural(text):
    return [(0, int(part), '') if part.isdigit() else (1, 0, part) for part in re.split(r'(\d+)', text) if part]


def files(source, pattern):
    """(match, relative path) of every file whose path fits, in natural order."""
    found = []
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), source)
            match = re.fullmatch(pattern, path)
            if match:
                found.append((match, path))
    return sorted(found, key=lambda item: natural(item[1]))


def read(source, path):
    with open(os.path.join(source, path), 'rb') as file:
        return file.read()


# Every reader yields (name, up, down or None) in the order of application.

def pairs(source):
    """golang-migrate and its relatives, sqlx: X.up.sql, X_up.sql, X.sql with X.down.sql, X_down.sql."""
    ups, downs = [], {}
    for match, path in files(source, r'(.*?)(?:[._](up|down))?\.sql'):
        if match[2] == 'down':
            downs[match[1]] = path
        else:
            ups.append((match[1], path))
    numbers = [number_of(name) for name, _ in ups]
    for name, path in ups:
        down = downs.get(name)
        if down is None and numbers.count(number_of(name)) == 1:  # another name, the same number
            down = next((p for n, p in downs.items() if number_of(n) == number_of(name)), None)
        yield name, read(source, path), read(source, down) if down else None


def number_of(name):
    match = re.match(r'V?0*(\d+)', os.path.basename(name))
    return match[1] if match else name


def diesel(source):
    found = files(source, r'([^/]+)/up\.sql')
    for match, path in sorted(found, key=lambda item: item[0][1].split('_')[0].replace('-', '')):
        down = os.path.join(match[1], 'down.sql')
        has_down = os.path.exists(os.path.join(source, down))
        yield match[1], read(source, path), read(source, down) if has_down else None


def prisma(source):
    for match, path in sorted(files(source, r'([^/]+)/migration\.sql'), key=lambda item: item[1]):
        yield match[1], read(source, path), None


def goose(source):
    for match, path in files(source, r'(\d+_[^/]*)\.sql'):
        sections, section = {'up': b'', 'down': b''}, None
        for line in read(source, path).splitlines(keepends=True):
            directive = re.match(rb'\s*--\s*\+goose\s+(\w+)', line)
            if not directive:
                if section:
                    sections[section] += line
                continue
            word = directive[1].lower().decode()
            if word in sections:
                section = word
        yield match[1], sections['up'], sections['down'] or None


def drizzle(source):
    with open(os.path.join(source, 'meta/_journal.json'), encoding='utf-8') as file:
        entries = json.load(file)['entries']
    for entry in sorted(entries, key=lambda entry: entry['idx']):
        pieces = read(source, entry['tag'] + '.sql').split(b'--> statement-breakpoint')
        # a breakpoint ends a statement, with or without its semicolon
        ended = [p if p.rstrip().endswith(b';') or not p.strip() else p.rstrip() + b';\n' for p in pieces[:-1]]
        yield entry['tag'], b''.join(ended + pieces[-1:]), None


def flyway(source):
    versioned, repeatable = [], []
    for match, path in files(source, r'(?:.*/)?(V([0-9._]+)|R)__([^/]*)\.sql'):
        name = os.path.basename(path)[:-4]
        if match[1] == 'R':
            repeatable.append((name, path))
        else:
            version = [int(part) for part in re.split(r'[._]', match[2])]
            versioned.append((version, name, path))
    for _, name, path in sorted(versioned):
        yield name, read(source, path), None
    for name, path in sorted(repeatable):
        yield name, read(source, path), None


def sqitch(source):
    """A reworked change stands in the plan more than once; its older texts are kept under a tag between."""
    with open(os.path.join(source, 'sqitch.plan'), encoding='utf-8') as file:
        plan = [line.split()[0] for line in file if line.strip() and not line.startswith(('%', '#'))]
    for index, name in enumerate(plan):
        if name.startswith('@'):
            continue
        stem = name
        if name in plan[index + 1:]:
            tags = (tag for tag in plan[index:plan.index(name, index + 1)] if tag.startswith('@'))
            stem += next(tag for tag in tags if os.path.exists(os.path.join(source, 'deploy', f'{name}{tag}.sql')))
        down = os.path.join('revert', stem + '.sql')
        has_down = os.path.exists(os.path.join(source, down))
        yield name, read(source, os.path.join('deploy', stem + '.sql')), read(source, down) if has_down else None


LAYOUTS = {'golang-migrate': pairs, 'sqlx': pairs, 'pg_dump': pairs, 'diesel': diesel, 'prisma': prisma,
           'goose': goose, 'drizzle': drizzle, 'flyway': flyway, 'sqitch': sqitch}


def reader_of(layout):
    """The one whose name the layout begins with: "sqlx reversible", "goose + Go", "golang-migrate-like"."""
    for name, reader in LAYOUTS.items():
        if layout.startswith(name):
            return reader
    sys.exit(f'convert.py: unknown layout {layout} (known: {", ".join(LAYOUTS)})')


def convert(layout, source, target):
    """Writes the files; returns the ids in order."""
    ids = []
    os.makedirs(target)
    for name, up, down in reader_of(layout)(source):
        name = re.sub(r'[^A-Za-z0-9_]+', '_', name).strip('_')
        ids.append(f'{len(ids) + 1:04}_{name}')
        for suffix, text in (('.sql', up), ('.down.sql', down)):
            if text is not None:
                with open(os.path.join(target, ids[-1] + suffix), 'wb') as file:
                    file.write(text)
    return ids


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__.strip())
    print(len(convert(*sys.argv[1:])), 'migrations')
