# SPDX-License-Identifier: MIT
"""python -m libmigrate: the command line of the library, argument for argument (migratectl, which is in the wheel)."""

from __future__ import annotations

import os
import shutil
import sys

from ._native import FOLDER


def main() -> int:
    own = str(FOLDER / "migratectl")
    program = own if os.access(own, os.X_OK) else shutil.which("migratectl")
    if program is None:
        print("libmigrate: migratectl is neither in the package nor on the path", file=sys.stderr)
        return 69
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
