#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what the binding must not say twice: constants and functions from migrate.h, the options from the library's own table.

    generate.py            writes src/libmigrate/_generated.py and _options.py
    generate.py --check    fails if they are not what it would write
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "src" / "libmigrate"
HEADER = HERE.parents[2] / "include" / "migrate.h"
NOTE = "# SPDX-License-Identifier: MIT\n# Made by tools/generate.py from {}: do not edit.\n"
PLAIN = {"int32_t": "c_int32", "int64_t": "c_int64", "size_t": "c_size_t", "migrate_function": "c_void_p"}


def header_text() -> str:
    text = re.sub(r"/\*.*?\*/", " ", HEADER.read_text(encoding="utf-8"), flags=re.S)
    return text.replace("\\\n", " ")


def type_of(declared: str, callbacks: list[str]) -> str:
    words = re.sub(r"\bconst\b", "", declared).strip()
    stars = words.count("*")
    base = words.replace("*", " ").split()[0]
    if stars == 2:
        return "POINTER(c_void_p)"
    if stars == 1:
        return "c_char_p" if base == "char" and "const" in declared else "c_void_p"
    return base if base in callbacks else {"void": "None", **PLAIN}[base]


def arguments_of(text: str, callbacks: list[str]) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    return [] if parts == ["void"] else [type_of(part, callbacks) for part in parts]


def generated() -> str:
    text = header_text()
    lines = [NOTE.format("include/migrate.h"), "from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int32, c_int64, c_size_t, c_void_p\n"]
    for name, value in re.findall(r"#define MIGRATE_((?:ERROR_)?[A-Z_]+)\s+\(?(-?\d+)\)?\s", text):
        lines.append(f"{name} = {value}")
    callbacks: list[str] = []
    lines.append("")
    for back, name, arguments in re.findall(r"typedef (\w+) \(\*(\w+)\)\(([^)]*)\)\s*;", text):
        if name == "migrate_function":
            continue
        types = [type_of(back, callbacks), *arguments_of(arguments, callbacks)]
        lines.append(f"{name} = CFUNCTYPE({', '.join(types)})")
        callbacks.append(name)
    lines.append("\nFUNCTIONS = {")
    for back, name, arguments in re.findall(r"MIGRATE_API\s+([\w\s]+?[\s*]+)(migrate_\w+)\(([^)]*)\)\s*;", text):
        types = ", ".join(arguments_of(arguments, callbacks))
        lines.append(f'    "{name}": ({type_of(back, callbacks)}, [{types}]),')
    return "\n".join([*lines, "}", ""])


def option_rows() -> list[dict[str, object]]:
    sys.path.insert(0, str(PACKAGE.parent))
    from libmigrate._native import library, rows_of

    pointer = ctypes.c_void_p()
    library().migrate_options_list(ctypes.byref(pointer), None)
    return list(json.loads(rows_of(pointer))["rows"])


def annotation(row: dict[str, object]) -> str:
    kind = row["type"]
    if kind == "word":
        words = str(row["values"]).split("|")
        literal = "Literal[" + ", ".join(f'"{word}"' for word in words) + "]"
        return f"Union[{literal}, bool, None]" if {"on", "off"} <= set(words) else f"Optional[{literal}]"
    return {
        "duration": "Union[str, float, timedelta, None]",
        "number": "Union[str, int, None]",
        "size": "Union[str, int, None]",
        "text": "Union[str, os.PathLike[str], None]",
    }[str(kind)]


def options() -> str:
    rows = option_rows()
    lines = [NOTE.format("migrate_options_list()"), '"""Every option of the library, as keywords of Migrator, startup() and the others."""\n',
             "from __future__ import annotations\n", "import os", "from datetime import timedelta",
             "from typing import Dict, Literal, Optional, TypedDict, Union\n"]
    lines.append("TYPES: Dict[str, str] = {")
    lines += [f'    "{row["key"]}": "{row["type"]}",' for row in rows]
    lines.append("}\n\n\nclass Options(TypedDict, total=False):")
    for row in rows:
        if row["key"] in ("url", "dir"):  # parameters of their own
            continue
        default = f" Default: {row['default']}." if row["default"] else ""
        lines += [f"    {row['key']}: {annotation(row)}", f'    """{row["help"]}.{default}"""']
    return "\n".join([*lines, ""])


def main() -> int:
    wrong = 0
    for name, make in (("_generated.py", generated), ("_options.py", options)):
        path, text = PACKAGE / name, make()
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            print(f"{path}: not what tools/generate.py makes of the library; run it", file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
