// SPDX-License-Identifier: Apache-2.0
//
// The naive pool with caller-owned items: a mutex, a condition variable and a linked list, from which a worker takes
// one item at a time. What is left of the difference between it and cmwq is not a matter of who owns the item.
#include "../harness/item_ring.hpp"
#include "../harness/main.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

using bench::workload;

struct naive_intrusive {
    static constexpr const char* name = "naive_intrusive";
    static const char* version() { return ""; }
    static constexpr bool runs(workload which) { return which != workload::p3; }

    template <class Work>
    class subject {
    public:
        struct alignas(64) task {
            task* next = nullptr;
            std::uintptr_t payload = 0;
        };

        explicit subject(const bench::settings& sizes) : ring_{sizes.ring_slots} {
            for (unsigned index = 0; index < (Work::ordered ? 1 : sizes.workers); ++index) {
                std::thread{[this] { work(); }}.detach();
            }
        }

        void submit(std::uintptr_t payload) {
            task& item = ring_.next();
            item.payload = payload;
            resubmit(item);
        }

        void resubmit(task& item) {
            {
                const std::lock_guard lock{mutex_};
                item.next = nullptr;
                (head_ == nullptr ? head_ : tail_->next) = &item;
                tail_ = &item;
            }
            wake_.notify_one();
        }

    private:
        void work() {
            for (;;) {
                std::unique_lock lock{mutex_};
                wake_.wait(lock, [this] { return head_ != nullptr; });
                task& item = *head_;
                head_ = item.next;
                lock.unlock();
                Work::run(*this, item);
            }
        }

        bench::item_ring<task> ring_;
        std::mutex mutex_;
        std::condition_variable wake_;
        task* head_ = nullptr;
        task* tail_ = nullptr;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<naive_intrusive>(argc, argv);
}
