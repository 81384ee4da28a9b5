# SPDX-License-Identifier: MIT
"""A generated migration as a file: the next number, a name from the message, the rollback block behind the text."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

TIMESTAMP = 14  # digits


def next_number(folder: Path) -> str:
    """One more than the highest number that is there; the time where they are times."""
    numbers = [found.group(1) for found in (re.match(r"(\d+)_", path.name) for path in folder.glob("*.sql")) if found]
    if numbers and max(len(number) for number in numbers) >= TIMESTAMP:
        return max(datetime.now(timezone.utc).strftime("%Y%m%d%H%M%S"), str(max(map(int, numbers)) + 1))
    width = max((len(number) for number in numbers), default=3)
    return str(max(map(int, numbers), default=0) + 1).zfill(width)


def write_migration(folder: Path, message: str, up: str, down: str) -> Path:
    name = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_") or "migration"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{next_number(folder)}_{name}.sql"
    block = f"\n-- ROLLBACK:\n{down.rstrip()}\n-- END ROLLBACK\n" if down.strip() else ""
    with open(path, "x", encoding="utf-8") as file:
        file.write(up.rstrip() + "\n" + block)
    return path
