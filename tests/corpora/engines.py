# SPDX-License-Identifier: MIT
"""The two engines as their own shells see them: make a database, run a file as psql and sqlite3 run it, and say
what is in it."""
import os
import re
import subprocess

# pg_dump 15.14 and later writes a random key into every dump
RANDOM_LINES = re.compile(rb'^\\(un)?restrict .*\n', re.MULTILINE)
# the first word of a file, whatever comments stand before it
FIRST_WORD = re.compile(rb'\A(?:\s|--[^\n]*\n|/\*.*?\*/|;)*([A-Za-z]+)', re.DOTALL)
CONTROL = re.compile(rb'^\s*(BEGIN|START|COMMIT|END|ROLLBACK)(?:\s+(?:TRANSACTION|WORK|IMMEDIATE|DEFERRED))?\s*;',
                     re.IGNORECASE | re.MULTILINE)
HISTORY = 'libmigrate_history'


# what depends on the moment: times, seconds and milliseconds since 1970, random identifiers
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.\d]*(?:[+-]\d\d)?|\b1[789]\d{8}(?:\d{3})?\b"
                    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def run(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)
    return done.returncode, done.stdout, done.stderr.decode(errors='replace')


def masked(dump):
    return '\n'.join(sorted(MOMENT.sub('*', dump.decode(errors='replace')).splitlines()))


def first_error(text):
    """The line that matters of what a shell or migratectl says."""
    for line in text.splitlines():
        if re.search(r'ERROR|error|FATAL', line):
            return line.strip()
    return text.strip().splitlines()[0] if text.strip() else 'no message'


def completed(text):
    """The file in the transaction that its author expects: a COMMIT at its beginning ends one of the tool's, and the
    tool commits what it leaves open."""
    first, controls = FIRST_WORD.match(text), CONTROL.findall(text)
    if first and first[1].upper() in (b'COMMIT', b'END'):
        text = b'BEGIN;\n' + text
    if controls and controls[-1].upper() in (b'BEGIN', b'START'):
        text += b'\n;COMMIT;\n'
    return text


class PostgreSQL:
    name = 'postgresql'
    dump_options = ('', '--inserts', '--column-inserts --rows-per-insert=100')

    def __init__(self, server, folder):
        self.server = server.rsplit('/', 1)[0]
        self.folder = folder
        self.roles = self.all_roles()

    def psql(self, database, *arguments, **more):
        return run(['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', *arguments, f'{self.server}/{database}'], **more)

    def ask(self, database, sql):
        code, out, err = self.psql(database, '-At', '-c', sql)
        if code != 0:
            raise RuntimeError(f'{sql}: {err}')
        return out.decode().splitlines()

    def all_roles(self):
        return set(self.ask('postgres', 'SELECT quote_ident(rolname) FROM pg_roles'))

    def fresh(self, name):
        """An empty database, and none of the roles that earlier ones left to the cluster."""
        self.ask('postgres', f'DROP DATABASE IF EXISTS {name}')
        for role in self.all_roles() - self.roles:
            self.ask('postgres', f'DROP ROLE {role}')
        self.ask('postgres', f'CREATE DATABASE {name} TEMPLATE template0')
        return self.url(name)

    def url(self, name):
        return f'{self.server}/{name}'

    def dump(self, name, options):
        code, out, err = run(['pg_dump', *options.split(), self.url(name)])
        if code != 0:
            raise RuntimeError(err)
        return out

    def drop(self, name):
        self.ask('postgres', f'DROP DATABASE IF EXISTS {name}')

    def apply(self, name, path, *, whole=False):
        """None, or the first error. whole: in one transaction."""
        with open(path, 'rb') as file:
            text = completed(file.read())
        complete = os.path.join(self.folder, os.path.basename(path))
        with open(complete, 'wb') as file:
            file.write(text)
        code, _, err = self.psql(name, *(['-1'] if whole else []), '-f', complete)
        os.remove(complete)
        return None if code == 0 else first_error(err)

    def schema(self, name):
        code, out, err = run(['pg_dump', '-s', '--exclude-table', f'public.{HISTORY}', f'{self.server}/{name}'])
        return RANDOM_LINES.sub(b'', out).decode(errors='replace') if code == 0 else err

    def rows(self, name):
        """The rows, in an order of our own: the server's may differ."""
        code, out, err = run(['pg_dump', '-a', '--inserts', '--exclude-table-data', f'public.{HISTORY}',
                              f'{self.server}/{name}'])
        return masked(RANDOM_LINES.sub(b'', out)) if code == 0 else err


class SQLite:
    name = 'sqlite'
    dump_options = ('',)

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name + '.db')

    def fresh(self, name):
        self.drop(name)
        return self.url(name)

    def url(self, name):
        return 'sqlite:' + self.path(name)

    def dump(self, name, _):
        return self.shell(name, '.dump').encode()

    def drop(self, name):
        for suffix in ('', '-journal', '-wal', '-shm'):
            if os.path.exists(self.path(name) + suffix):
                os.remove(self.path(name) + suffix)

    def apply(self, name, path, *, whole=False):
        with open(path, 'rb') as file:
            text = completed(file.read())
        if whole:
            text = b'BEGIN;\n' + text + b'\n;COMMIT;\n'
        code, _, err = run(['sqlite3', '-bail', self.path(name)], input=text + b'\n;\n')
        return None if code == 0 else first_error(err)

    def shell(self, name, command):
        code, out, err = run(['sqlite3', self.path(name), command])
        return out.decode(errors='replace') if code == 0 else err

    def schema(self, name):
        return self.shell(name, f"SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name <> '{HISTORY}' "
                                "ORDER BY type, name")

    def rows(self, name):
        history = f'CREATE TABLE {HISTORY}', f'INSERT INTO {HISTORY} '
        dump = self.shell(name, '.dump').replace('"', '').splitlines()
        return masked('\n'.join(line for line in dump if line.startswith('INSERT') and not line.startswith(history))
                      .encode())
