#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the whole library as one C file, for programs that compile it into themselves.

    lib/amalgamate.py FOLDER            FOLDER gets libmigrate.c and the public headers
    lib/amalgamate.py --check FOLDER    fails if what is there is not what it would write

Compile it as gnu11 with the headers of SQLite and libpq; which engines are in it say MIGRATE_OMIT_SQLITE and
MIGRATE_OMIT_POSTGRESQL, and how their libraries are reached MIGRATE_CLIENTS_LINKED. What is private to one file is
private to it no longer, so names that several files give get their file's name in front.
"""
import collections
import os
import re
import sys

LIB = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(os.path.dirname(LIB), 'include')
LAYERS = ('util', 'sql', 'database', 'database/host', 'database/postgresql', 'database/sqlite', 'schema', 'check', 'guard',
          'source', 'core', 'api')
# what the system's headers declare, and a file may call its own
SYSTEM_NAMES = frozenset('accept bind close connect dup index link listen open pause poll read recv remove rename select send signal '
                         'sleep time truncate unlink wait write'.split())
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|->|\s+|.', re.S)
LOCAL = re.compile(r'^#include "([^"]+)"\n', re.M)
SYSTEM = re.compile(r'^#include (<[^>]+>)\n', re.M)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def without_comments(text):
    return re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)


def sources():
    for layer in LAYERS:
        folder = os.path.join(LIB, layer)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if name.endswith('.c'):
                yield f'{layer}/{name}'


def bodies(text):
    """The places of what stands in braces at file scope: (begin of the line or statement, begin, end)."""
    depth, begin = 0, 0
    for token in TOKEN.finditer(text):
        if token.group() == '{':
            if depth == 0:
                begin = token.start()
            depth += 1
        elif token.group() == '}':
            depth -= 1
            if depth == 0:
                yield begin, token.end()


def structs(text):
    """The places of the bodies of structs and unions, wherever they stand."""
    stack, words = [], []
    for token in TOKEN.finditer(text):
        word = token.group()
        if word.isspace() or word.startswith('/*'):
            continue
        if word == '{':
            stack.append(token.start() if {'struct', 'union'} & set(words[-2:]) else None)
        elif word == '}':
            begin = stack.pop()
            if begin is not None:
                yield begin, token.end()
        words = [*words[-1:], word]


def own_names(text):
    """Names that a file gives at file scope for itself alone."""
    bare = without_comments(text)
    names = set()
    flat, at = [], 0
    for begin, end in bodies(bare):
        head = bare[at:begin]
        flat.append(head + '{')
        tag = re.search(r'\b(struct|union|enum)\s+(\w+)\s*$', head)
        if tag:
            names.add('struct ' + tag.group(2))
        if re.search(r'\benum(\s+\w+)?\s*$', head):
            names.update(re.findall(r'(\w+)\s*(?:=[^,}]*)?[,}]', bare[begin + 1:end]))
        at = end
    flat = ''.join(flat) + bare[at:]
    for name in re.findall(r'^static (?:const )?(?:struct|union|enum)(?: \w+)? \{\s*\*?(?:const )?(\w+)', flat, re.M):
        names.add(name)
    for statement in re.findall(r'^static [^;{]*[;{]', flat, re.M):
        before = re.match(r'[^(=\[;{]*', statement).group()
        pointer = re.match(r'.*?\(\s*\*\s*(?:const\s+)?(\w+)', statement)
        words = re.findall(r'\w+', before)
        if pointer and not words[-1:] == ['__attribute__'] and re.search(r'\(\s*\*', statement[:len(before) + 2]):
            names.add(pointer.group(1))
        elif not {'struct', 'union', 'enum'} & set(words[-2:]) or '(' in statement or '=' in statement:
            names.add(words[-1])
    names.update(re.findall(r'^typedef [^;]*?\b(\w+);', flat, re.M))
    return names


def renamed(text, names):
    """The text with names given as the table says, but for members of structs."""
    members = list(structs(text))
    out, last = [], ''
    for token in TOKEN.finditer(text):
        word = token.group()
        if last in ('struct', 'union', 'enum'):
            word = names.get('struct ' + word, word)
        elif word in names and last not in ('.', '->'):
            inside = any(begin < token.start() < end for begin, end in members)
            if not (inside and re.match(r'\s*[;,\[:)]', text[token.end():])):
                word = names[word]
        out.append(word)
        if not word.isspace() and not word.startswith('/*'):
            last = word
    return ''.join(out)


def headers_of(paths):
    """Every header, those that it needs before it."""
    order = []

    def add(path):
        if path in order or path.startswith('migrate'):
            return
        for needed in LOCAL.findall(read(os.path.join(LIB, path))):
            add(needed)
        order.append(path)

    for path in paths:
        for header in LOCAL.findall(read(os.path.join(LIB, path))):
            add(header)
    return order


def guarded(path, text):
    if path in ('database/sqlite/sqlite.h', 'database/sqlite/settings.c'):  # for hosts' drivers, too, and without the library
        return text
    for engine in ('sqlite', 'postgresql'):
        if path.startswith(f'database/{engine}/'):
            return f'#ifndef MIGRATE_OMIT_{engine.upper()}\n{text}#endif\n'
    return text


def system_includes(texts):
    found = []
    for text in texts:
        depth = 0
        for line in text.splitlines():
            depth += line.startswith('#if') - line.startswith('#endif')
            match = SYSTEM.match(line + '\n')
            if match and (depth == 0 or text.startswith('/* SPDX-License-Identifier: MIT') and depth == 1 and '_H\n' in text[:4000]):
                found.append(match.group(1))
    return sorted(set(found) - {'<migrate.h>', '<sqlite3.h>', '<libpq-fe.h>'})


def amalgamated():
    paths = list(sources())
    headers = headers_of(paths)
    texts = {path: read(os.path.join(LIB, path)) for path in [*headers, *paths]}
    owners = collections.defaultdict(set)
    for path in paths:
        for name in own_names(texts[path]):
            owners[name].add(path)
    known = set(re.findall(r'\b[A-Za-z_]\w*\b', without_comments(''.join(texts[path] for path in headers))))
    shared = {'struct ' + name for name in re.findall(r'\b(?:struct|union|enum)\s+(\w+)', without_comments(''.join(texts[path] for path in headers)))}
    version = re.search(r"version: '([^']+)'", read(os.path.join(os.path.dirname(LIB), 'meson.build'))).group(1)
    yield f'/* SPDX-License-Identifier: MIT\n * libmigrate {version} as one file, made by lib/amalgamate.py: change the files that it is made of. */\n'
    yield '#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n#include "migrate.h"\n\n'
    yield ''.join(f'#include {name}\n' for name in system_includes(texts.values()))
    yield '#ifndef MIGRATE_OMIT_SQLITE\n#include <sqlite3.h>\n#endif\n#ifndef MIGRATE_OMIT_POSTGRESQL\n#include <libpq-fe.h>\n#endif\n'
    for path in headers:
        yield f'\n/* ==== {path} ==== */\n' + guarded(path, stripped(texts[path]))
    for path in paths:
        prefix = path[:-2].replace('/', '_') + '_'
        table = {name: prefix + name.replace('struct ', '') for name in own_names(texts[path])
                 if (len(owners[name]) > 1 or name in known or name in SYSTEM_NAMES) and name not in shared}
        text = renamed(stripped(texts[path]), table)
        macros = re.findall(r'^#define (\w+)', text, re.M)
        yield f'\n/* ==== {path} ==== */\n' + guarded(path, text + ''.join(f'#undef {name}\n' for name in macros))


def stripped(text):
    text = LOCAL.sub('', text)
    kept, depth = [], 0
    header = re.search(r'^#ifndef \w+_H$', text, re.M)
    for line in text.splitlines(True):
        depth += line.startswith('#if') - line.startswith('#endif')
        if not (SYSTEM.match(line) and depth == (1 if header else 0)):
            kept.append(line)
    return re.sub(r'\n{3,}', '\n\n', ''.join(kept))


def outputs():
    """What is written: each file's name and text."""
    yield 'libmigrate.c', ''.join(amalgamated())
    for name in sorted(os.listdir(INCLUDE)):
        if name.endswith('.h'):
            yield name, read(os.path.join(INCLUDE, name))


def is_same(path, text):
    try:
        return read(path) == text
    except FileNotFoundError:
        return False


def main():
    arguments = sys.argv[1:]
    check = arguments[:1] == ['--check']
    if len(arguments) != 1 + check or arguments[-1].startswith('-'):
        sys.exit(__doc__)
    folder = arguments[-1]
    if check:
        stale = [name for name, text in outputs() if not is_same(os.path.join(folder, name), text)]
        if stale:
            sys.exit(f'{folder}: not what lib/amalgamate.py makes of the source: {", ".join(stale)}; run lib/amalgamate.py {folder}')
        return
    os.makedirs(folder, exist_ok=True)
    for name, text in outputs():
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(text)


if __name__ == '__main__':
    main()
