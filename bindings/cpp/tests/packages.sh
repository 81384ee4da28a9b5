#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the library into a folder and builds the example against it as other projects do, with CMake, with
# pkg-config and with Meson, and runs it:
#     packages.sh BUILD-FOLDER EXAMPLE.cpp MIGRATIONS
set -eu

build=$1
example=$2
migrations=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
missing=

run() {
    "$1" "sqlite:$folder/$2.db" "$migrations" >"$folder/out"
    grep -q '^now at ' "$folder/out" || {
        cat "$folder/out"
        exit 1
    }
    echo "ok: $2"
}

DESTDIR=$folder/root meson install -C "$build" --no-rebuild --quiet
config=$(find "$folder/root" -name libmigrate-config.cmake)
libdir=${config%/cmake/libmigrate/libmigrate-config.cmake}
prefix=$(dirname "$(find "$folder/root" -name libmigrate -path '*/include/libmigrate')")
prefix=${prefix%/include}
export LD_LIBRARY_PATH="$libdir"
sanitize=
nm -D "$libdir/libmigrate.so" | grep -q __asan_init && sanitize=-fsanitize=address,undefined

mkdir "$folder/cmake"
cp "$example" "$folder/cmake/app.cpp"
cat >"$folder/cmake/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(app CXX)
find_package(libmigrate 1.0 REQUIRED)
add_executable(app app.cpp)
target_link_libraries(app PRIVATE libmigrate::cpp)
END
if command -v cmake >/dev/null; then
    cmake -S "$folder/cmake" -B "$folder/cmake/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_FLAGS="$sanitize" >"$folder/log" 2>&1 &&
        cmake --build "$folder/cmake/build" >>"$folder/log" 2>&1 || {
        cat "$folder/log"
        exit 1
    }
    run "$folder/cmake/build/app" cmake
else
    missing="$missing cmake"
fi

if command -v pkg-config >/dev/null; then
    export PKG_CONFIG_PATH="$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$folder/root"
    # shellcheck disable=SC2046,SC2086 # lists of words
    ${CXX:-g++} -std=c++17 $sanitize "$example" -o "$folder/app" $(pkg-config --cflags --libs libmigrate-cpp)
    run "$folder/app" pkg-config
else
    missing="$missing pkg-config"
fi
unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

if [ -n "$missing" ]; then
    echo "SKIPPED: not installed:$missing"
    exit 77
fi
