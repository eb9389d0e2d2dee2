#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, then runs everything that is checked before a change lands. The last line is
# "N passed, N failed"; the exit status is 0 only if nothing failed and something passed.
# Usage: test.sh [LEG...]   (default: all of them)
#   ci        GCC, optimized: all tests, the checks of tools/dev, compile-fail, examples, install and consume
#   debug     GCC, assertions on, shared library
#   tsan      ThreadSanitizer
#   asan      AddressSanitizer, LeakSanitizer, UndefinedBehaviorSanitizer
#   clang     clang, lock annotations as errors
#   minimal   without exceptions, RTTI and hwloc
#   format    .clang-format
set -uo pipefail
cd "$(dirname "$0")/.."

all_legs=(ci debug tsan asan clang minimal format)
legs=("$@")
[ $# -gt 0 ] || legs=("${all_legs[@]}")
for leg in "${legs[@]}"; do
    case " ${all_legs[*]} " in
        *" $leg "*) ;;
        *) sed -n '4,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
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
        tail -n 60 "$log"
        echo "$name: FAILED (all of it: $log)"
        return 1
    fi
}

# The tests of one preset. ctest's closing lines are shown and counted; a run without a closing line is a failure.
run_tests() {
    local preset=$1 log="$logs/$1-test.log" closing
    ctest --preset "$preset" >"$log" 2>&1
    local status=$?
    closing=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+' "$log")
    if [[ $closing =~ \ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
        failed=$((failed + BASH_REMATCH[1]))
        passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
        [ "${BASH_REMATCH[1]}" -eq 0 ] || grep -E -A 40 '^(FAIL|\[  FAILED|.*(ERROR|WARNING): .*Sanitizer)|\*\*\*Failed|\*\*\*Timeout' "$log" | head -n 200
        sed -n "/tests passed,/,\$p" "$log"
    fi
    if [ -z "$closing" ] || { [ $status -ne 0 ] && [ "${BASH_REMATCH[1]:-0}" -eq 0 ]; }; then
        tail -n 40 "$log"
        failed=$((failed + 1))
        echo "$preset: the tests did not run to their end"
    fi
    # Tests that ctest was told to leave out are named with their reason, never just missing.
    grep -E 'Not Run|Skipped|DISABLED' "$log" | sort -u
}

preset_leg() {
    local preset=$1
    say "$preset"
    step "$preset configure" cmake --preset "$preset" &&
        step "$preset build" cmake --build --preset "$preset" --parallel "$(nproc)" &&
        run_tests "$preset"
}

format_leg() {
    say format
    step format ./scripts/format.sh --check
}

for leg in "${legs[@]}"; do
    case $leg in
        format) format_leg ;;
        *) preset_leg "$leg" ;;
    esac
done

say "all legs done: ${legs[*]}"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
