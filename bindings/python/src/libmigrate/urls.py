# SPDX-License-Identifier: MIT
"""URLs as SQLAlchemy writes them: with a driver in the scheme, or as its own object, whose text has stars for the password."""

from __future__ import annotations

import os
import re
from typing import Any


def url_text(url: Any) -> str:
    """Whatever else is given stays what it is. In SQLAlchemy's URLs sqlite:///app.db is a relative path; in all others it is /app.db."""
    if hasattr(url, "render_as_string") and hasattr(url, "drivername"):
        text = str(url.render_as_string(hide_password=False))
        known = text.partition(":")[0].partition("+")[0]
        text = text if "+" in text.partition(":")[0] else text.replace(known, known + "+any", 1)
    else:
        text = os.fspath(url)
    found = re.match(r"(postgresql|postgres|sqlite)\+\w+:", text)
    if found is None:
        return text
    rest = text[found.end() :]
    if found.group(1) != "sqlite":
        return f"postgresql:{rest}"
    path = rest[3:] if rest.startswith("///") else ""
    return f"sqlite:{path or ':memory:'}"
