// SPDX-License-Identifier: Apache-2.0
//
// liburcu's call_rcu as it comes: one worker, woken when it sleeps.
#include "urcu.hpp"

namespace {

struct urcu_peer {
    static constexpr const char* name = "urcu";
    static const char* version() { return CMWQ_BENCH_URCU_VERSION; }
    static constexpr bool runs(bench::workload which) { return bench::urcu_runs(which); }

    template <class Work>
    using subject = bench::urcu_subject<Work, false>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<urcu_peer>(argc, argv);
}
