#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs clang-tidy (names, and the faults that .clang-tidy lists) over the library's and the tools' sources.
# Usage: tidy.sh BUILD_FOLDER [SOURCE...]   (the build folder must have compile_commands.json)
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:?which build folder?}
shift
tool=$(command -v clang-tidy-14 || command -v clang-tidy || true)
[ -n "$tool" ] || { echo "tidy: clang-tidy is not installed" >&2; exit 1; }
[ $# -gt 0 ] || mapfile -d '' -t sources < <(find src/engine src/platform/linux tools -name '*.cpp' -print0)
[ $# -eq 0 ] || sources=("$@")
printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -n 1 "$tool" -p "$build" --quiet --warnings-as-errors='*'
echo "tidy: ${#sources[@]} files without findings"
