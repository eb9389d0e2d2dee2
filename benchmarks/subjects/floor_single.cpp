// SPDX-License-Identifier: Apache-2.0
//
// The floor of P1 and P8 with every item made visible at once, as a pool must that lets an item start at any time.
#include "floor_drain.hpp"

namespace {

using bench::workload;

struct floor_single {
    static constexpr const char* name = "floor_single";
    static const char* version() { return ""; }
    static constexpr bool runs(workload which) { return which == workload::p1 || which == workload::p8; }

    template <class Work>
    using subject = bench::hand_over<Work, 1>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<floor_single>(argc, argv);
}
