#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, then runs everything that is checked before a change lands. The last line is
# "N passed, N failed"; the exit status is 0 only if nothing failed and something passed.
# While a leg is tested the next ones are built, at a low priority: many tests wait more than they compute.
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
        *) sed -n '4,17s/^# \{0,1\}//p' "$0"; exit 2 ;;
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
    if run_step "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

run_step() {
    local name=$1 log="$logs/${1// /-}.log"
    shift
    if "$@" >"$log" 2>&1; then
        echo "$name: passed"
    else
        grep -vE "^\[[0-9]+/[0-9]+\] (Building|Linking)" "$log" | tail -n 60
        echo "$name: FAILED (all of it: $log)"
        return 1
    fi
}

build_preset() {
    run_step "$1 configure" cmake --preset "$1" &&
        run_step "$1 build" cmake --build --preset "$1" --parallel "$(nproc)"
}

# In the background: what the legs test, in their order. What there is to say of a preset is in a file when it is built.
build_all() {
    renice -n 10 -p "$BASHPID" >/dev/null
    local preset
    for preset in "${legs[@]/#tiers/ci}"; do
        if [ "$preset" = format ] || [ -e "$logs/$preset-built.txt" ]; then continue; fi
        build_preset "$preset" >"$logs/$preset-built.part"
        mv "$logs/$preset-built.part" "$logs/$preset-built.txt"
    done
}

# Waits until the preset is built, and counts that as two steps. The exit status is 0 if it can be tested.
is_built() {
    local said="$logs/$1-built.txt" built
    while [ ! -e "$said" ] && kill -0 "$builder" 2>/dev/null; do sleep 0.5; done
    [ -e "$said" ] || echo "$1 build: FAILED, it was ended" >"$said"
    cat "$said"
    built=$(grep -cE ' (configure|build): passed$' "$said")
    passed=$((passed + built))
    [ "$built" -eq 2 ] && return
    failed=$((failed + 1))
    return 1
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
    say "$1"
    is_built "$1" && run_tests "$1"
}

# Most of these tests wait rather than compute, so more of them than CPUs run side by side.
tiers_leg() {
    say tiers
    is_built ci || return
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

rm -f "$logs"/*-built.*
build_all &
builder=$!
trap 'kill "$builder" 2>/dev/null' EXIT

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
