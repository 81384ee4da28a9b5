# SPDX-License-Identifier: MIT
"""Builds the C library and migratectl into the wheel, and puts their source into a source distribution."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What Meson needs of the project: the examples are built with it, and one of them embeds the sample; its files name these bindings.
PARTS = ("include", "lib", "examples", "migrations-sample", "meson.build", "meson_options.txt", "LICENSE", "bindings/meson.build", "bindings/cpp",
         "bindings/sqlite-extension")


def program(name: str) -> str:
    """Of the build environment first: there need not be one on the path."""
    own = Path(sysconfig.get_path("scripts")) / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        raise RuntimeError(f"building libmigrate needs {name}")
    return found


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    def source(self) -> Path:
        root = Path(self.root)
        for place in (root / "csource", root.parents[1]):
            if (place / "lib" / "libmigrate.map").exists():
                return place
        raise RuntimeError("the C source of libmigrate is neither in csource nor two folders up; build from the repository or an sdist")

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist":
            for part in PARTS:
                build_data["force_include"][str(self.source() / part)] = f"csource/{part}"
        elif version != "editable":
            self.build(build_data)

    def build(self, build_data: dict[str, Any]) -> None:
        """LIBMIGRATE_MESON_ARGS: more arguments for meson setup, behind these."""
        self.folder = tempfile.mkdtemp(prefix="libmigrate-")
        environment = {**os.environ, "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")}
        library = f"libmigrate.so.{self.metadata.version}"
        # Its own libmd stands beside it, as not every system has one.
        setup = [program("meson"), "setup", self.folder, str(self.source()), "-Dtests=false", "-Dwerror=false", "-Dbuildtype=release",
                 "-Dstrip=true", "-Dc_link_args=-Wl,-rpath,$ORIGIN", *shlex.split(os.environ.get("LIBMIGRATE_MESON_ARGS", ""))]
        command = [program("ninja"), "-C", self.folder, f"lib/{library}", "examples/migratectl/migratectl"]
        for step in (setup, command):
            done = subprocess.run(step, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise RuntimeError(
                    f"{' '.join(step)}\n{done.stdout}\nThe C library needs a C compiler, pkg-config and the headers of libpq, SQLite and "
                    "libmd (Debian: gcc pkg-config libpq-dev libsqlite3-dev libmd-dev)."
                )
        place = Path(self.folder)
        include = build_data["force_include"]
        files = {"libmigrate.so.1": place / "lib" / library, "migratectl": place / "examples" / "migratectl" / "migratectl"}
        files.update(neighbours(files["libmigrate.so.1"]))
        for name, path in files.items():
            if name != "migratectl" or os.access(path, os.X_OK):
                subprocess.run(["strip", "--strip-unneeded", str(path.resolve())], check=False, stderr=subprocess.DEVNULL)
            include[str(path.resolve())] = f"libmigrate/_library/{name}"
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder, ignore_errors=True)


def neighbours(library: Path) -> dict[str, Path]:
    """Libraries beside the C library's that a system may lack, copied out of this one's: libmd."""
    if sys.platform != "linux":
        return {}
    listing = subprocess.run(["ldd", str(library)], stdout=subprocess.PIPE, text=True, check=False).stdout
    found: dict[str, Path] = {}
    for line in listing.splitlines():
        words = line.split()
        if len(words) > 2 and words[0].startswith("libmd.so") and words[2].startswith("/"):
            copy = library.parent / ("copy-of-" + words[0])
            shutil.copyfile(os.path.realpath(words[2]), copy)
            found[words[0]] = copy
    return found
