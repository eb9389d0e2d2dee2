#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the library, static and shared, into a prefix of its own, moves the prefix, and builds and runs a consumer
# through find_package and through pkg-config. The shared library's exports are compared with abi/exports-v1.txt.
# The kind that the calling build has made is installed from there, the other one is built here.
# Usage: run.sh COMPILER BUILD_FOLDER static|shared WORK_FOLDER
set -euo pipefail

compiler=$1
build=$2
built_kind=$3
work=$4
source=$(cd "$(dirname "$0")/../.." && pwd)
version=$(sed -nE 's/^## ([0-9]+\.[0-9]+\.[0-9]+).*/\1/p' "$source/CHANGELOG.md" | head -n 1)
expected="cmwq $version: 55"

fail() {
    echo "install test: $*" >&2
    exit 1
}

# A step whose output matters only when it fails.
quietly() {
    local log="$work/step.log"
    "$@" >"$log" 2>&1 || { cat "$log" >&2; fail "failed: $*"; }
}

run_and_compare() {
    local printed
    printed=$("$@") || fail "the consumer failed: $*"
    [ "$printed" = "$expected" ] || fail "the consumer printed '$printed' instead of '$expected'"
}

build_kind() {
    local kind=$1
    quietly cmake -S "$source" -B "$work/$kind-build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DBUILD_SHARED_LIBS="$([ "$kind" = shared ] && echo ON || echo OFF)" -DCMAKE_CXX_COMPILER="$compiler" \
        -DCMWQ_BUILD_TESTS=OFF -DCMWQ_BUILD_EXAMPLES=OFF -DCMWQ_BUILD_TOOLS=OFF -DCMWQ_BUILD_BENCHMARKS=OFF
    quietly cmake --build "$work/$kind-build" --parallel 2
}

install_kind() {
    local kind=$1 from=$build
    if [ "$kind" != "$built_kind" ]; then
        build_kind "$kind"
        from="$work/$kind-build"
    fi
    quietly cmake --install "$from" --prefix "$work/$kind-first"
    # Whoever relies on the prefix of the installation fails from here on.
    mv "$work/$kind-first" "$work/$kind"
}

consume_by_cmake() {
    local kind=$1
    quietly cmake -S "$source/tests/install" -B "$work/$kind-cmake" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
        -DCMAKE_PREFIX_PATH="$work/$kind"
    quietly cmake --build "$work/$kind-cmake"
    run_and_compare "$work/$kind-cmake/consumer"
}

consume_by_pkg_config() {
    local kind=$1 libdir flags
    libdir=$(dirname "$(find "$work/$kind" -name cmwq.pc)")
    flags=$(PKG_CONFIG_PATH="$libdir" pkg-config --cflags --libs cmwq) || fail "pkg-config does not know cmwq"
    # shellcheck disable=SC2086  # the flags are words
    quietly "$compiler" -std=c++20 "$source/tests/install/consumer.cpp" -o "$work/$kind-consumer" $flags
    LD_LIBRARY_PATH=$(dirname "$libdir") run_and_compare "$work/$kind-consumer"
}

rm -rf "$work"
mkdir -p "$work"
for kind in static shared; do
    install_kind "$kind"
    consume_by_cmake "$kind"
    consume_by_pkg_config "$kind"
    echo "$kind: find_package and pkg-config: $expected"
done
python3 "$source/tools/dev/check_exports.py" "$(find "$work/shared" -name 'libcmwq.so')"
