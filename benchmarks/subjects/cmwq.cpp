// SPDX-License-Identifier: Apache-2.0
//
// cmwq: caller-owned items on the system queue, and on an ordered queue for P8.
#include "../harness/item_ring.hpp"
#include "../harness/main.hpp"

#include <cmwq/cmwq.hpp>
#include <cmwq/version.hpp>
#include <cstdlib>

namespace {

using bench::workload;

struct cmwq_peer {
    static constexpr const char* name = "cmwq";
    static const char* version() { return CMWQ_VERSION_STRING; }
    static constexpr bool runs(workload) { return true; }

    template <class Work>
    class subject {
    public:
        struct alignas(64) task : cmwq::work<task> {
            std::uintptr_t payload = 0;

            static void run(task& item) { Work::run(*current_, item); }
        };

        explicit subject(const bench::settings& sizes) : ring_{sizes.ring_slots} {
            current_ = this;
            if constexpr (Work::ordered) {
                owned_ = cmwq::make_queue(cmwq::ordered{.name = "bench"});
                queue_ = &*owned_;
            }
        }

        void submit(std::uintptr_t payload) {
            task& item = ring_.next();
            item.payload = payload;
            resubmit(item);
        }

        void resubmit(task& item) { queue_->enqueue(item); }

        void spawn(std::uintptr_t payload) {
            const bool accepted{queue_->try_spawn([payload] { bench::count_item(payload); })};
            if (!accepted) {
                std::abort();
            }
        }

    private:
        static inline subject* current_ = nullptr;

        bench::item_ring<task> ring_;
        cmwq::owned_queue owned_;
        cmwq::queue* queue_ = &cmwq::system();
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<cmwq_peer>(argc, argv);
}
