// SPDX-License-Identifier: Apache-2.0
//
// oneTBB's structured way: task_group::run from inside an arena, whose thread then takes part in the work. The
// submitting thread is therefore one of the two workers, as that interface means it.
#include "../harness/main.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/version.h>

namespace {

using bench::workload;

struct tbb_task_group {
    static constexpr const char* name = "tbb_task_group";
    static const char* version() { return TBB_VERSION_STRING; }

    // An arena of two has no room for several submitting threads, and a group has no order. The submitter is one of the
    // two workers, so nothing can be submitted while all are blocked.
    static constexpr bool runs(workload which) {
        return which != workload::p2_2 && which != workload::p2_4 && which != workload::p8 &&
               which != workload::p10_blocked && which != workload::p10_fresh && which != workload::p11 &&
               which != workload::p14;
    }

    template <class Work>
    class subject {
    public:
        struct task {
            std::uintptr_t payload;
        };

        explicit subject(const bench::settings& sizes)
            : limit_{tbb::global_control::max_allowed_parallelism, sizes.workers},
              arena_{static_cast<int>(sizes.workers), 1} {}

        void submit(std::uintptr_t payload) {
            group_.run([this, payload] {
                task copy{payload};
                Work::run(*this, copy);
            });
        }

        void resubmit(const task& again) { submit(again.payload); }
        void spawn(std::uintptr_t payload) { submit(payload); }

        template <class Body>
        void enter(Body& body) {
            arena_.execute(body);
        }

        void help() { group_.wait(); }

    private:
        tbb::global_control limit_;
        tbb::task_arena arena_;
        tbb::task_group group_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<tbb_task_group>(argc, argv);
}
