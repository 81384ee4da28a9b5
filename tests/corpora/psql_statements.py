# SPDX-License-Identifier: MIT
"""What psql makes of a file: the statements and COPY data that it sends, taken down by a server that says yes to
everything."""
import re
import socket
import struct
import subprocess
import threading

COPY_IN = re.compile(rb'\A(?:\s|--[^\n]*\n|/\*.*?\*/)*copy\b.*\bfrom\s+std(?:in|out)\b', re.IGNORECASE | re.DOTALL)
SETTING = re.compile(rb'standard_conforming_strings\s*(?:=|to)\s*\'?(\w+)', re.IGNORECASE)


def message(kind, body=b''):
    return kind + struct.pack('!i', len(body) + 4) + body


READY = message(b'Z', b'I')


def setting(name, value):
    return message(b'S', name + b'\0' + value + b'\0')


class Server:
    """One psql's worth of a server."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.statements = []  # (text, data)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile('rb') as stream:
            self.connection, self.stream = connection, stream
            size = struct.unpack('!i', stream.read(4))[0]
            stream.read(size - 4)
            connection.sendall(message(b'R', struct.pack('!i', 0)) + setting(b'server_version', b'15.0') +
                               setting(b'client_encoding', b'UTF8') +
                               setting(b'standard_conforming_strings', b'on') + READY)
            while True:
                kind, body = self.receive()
                if kind in (b'', b'X'):
                    return
                if kind == b'Q':
                    self.answer(body[:-1])

    def receive(self):
        kind = self.stream.read(1)
        if not kind:
            return b'', b''
        return kind, self.stream.read(struct.unpack('!i', self.stream.read(4))[0] - 4)

    def answer(self, text):
        data = b''
        if COPY_IN.match(text):
            self.connection.sendall(message(b'G', b'\0\0\0'))
            kind, body = self.receive()
            while kind == b'd':
                data += body
                kind, body = self.receive()
        self.statements.append((text, re.sub(rb'\\\.\r?\n\Z', b'', data)))  # older psqls send the end, too
        changed = SETTING.search(text) if text.lstrip()[:3].lower() == b'set' else None
        status = setting(b'standard_conforming_strings', changed[1].lower()) if changed else b''
        self.connection.sendall(message(b'C', b'OK\0') + status + READY)


def statements(path):
    server = Server()
    url = f'host=127.0.0.1 port={server.port} user=x dbname=x sslmode=disable gssencmode=disable'
    done = subprocess.run(['psql', '-X', '-q', '-f', path, url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, check=False, timeout=30)
    server.thread.join(10)
    server.listener.close()
    return server.statements, done.stderr.decode(errors='replace')
