#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# cmwq-sum against `find -print0 | xargs -0 -P CPUS -n 64 sha256sum` on one tree with a warm cache.
#
#   benchmarks/cmwq_sum_vs_xargs.sh [-r RUNS] [-q KIND] [-t TREE] CMWQ_SUM
#
#   CMWQ_SUM   the program, as built
#   -r RUNS    measured runs of each, alternating, after one that is not measured (default 7)
#   -q KIND    the queue that hashes (default: that of cmwq-sum)
#   -t TREE    an existing tree; default: a generated one of 24,000 files, 560 MB, in a temporary directory, removed at
#              the end. Its sizes follow those of source trees: half below 4 KiB, a few of megabytes.
#
# Prints the median wall time of each with the least and the greatest, their CPU times, and the ratio of the medians.
# Exit status: 0, or 1 if the checksums differ or cmwq-sum was slower.
set -euo pipefail

runs=7
tree=
queue=()
while getopts r:q:t: option; do
    case $option in
        r) runs=$OPTARG ;;
        q) queue=(--queue "$OPTARG") ;;
        t) tree=$OPTARG ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
program=$(realpath -- "${1:?usage: $0 [-r RUNS] [-q KIND] [-t TREE] CMWQ_SUM}")
cpus=$(nproc)

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

generate_tree() {
    python3 - "$1" <<'PYTHON'
import os, random, sys

random.seed(24000)
block = random.randbytes(8 << 20)
for number in range(24000):
    folder = os.path.join(sys.argv[1], f"part{number % 40:02}", f"module{number // 40 % 30:02}")
    os.makedirs(folder, exist_ok=True)
    size = min(int(random.lognormvariate(8.3, 1.9)), len(block) // 2)
    start = random.randrange(len(block) // 2)
    with open(os.path.join(folder, f"file{number:05}.c"), "wb") as file:
        file.write(block[start:start + size])
PYTHON
}

by_xargs() {
    find "$tree" -type f -print0 | xargs -0 -P "$cpus" -n 64 sha256sum
}

by_cmwq_sum() {
    "$program" --quiet "${queue[@]}" "$tree"
}

# measure NAME COMMAND: one run; appends "wall cpu" in seconds to the file NAME.
measure() {
    local TIMEFORMAT='%R %U %S'
    { time "$2" > "$scratch/$1.out"; } 2> "$scratch/time"
    tail -n 1 "$scratch/time" | awk '{ print $1, $2 + $3 }' >> "$scratch/$1"
}

# summary NAME TITLE: "TITLE  median  least  greatest  median of CPU"
summary() {
    local walls cpu
    walls=$(cut -d ' ' -f 1 "$scratch/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)], v[1], v[NR] }')
    cpu=$(cut -d ' ' -f 2 "$scratch/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
    # shellcheck disable=SC2086
    printf '%-34s %9.3f %9.3f %9.3f %9.3f\n' "$2" $walls "$cpu"
}

median() {
    cut -d ' ' -f 1 "$scratch/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

if [[ -z $tree ]]; then
    tree=$scratch/tree
    generate_tree "$tree"
fi

# Not measured: brings the tree into the cache, and shows that both do the same work.
by_xargs | LC_ALL=C sort > "$scratch/expected"
by_cmwq_sum | LC_ALL=C sort | cmp - "$scratch/expected"

for ((run = 0; run < runs; ++run)); do
    measure xargs by_xargs
    measure cmwq_sum by_cmwq_sum
done

printf '%s files, %s, %s CPUs, %s runs each, alternating, warm cache; %s\n' \
    "$(wc -l < "$scratch/expected")" "$(du -sh --apparent-size "$tree" | cut -f 1)" "$cpus" "$runs" \
    "$(sha256sum --version | head -n 1)"
printf '%-34s %9s %9s %9s %9s\n' 'wall seconds' median least greatest 'CPU'
summary xargs "find | xargs -P $cpus -n 64 sha256sum"
summary cmwq_sum "cmwq-sum ${queue[*]}"
awk -v a="$(median xargs)" -v b="$(median cmwq_sum)" \
    'BEGIN { printf "cmwq-sum takes %.2f of the time (%.1f times as fast)\n", b / a, a / b; exit b > a }'
