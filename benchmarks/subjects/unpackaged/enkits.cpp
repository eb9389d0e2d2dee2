// SPDX-License-Identifier: Apache-2.0
//
// enkiTS: caller-owned task sets of one part each. Only the thread that made the scheduler and its own threads may
// submit: no P2. It has no order: no P8.
#include "../../harness/item_ring.hpp"
#include "../../harness/main.hpp"

#include <TaskScheduler.h>

namespace {

using bench::workload;

struct enkits_peer {
    static constexpr const char* name = "enkits";
    static const char* version() { return ""; }
    static constexpr bool runs(workload which) {
        return which != workload::p2_2 && which != workload::p2_4 && which != workload::p3 && which != workload::p8;
    }

    template <class Work>
    class subject {
    public:
        struct task : enki::ITaskSet {
            std::uintptr_t payload = 0;

            void ExecuteRange(enki::TaskSetPartition, std::uint32_t) override { Work::run(*current_, *this); }
        };

        explicit subject(const bench::settings& sizes) : ring_{sizes.ring_slots} {
            current_ = this;
            enki::TaskSchedulerConfig chosen;
            chosen.numTaskThreadsToCreate = sizes.workers;
            scheduler_.Initialize(chosen);
        }

        void submit(std::uintptr_t payload) {
            task& item = ring_.next();
            item.payload = payload;
            scheduler_.AddTaskSetToPipe(&item);
        }

        /// A set that runs is not complete, so it cannot be added: the rest of its journey is another one.
        void resubmit(const task& again) { submit(again.payload); }

    private:
        static inline subject* current_ = nullptr;

        bench::item_ring<task> ring_;
        enki::TaskScheduler scheduler_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<enkits_peer>(argc, argv);
}
