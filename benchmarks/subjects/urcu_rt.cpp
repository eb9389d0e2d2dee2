// SPDX-License-Identifier: Apache-2.0
//
// liburcu's call_rcu with URCU_CALL_RCU_RT: a worker per CPU that polls every 10 ms. The least a submission can cost in
// liburcu, at the price of a start up to 10 ms later and of waking up for ever.
#include "urcu.hpp"

namespace {

struct urcu_rt_peer {
    static constexpr const char* name = "urcu_rt";
    static const char* version() { return CMWQ_BENCH_URCU_VERSION; }
    static constexpr bool runs(bench::workload which) { return bench::urcu_runs(which); }

    template <class Work>
    using subject = bench::urcu_subject<Work, true>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<urcu_rt_peer>(argc, argv);
}
