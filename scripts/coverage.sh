#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the engine with counters, runs the tests and says which of its lines and branches were run.
# Usage: coverage.sh [--quick]
#   --quick   the tests on the model alone, which reach less; 40 CPU seconds
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

cmake --preset coverage >/dev/null
cmake --build --preset coverage --parallel "$(nproc)" --target "${targets[@]}" | grep -vE '^\[[0-9]+/[0-9]+\]' || true
find "$build" -name '*.gcda' -delete

# A run says what can happen at all; the orders of it are explored elsewhere.
export CMWQ_MODEL_SCHEDULES=${CMWQ_MODEL_SCHEDULES:-20}
"$build/tests/model_tests" --gtest_brief=1 --gtest_filter=-model_backend* >/dev/null
"$build/tests/row_model_tests" --gtest_brief=1 >/dev/null
if [ -n "$quick" ]; then
    exec python3 tools/dev/coverage.py "$build" --part "$@"
fi
ctest --preset coverage -L '^(unit|contract|misuse|regress)$' --parallel 4 | tail -n 5
exec python3 tools/dev/coverage.py "$build" "$@"
