#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what the binding must not say twice: declarations from migrate.h, and the options from the library's own table.

    generate.py LIBRARY     LIBRARY: a libmigrate.so, for its table of options

cargo test compares both with the header and the library that are in use.
"""
import ctypes
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
HEADER = HERE.parents[1] / 'include' / 'migrate.h'
NOTE = '// SPDX-License-Identifier: MIT\n// Made by tools/generate.py from {}: do not edit.\n'
PLAIN = {'int32_t': 'i32', 'int64_t': 'i64', 'size_t': 'usize', 'char': 'c_char', 'void': 'c_void'}


def type_of(words):
    """const char * -> *const c_char, void -> c_void, migrate_event_fn -> migrate_event_fn"""
    stars, const = words.count('*'), 'const' in words.split()
    base = words.replace('*', ' ').replace('const', ' ').split()[0]
    made = PLAIN.get(base, base)
    for _ in range(stars):
        made = ('*const ' if const else '*mut ') + made
        const = False
    return made


def arguments(text):
    if text.strip() == 'void':
        return ''
    made = []
    for part in text.split(','):
        words, name = re.fullmatch(r'\s*(.*?[\s*])(\w+)\s*', part, re.S).groups()
        made.append(f'{"r#" if name in ("as", "fn") else ""}{name}: {type_of(words)}')
    return ', '.join(made)


def result(words):
    made = type_of(words)
    return '' if made == 'c_void' else f' -> {made}'


def declarations():
    text = re.sub(r'/\*.*?\*/', ' ', HEADER.read_text(encoding='utf-8'), flags=re.S).replace('\\\n', ' ')
    lines = [NOTE.format('include/migrate.h'), 'use std::ffi::{c_char, c_void};', 'use std::marker::{PhantomData, PhantomPinned};', '']
    for name, value in re.findall(r'#define (MIGRATE_(?:ERROR_)?[A-Z_]+)\s+\(?(-?\d+)\)?\s', text):
        lines.append(f'pub const {name}: i32 = {value};')
    lines += ['pub const MIGRATE_VERSION_NUMBER: i32 = MIGRATE_VERSION_MAJOR * 1000000 + MIGRATE_VERSION_MINOR * 1000 + MIGRATE_VERSION_PATCH;',
              'pub const MIGRATE_NONE: usize = usize::MAX;', '']
    for name in re.findall(r'typedef struct \w+ (migrate_\w+);', text):
        lines += ['#[repr(C)]', f'pub struct {name} {{', '    _opaque: [u8; 0],', '    _marker: PhantomData<(*mut u8, PhantomPinned)>,', '}', '']
    for back, name, args in re.findall(r'typedef (\w+) \(\*(\w+)\)\(([^)]*)\)\s*;', text):
        lines.append(f'pub type {name} = Option<unsafe extern "C" fn({arguments(args)}){result(back)}>;')
    lines += ['', 'unsafe extern "C" {']
    for back, name, args in re.findall(r'MIGRATE_API\s+([\w\s]+?[\s*]+)(migrate_\w+)\(([^)]*)\)\s*;', text):
        lines.append(f'    pub fn {name}({arguments(args)}){result(back)};')
    return '\n'.join([*lines, '}', ''])


def camel(word):
    return ''.join(part.capitalize() for part in re.split(r'[_-]', word))


def option_rows(library):
    loaded = ctypes.CDLL(library)
    rows, text = ctypes.c_void_p(), ctypes.c_char_p()
    loaded.migrate_options_list(ctypes.byref(rows), None)
    loaded.migrate_rows_json(rows, ctypes.byref(text), None)
    return json.loads(text.value)['rows']


def options(library):
    lines = [NOTE.format('migrate_options_list()'), 'use super::kinds;', 'use super::{Options, Setting};', '']
    lines += ['/// Key, type, default and words of each option, as they were when this file was made.', '#[cfg(test)]',
              'pub(crate) const OPTIONS: &[(&str, &str, Option<&str>, Option<&str>)] = &[']
    def quoted(value):
        return 'None' if value is None else f'Some({json.dumps(value)})'
    rows = option_rows(library)
    for row in rows:
        lines.append(f'    ("{row["key"]}", "{row["type"]}", {quoted(row["default"])}, {quoted(row["values"])}),')
    lines += ['];', '']
    methods = []
    for row in rows:
        key, kind, words = row['key'], row['type'], (row['values'] or '').split('|')
        bound = f'impl Setting<kinds::{camel(kind)}>'
        if kind == 'word' and set(words) == {'on', 'off'}:
            bound = 'impl Setting<kinds::Truth>'
        elif kind == 'word':
            name = camel(key)
            bound = name
            lines += [f'/// {row["help"]}: the words of [`Options::{key}`].', '#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]',
                      '#[non_exhaustive]', f'pub enum {name} {{']
            lines += [f'    {camel(word)},' for word in words]
            lines += ['}', '', f'impl {name} {{', '    pub fn as_str(self) -> &\'static str {', '        match self {']
            lines += [f'            Self::{camel(word)} => "{word}",' for word in words]
            lines += ['        }', '    }', '}', '']
        default = f' Default: `{row["default"]}`.' if row['default'] else ''
        value = 'value.as_str()' if bound[0] != 'i' else 'value.text()'
        methods += [f'    /// {row["help"].rstrip(".")}.{default}', '    #[must_use]', f'    pub fn {key}(self, value: {bound}) -> Self {{',
                    f'        self.set("{key}", {value})', '    }', '']
    lines += ["impl<'a> Options<'a> {", *methods[:-1], '}', '']
    return '\n'.join(lines)


def main():
    for path, text in ((HERE / 'libmigrate-sys/src/bindings.rs', declarations()),
                       (HERE / 'libmigrate/src/options/settings.rs', options(sys.argv[1]))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
        subprocess.run(['rustfmt', '--edition', '2024', '--config-path', str(HERE / 'rustfmt.toml'), str(path)], check=False)


if __name__ == '__main__':
    main()
