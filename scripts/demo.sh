#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From nothing to a result: installs what is missing, builds, checksums a real directory tree with cmwq-sum, and lets
# sha256sum verify every line. Usage: demo.sh [DIRECTORY]   (default: /usr/include)
set -euo pipefail

tree=${1:-/usr/include}
root=$(cd "$(dirname "$0")/.." && pwd)
[ -d "$tree" ] || { echo "demo: not a directory: $tree" >&2; exit 2; }

"$root/scripts/install-deps.sh"

build="$root/build/demo"
log=$(mktemp) sums=$(mktemp)
trap 'rm -f "$log" "$sums"' EXIT
echo "demo: building in ${build#"$root"/}"
{
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMWQ_BUILD_TESTS=OFF -DCMWQ_BUILD_BENCHMARKS=OFF -DCMWQ_BUILD_EXAMPLES=OFF &&
        cmake --build "$build" --target cmwq-sum
} >"$log" 2>&1 || { cat "$log" >&2; echo "demo: the build failed" >&2; exit 1; }

echo "demo: cmwq-sum $tree"
"$build/tools/cmwq-sum" "$tree" >"$sums" || { echo "demo: cmwq-sum failed" >&2; exit 1; }

files=$(wc -l <"$sums")
[ "$files" -gt 0 ] || { echo "demo: there is no file in $tree" >&2; exit 1; }
echo "demo: sha256sum -c on the result"
sha256sum -c --quiet "$sums" || { echo "demo: sha256sum does not agree" >&2; exit 1; }
echo "demo: passed: $files files below $tree, every sum confirmed by sha256sum"
