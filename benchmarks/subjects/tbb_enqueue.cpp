// SPDX-License-Identifier: Apache-2.0
//
// oneTBB's fire-and-forget way: task_arena::enqueue, with every slot of the arena for workers. A serial node of a flow
// graph stands for the ordered queue.
#include "../harness/main.hpp"

#include <deque>
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/version.h>

namespace {

using bench::workload;

struct tbb_enqueue {
    static constexpr const char* name = "tbb_enqueue";
    static const char* version() { return TBB_VERSION_STRING; }
    static constexpr bool runs(workload) { return true; }

    template <class Work>
    class subject {
    public:
        struct task {
            std::uintptr_t payload;
        };

        explicit subject(const bench::settings& sizes)
            // One more than the workers: the limit counts the main thread, which takes no part.
            : limit_{tbb::global_control::max_allowed_parallelism, sizes.workers + 1},
              arena_{static_cast<int>(sizes.workers), 0} {
            arena_.initialize();
        }

        void submit(std::uintptr_t payload) {
            if constexpr (Work::ordered) {
                serial_.try_put(payload);
            } else {
                arena_.enqueue([this, payload] { run(payload); });
            }
        }

        void resubmit(const task& again) { submit(again.payload); }
        void spawn(std::uintptr_t payload) { submit(payload); }

        void make_queues(std::size_t count) {
            for (std::size_t index = 0; index < count; ++index) {
                many_.emplace_back(graph_, tbb::flow::serial, [this](std::uintptr_t payload) {
                    run(payload);
                    return tbb::flow::continue_msg{};
                });
            }
        }

        void submit_to(std::size_t queue, std::uintptr_t payload) { many_[queue].try_put(payload); }

    private:
        using serial_node = tbb::flow::function_node<std::uintptr_t, tbb::flow::continue_msg, tbb::flow::queueing>;

        void run(std::uintptr_t payload) {
            task copy{payload};
            Work::run(*this, copy);
        }

        tbb::global_control limit_;
        tbb::task_arena arena_;
        tbb::flow::graph graph_;
        serial_node serial_{graph_, tbb::flow::serial, [this](std::uintptr_t payload) {
                                run(payload);
                                return tbb::flow::continue_msg{};
                            }};
        std::deque<serial_node> many_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<tbb_enqueue>(argc, argv);
}
