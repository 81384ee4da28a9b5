#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Splits files as psql and sqlite3 split them and as the library does, and compares statements and COPY data.

    compare_statements.py STATEMENTS postgresql|sqlite FILE_OR_FOLDER...

STATEMENTS is the program of statements.c. Exit status 1: a file differs.
"""
import os
import re
import sqlite3
import subprocess
import sys

import psql_statements

BLANK = re.compile(rb'(?:\s|;|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*', re.DOTALL)
PSQL_COMMAND = re.compile(rb'^[ \t]*\\(?!\.)[^\n]*\n', re.MULTILINE)
PSQL_SEND = re.compile(rb'\\(?:g|gx|gset|gexec|gdesc|crosstabview)\b[^\n]*')  # they end a statement
EMPTY_LINES = re.compile(rb'\n\s*\n')  # psql drops them outside of strings
PIECES = ('1', '7', '4096')


def sqlite_statements(text):
    """The shell collects lines until sqlite3_complete() is content; here it is asked at every semicolon."""
    found, start, end = [], 0, 0
    decoded = text.decode('utf-8', errors='surrogateescape')
    while True:
        end = decoded.find(';', end) + 1
        if end == 0:
            break
        piece = decoded[start:end]
        if sqlite3.complete_statement(piece.encode('utf-8', 'replace').decode()):
            found.append((piece.encode('utf-8', 'surrogateescape'), b''))
            start = end
    found.append((decoded[start:].encode('utf-8', 'surrogateescape'), b''))
    return found


def our_statements(program, engine, path, *piece):
    out = subprocess.run([program, engine, path, *piece], stdout=subprocess.PIPE, check=True).stdout
    parts = out.split(b'\0')[:-1]
    return list(zip(parts[1::3], parts[2::3]))


def same(theirs, ours):
    """Theirs may have comments and a semicolon around it."""
    text, ours_text = (EMPTY_LINES.sub(b'\n', each[0]) for each in (theirs, ours))
    at = text.find(ours_text)
    if at < 0 or theirs[1] != ours[1]:
        return False
    return not BLANK.sub(b'', text[:at]) and not BLANK.sub(b'', text[at + len(ours_text):])


def first_difference(theirs, ours):
    theirs = [statement for statement in theirs if BLANK.sub(b'', statement[0])]
    for number, (their, our) in enumerate(zip(theirs, ours), 1):
        if not same(their, our):
            return f'statement {number}:\n    theirs {their[0][:300]!r} {their[1][:99]!r}\n    ours   {our[0][:300]!r} {our[1][:99]!r}'
    if len(theirs) != len(ours):
        longer, whose = (theirs, 'theirs') if len(theirs) > len(ours) else (ours, 'ours')
        number = min(len(theirs), len(ours))
        return f'{len(theirs)} statements, ours {len(ours)}; only {whose}: {longer[number][0][:300]!r}'
    return None


def compare(program, engine, path, scratch):
    with open(path, 'rb') as file:
        text = file.read()
    if engine == 'postgresql':  # commands of psql are its own; here it is about SQL
        text = PSQL_SEND.sub(b';', PSQL_COMMAND.sub(b'\n', text))
    with open(scratch, 'wb') as file:
        file.write(text)
    ours = our_statements(program, engine, scratch)
    for piece in PIECES if len(text) < 200000 else PIECES[-1:]:
        if our_statements(program, engine, scratch, piece) != ours:
            return f'pieces of {piece} bytes change the statements'
    theirs = psql_statements.statements(scratch)[0] if engine == 'postgresql' else sqlite_statements(text)
    return first_difference(theirs, ours)


def files(paths):
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in sorted(os.walk(path)):
                yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith('.sql'))
        else:
            yield path


def main(program, engine, *paths):
    scratch = f'/tmp/statements.{os.getpid()}.sql'
    count = differing = 0
    for path in files(paths):
        count += 1
        problem = compare(program, engine, path, scratch)
        if problem:
            differing += 1
            print(f'{path}: {problem}', flush=True)
    os.remove(scratch)
    print(f'{count} files, {differing} differ')
    return 1 if differing else 0


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__.strip())
    sys.exit(main(*sys.argv[1:]))
