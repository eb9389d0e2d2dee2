// SPDX-License-Identifier: Apache-2.0
//
// cmwq: caller-owned items on the system queue, and on an ordered queue for P8. Nothing is annotated where items block.
#include "../harness/item_ring.hpp"
#include "../harness/main.hpp"

#include <cmwq/cmwq.hpp>
#include <cmwq/version.hpp>
#include <cstdlib>
#include <vector>

namespace {

using bench::workload;

struct cmwq_peer {
    static constexpr const char* name = "cmwq";
    static const char* version() { return CMWQ_VERSION_STRING; }
    static constexpr bool runs(workload) { return true; }

    /// What the runtime counted, and what the canaries cost.
    class figures {
    public:
        void finish(bench::result& found) const {
            const cmwq::runtime_statistics now = cmwq::runtime::standard().statistics();
            const auto add = [&](const char* key, std::uint64_t after, std::uint64_t before) {
                found.add(key, static_cast<double>(after - before));
            };
            add("workers_created", now.workers_created, before_.workers_created);
            add("workers_created_ever", now.workers_created, 0);
            add("blocks_by_canary", now.blocks_found_by_canary, before_.blocks_found_by_canary);
            add("blocks_by_batch", now.blocks_found_by_batch_canary, before_.blocks_found_by_batch_canary);
            add("blocks_by_watchdog", now.blocks_found_by_watchdog, before_.blocks_found_by_watchdog);
            add("blocks_by_worker", now.blocks_found_by_worker, before_.blocks_found_by_worker);
            const bench::named_threads canaries = bench::threads_named("cmwq/c");
            found.add("canary_threads", static_cast<double>(canaries.count));
            found.add("canary_cpu_ns", canaries.cpu_ns - canaries_.cpu_ns);
        }

    private:
        cmwq::runtime_statistics before_ = cmwq::runtime::standard().statistics();
        bench::named_threads canaries_ = bench::threads_named("cmwq/c");
    };

    template <class Work>
    class subject {
    public:
        struct alignas(64) task : cmwq::work<task> {
            std::uintptr_t payload = 0;

            static void run(task& item) { Work::run(*current_, item); }
        };

        explicit subject(const bench::settings& sizes) : ring_{sizes.ring_slots} {
            current_ = this;
            if (sizes.record && !cmwq::start_trace({.exact = sizes.record_exactly})) std::abort();
            if constexpr (Work::ordered) {
                owned_ = cmwq::make_queue(cmwq::ordered{.name = "bench"});
                queue_ = &*owned_;
            } else if (sizes.unbound) {
                queue_ = &cmwq::system_unbound();
            }
        }

        void submit(std::uintptr_t payload) {
            task& item = ring_.next();
            item.payload = payload;
            resubmit(item);
        }

        void resubmit(task& item) { queue_->enqueue(item); }

        void make_queues(std::size_t count) {
            for (std::size_t index = 0; index < count; ++index) {
                many_.push_back(cmwq::make_queue(cmwq::ordered{.name = "many"}));
            }
        }

        void submit_to(std::size_t queue, std::uintptr_t payload) {
            task& item = ring_.next();
            item.payload = payload;
            many_[queue]->enqueue(item);
        }

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
        std::vector<cmwq::owned_queue> many_;
        cmwq::queue* queue_ = &cmwq::system();
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<cmwq_peer>(argc, argv);
}
