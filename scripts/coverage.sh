#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the engine with counters, runs the tests and says which of its lines and branches were run.
# Usage: coverage.sh [--quick]
#   --quick   the scenarios on the model alone, which reach less
# Further arguments go to tools/dev/coverage.py.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/coverage
targets=(model_tests row_model_tests)
quick=
if [ "${1:-}" = --quick ]; then
    quick=1
    shift
else
    targets+=(unit_tests contract_tests misuse_tests row_tests)
    [ ! -d tests/regress ] || targets+=(regress_tests)
fi

# Of the tests themselves nothing is counted; unoptimized they are built in a third of the time.
cmake --preset coverage -DCMWQ_TEST_FLAGS="-O0;-g0" >/dev/null
if ! cmake --build --preset coverage --parallel "$(nproc)" --target "${targets[@]}" >"$build/build.log"; then
    grep -A 20 '^FAILED' "$build/build.log" >&2 || tail -n 20 "$build/build.log" >&2
    exit 1
fi
find "$build" -name '*.gcda' -delete

# A run says what can happen at all; the orders of it are explored elsewhere.
on_model() {
    export CMWQ_MODEL_SCHEDULES=${CMWQ_MODEL_SCHEDULES:-100}
    "$build/tests/model_tests" --gtest_brief=1 --gtest_filter=-model_backend* &&
        "$build/tests/row_model_tests" --gtest_brief=1
}
if [ -n "$quick" ]; then
    on_model >"$build/model.log" || { tail -n 40 "$build/model.log" >&2; exit 1; }
    exec python3 tools/dev/coverage.py "$build" --part "$@"
fi
on_model >"$build/model.log" 2>&1 &
model=$!
# What becomes of each call that is refused: one schedule for each of them.
ctest --preset coverage -R '^model.each_nth_call_fails_in_turn$' >"$build/refused.log" 2>&1 &
refused=$!
# One at a time: of processes that end at once the counts of one may be lost. Left out is a test of 50,000 rounds in which two
# threads wait for each other's CPU: it reaches nothing that others do not.
ctest --preset coverage -L '^(unit|contract|misuse|regress)$' -E event_beside_the_start --parallel 1 | tail -n 12
wait "$model" || { tail -n 40 "$build/model.log" >&2; exit 1; }
wait "$refused" || { tail -n 40 "$build/refused.log" >&2; exit 1; }
exec python3 tools/dev/coverage.py "$build" "$@"
