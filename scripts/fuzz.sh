#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fuzzes both targets side by side on one CPU, at the lowest priority. New inputs go to build/fuzz/TARGET; one that is
# wrong is named build/fuzz/TARGET-crash-…, and its end is shown. The exit status is 0 only if there was none.
# Usage: fuzz.sh [SECONDS]   (default: 3600)
#        fuzz.sh --minimize  puts the smallest set of inputs that reaches as much into tests/fuzz/corpus
set -euo pipefail
cd "$(dirname "$0")/.."

targets=(operations configuration)
corpus=tests/fuzz/corpus
found=build/fuzz

say() { printf '== %s\n' "$*"; }

build() {
    local programs=("${targets[@]/%/_fuzz}")
    cmake --preset asan >/dev/null
    cmake --build --preset asan --parallel "$(nproc)" --target "${programs[@]}" >"$found/build.log" 2>&1 ||
        { tail -n 30 "$found/build.log"; exit 1; }
}

minimize() {
    local target=$1 smallest
    smallest=$(mktemp -d)
    build/asan/tests/"${target}_fuzz" -merge=1 -max_len=400 "$smallest" "$corpus/$target" "$found/$target" \
        >"$found/$target-merge.log" 2>&1
    rm -rf "${corpus:?}/$target"
    mkdir -p "$corpus/$target"
    cp "$smallest"/* "$corpus/$target"
    rm -rf "$smallest"
    say "$target: $(find "$corpus/$target" -type f | wc -l) inputs"
}

fuzz() {
    taskset -c 0 nice -n 19 build/asan/tests/"$1_fuzz" -max_total_time="$2" -max_len=400 -len_control=0 -timeout=120 \
        -print_final_stats=1 -artifact_prefix="$found/$1-" "$found/$1" "$corpus/$1" >"$found/$1.log" 2>&1
}

mkdir -p "${targets[@]/#/$found/}"
build
if [ "${1:-}" = --minimize ]; then
    for target in "${targets[@]}"; do minimize "$target"; done
    exit 0
fi

declare -A running
for target in "${targets[@]}"; do
    fuzz "$target" "${1:-3600}" &
    running[$target]=$!
done
wrong=0
for target in "${targets[@]}"; do
    status=0
    wait "${running[$target]}" || status=$?
    say "$target: exit status $status"
    tail -n "$([ $status -eq 0 ] && echo 8 || echo 60)" "$found/$target.log"
    [ $status -eq 0 ] || wrong=1
done
exit $wrong
