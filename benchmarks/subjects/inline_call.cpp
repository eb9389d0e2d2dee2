// SPDX-License-Identifier: Apache-2.0
//
// No pool at all: the submitter takes a slot, stores the payload and runs the item itself. What the harness costs,
// which is part of every other subject's figure.
#include "../harness/item_ring.hpp"
#include "../harness/main.hpp"

namespace {

using bench::workload;

struct inline_call {
    static constexpr const char* name = "inline_call";
    static const char* version() { return ""; }

    // Hops would recurse a million deep, and there is nothing to wait for in P6 and P7.
    static constexpr bool runs(workload which) {
        return which == workload::p1 || which == workload::p2_2 || which == workload::p2_4 || which == workload::p4 ||
               which == workload::p8;
    }

    template <class Work>
    class subject {
    public:
        struct alignas(64) task {
            void (*function)(subject&, task&) = &Work::template run<subject>;
            std::uintptr_t payload = 0;
        };

        explicit subject(const bench::settings& sizes) : ring_{sizes.ring_slots} {}

        void submit(std::uintptr_t payload) {
            task& item = ring_.next();
            item.payload = payload;
            item.function(*this, item);
        }

    private:
        bench::item_ring<task> ring_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<inline_call>(argc, argv);
}
