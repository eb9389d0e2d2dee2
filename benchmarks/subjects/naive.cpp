// SPDX-License-Identifier: Apache-2.0
//
// The pool that everybody writes first: a mutex, a condition variable and a deque of std::function.
#include "../harness/main.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace {

using bench::workload;

struct naive {
    static constexpr const char* name = "naive";
    static const char* version() { return ""; }
    static constexpr bool runs(workload) { return true; }

    template <class Work>
    class subject {
    public:
        struct task {
            std::uintptr_t payload;
        };

        explicit subject(const bench::settings& sizes) {
            for (unsigned index = 0; index < (Work::ordered ? 1 : sizes.workers); ++index) {
                std::thread{[this] { work(); }}.detach();
            }
        }

        // [this, payload] is what libstdc++'s std::function holds without allocating.
        void submit(std::uintptr_t payload) {
            {
                const std::lock_guard lock{mutex_};
                queue_.emplace_back([this, payload] {
                    task copy{payload};
                    Work::run(*this, copy);
                });
            }
            wake_.notify_one();
        }

        void resubmit(const task& again) { submit(again.payload); }
        void spawn(std::uintptr_t payload) { submit(payload); }

    private:
        void work() {
            for (;;) {
                std::unique_lock lock{mutex_};
                wake_.wait(lock, [this] { return !queue_.empty(); });
                const std::function<void()> next = std::move(queue_.front());
                queue_.pop_front();
                lock.unlock();
                next();
            }
        }

        std::mutex mutex_;
        std::condition_variable wake_;
        std::deque<std::function<void()>> queue_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<naive>(argc, argv);
}
