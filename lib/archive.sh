#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes one object of a static library, hides the names that are hidden in the shared one, and packs it again.
#   archive.sh IN.a OUT.a      LD, OBJCOPY and AR name the tools
set -eu

object=$2.o
rm -f "$2"
"$LD" -r -o "$object" --whole-archive "$1"
"$OBJCOPY" --localize-hidden "$object"
"$AR" rcs "$2" "$object"
rm -f "$object"
