#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, then runs everything that is checked before a change lands. The last line is
# "N passed, N failed"; the exit status is 0 only if nothing failed and something passed.
# Usage: test.sh [LEG...]   (default: all of them)
#   ci        GCC, optimized: all tests, the checks of tools/dev, compile-fail, examples, install and consume
#   tiers     the ci build again, once with each way of finding blocked workers forced
#   debug     clang 14, assertions on, lock annotations as errors, shared library
#   tsan      clang 19, ThreadSanitizer
#   asan      clang 19, AddressSanitizer, LeakSanitizer, UndefinedBehaviorSanitizer
#   minimal   without exceptions, RTTI and hwloc
#   format    .clang-format
# Not by default, for they take long: `matrix`, the compilers and sanitizers that the legs above do not combine, or one of
# these presets by its name: plain-clang19 tsan-gcc tsan-clang14 asan-gcc asan-clang14
set -uo pipefail
cd "$(dirname "$0")/.."

all_legs=(ci tiers debug tsan asan minimal format)
matrix=(plain-clang19 tsan-gcc tsan-clang14 asan-gcc asan-clang14)
legs=("$@")
[ "${1:-}" != matrix ] || legs=("${matrix[@]}")
[ $# -gt 0 ] || legs=("${all_legs[@]}")
for leg in "${legs[@]}"; do
    case " ${all_legs[*]} ${matrix[*]} " in
        *" $leg "*) ;;
        *) sed -n '4,16s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done

./scripts/install-deps.sh --check || exit 1

passed=0
failed=0
started=$SECONDS
logs=build/logs
mkdir -p "$logs"

say() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - started)); }

# One step that is no ctest run: it counts as one.
step() {
    local name=$1 log="$logs/${1// /-}.log"
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "$name: passed"
    else
        failed=$((failed + 1))
        grep -vE "^\[[0-9]+/[0-9]+\] (Building|Linking)" "$log" | tail -n 60
        echo "$name: FAILED (all of it: $log)"
        return 1
    fi
}

# What failed tests printed: the log without the lines of those that passed and without ctest's closing part.
failure_output() {
    sed '/^[0-9]*% tests passed/,$d' "$1" | grep -vE '^ +Start +[0-9]+:|^ *[0-9]+/[0-9]+ Test .*(Passed|Skipped)' | tail -n 200
}

# Tests that skipped themselves, each with the reason that it gave.
skipped_tests() {
    awk '/^\[ RUN/ { text = "" } { text = text "\n" $0 } /^\[  SKIPPED \] .*\(/ { print "skipped:" text }' \
        "build/$1/Testing/Temporary/LastTest.log"
}

# The tests of one preset, those that the further arguments to ctest pick. ctest's closing lines are shown and counted; a
# run without a closing line is a failure.
run_tests() {
    local preset=$1 log="$logs/$1${CMWQ_BLOCK_DETECT:+-$CMWQ_BLOCK_DETECT}-test.log" status failures=0 total=0 skipped
    ctest --preset "$preset" "${@:2}" >"$log" 2>&1
    status=$?
    if [[ $(grep -E '^[0-9]+% tests passed' "$log") =~ ,\ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
        failures=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
    fi
    skipped=$(grep -cE '\((Skipped|Not Run|Disabled)\)$' "$log")
    if [ $status -ne 0 ]; then failure_output "$log"; fi
    sed -n '/^[0-9]*% tests passed/,$p' "$log"
    if [ "$skipped" -gt 0 ]; then skipped_tests "$preset"; fi
    if [ "$total" -eq 0 ] || { [ $status -ne 0 ] && [ "$failures" -eq 0 ]; }; then
        echo "$preset: the tests did not run to their end"
        failures=$((failures + 1))
    fi
    failed=$((failed + failures))
    passed=$((passed + (total > failures + skipped ? total - failures - skipped : 0)))
}

preset_leg() {
    local preset=$1
    say "$preset"
    step "$preset configure" cmake --preset "$preset" &&
        step "$preset build" cmake --build --preset "$preset" --parallel "$(nproc)" &&
        run_tests "$preset"
}

# Most of these tests wait rather than compute, so more of them than CPUs run side by side.
tiers_leg() {
    say tiers
    step "tiers configure" cmake --preset ci &&
        step "tiers build" cmake --build --preset ci --parallel "$(nproc)" || return
    for CMWQ_BLOCK_DETECT in canary batch watchdog off; do
        export CMWQ_BLOCK_DETECT
        say "tiers: $CMWQ_BLOCK_DETECT"
        run_tests ci -L '^(unit|contract|misuse|stress|regress)$' --parallel 6
    done
    unset CMWQ_BLOCK_DETECT
}

format_leg() {
    say format
    step format ./scripts/format.sh --check
}

for leg in "${legs[@]}"; do
    case $leg in
        format) format_leg ;;
        tiers) tiers_leg ;;
        *) preset_leg "$leg" ;;
    esac
done

say "all legs done: ${legs[*]}"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
