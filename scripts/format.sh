#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Formats the C++ sources as .clang-format says; with --check only says which differ.
set -euo pipefail
cd "$(dirname "$0")/.."

# The form depends on the version; Debian 12's is the one that decides.
formatter=$(command -v clang-format-14 || command -v clang-format || true)
[ -n "$formatter" ] || { echo "format: clang-format is not installed" >&2; exit 1; }

mapfile -d '' sources < <(find include src tests tools examples benchmarks \( -name '*.hpp' -o -name '*.cpp' -o -name '*.h' \) -print0)
if [ "${1:-}" = --check ]; then
    "$formatter" --dry-run --Werror "${sources[@]}"
    # The formatter leaves comments as they are.
    too_long=$(awk 'length($0) > 120 { print FILENAME ":" FNR ": longer than 120 columns" }' "${sources[@]}")
    [ -z "$too_long" ] || { printf '%s\n' "$too_long" >&2; exit 1; }
    echo "format: ${#sources[@]} files as .clang-format says"
else
    "$formatter" -i "${sources[@]}"
fi
