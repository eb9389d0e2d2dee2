// SPDX-License-Identifier: Apache-2.0
//
// libuv's uv_queue_work. It may be called from the loop's thread only, so there is no P2, P4 or P5. Its requests are
// caller-owned but 128 bytes long, which is the size of the slots here.
#include "../harness/item_ring.hpp"
#include "../harness/main.hpp"

#include <cstdlib>
#include <uv.h>

namespace {

using bench::workload;

struct libuv_peer {
    static constexpr const char* name = "libuv";
    static const char* version() { return uv_version_string(); }
    static constexpr bool runs(workload which) {
        return which == workload::p1 || which == workload::p6 || which == workload::p7 || which == workload::p8 ||
               bench::blocks(which) || which == workload::p14 || which == workload::p15;
    }

    template <class Work>
    class subject {
    public:
        struct task {
            std::uintptr_t payload;
        };

        explicit subject(const bench::settings& sizes) : ring_{sizes.ring_slots} {
            current_ = this;
            setenv("UV_THREADPOOL_SIZE", Work::ordered ? "1" : std::to_string(sizes.workers).c_str(), 1);
            uv_loop_init(&loop_);
        }

        void submit(std::uintptr_t payload) {
            uv_work_t& request = ring_.next();
            request.data = reinterpret_cast<void*>(payload);
            uv_queue_work(&loop_, &request, &subject::run, [](uv_work_t*, int) {});
        }

        // The loop collects what has run. The pool has told it so; nothing else is waiting there.
        void reap() { uv_run(&loop_, UV_RUN_NOWAIT); }

    private:
        static void run(uv_work_t* request) {
            task copy{reinterpret_cast<std::uintptr_t>(request->data)};
            Work::run(*current_, copy);
        }

        static inline subject* current_ = nullptr;

        bench::item_ring<uv_work_t> ring_;
        uv_loop_t loop_{};
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<libuv_peer>(argc, argv);
}
