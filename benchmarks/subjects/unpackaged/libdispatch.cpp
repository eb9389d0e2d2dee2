// SPDX-License-Identifier: Apache-2.0
//
// libdispatch: dispatch_async_f on a global queue, on a serial queue for the ordered one. It has no limit of threads to
// set: it makes one per CPU, and one a second while they block.
#include "../../harness/main.hpp"

#include <dispatch/dispatch.h>

namespace {

using bench::workload;

struct libdispatch_peer {
    static constexpr const char* name = "libdispatch";
    static const char* version() { return ""; }

    // One function and a pointer: no closures.
    static constexpr bool runs(workload which) { return which != workload::p3; }

    template <class Work>
    class subject {
    public:
        struct task {
            std::uintptr_t payload;
        };

        explicit subject(const bench::settings&) {
            current_ = this;
            queue_ = Work::ordered ? dispatch_queue_create("bench", nullptr) : dispatch_get_global_queue(0, 0);
        }

        void submit(std::uintptr_t payload) {
            dispatch_async_f(queue_, reinterpret_cast<void*>(payload), &subject::run);
        }

        void resubmit(const task& again) { submit(again.payload); }

        void make_queues(std::size_t count) {
            for (std::size_t index = 0; index < count; ++index) {
                many_.push_back(dispatch_queue_create("many", nullptr));
            }
        }

        void submit_to(std::size_t queue, std::uintptr_t payload) {
            dispatch_async_f(many_[queue], reinterpret_cast<void*>(payload), &subject::run);
        }

    private:
        static void run(void* payload) {
            task copy{reinterpret_cast<std::uintptr_t>(payload)};
            Work::run(*current_, copy);
        }

        static inline subject* current_ = nullptr;

        dispatch_queue_t queue_ = nullptr;
        std::vector<dispatch_queue_t> many_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<libdispatch_peer>(argc, argv);
}
