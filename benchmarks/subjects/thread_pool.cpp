// SPDX-License-Identifier: Apache-2.0
//
// Debian's libthread-pool-dev: the pool of a future per task that many programs copy, a deque per worker. The future is
// dropped.
#include "closure_subject.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread_pool/thread_pool.hpp>

namespace {

class pool {
public:
    explicit pool(unsigned threads) : threads_{threads} {}

    template <class Function>
    void post(Function function) {
        threads_.Submit(std::move(function));
    }

private:
    thread_pool::ThreadPool threads_;
};

struct thread_pool_peer {
    static constexpr const char* name = "thread_pool";
    static const char* version() { return CMWQ_BENCH_THREAD_POOL_VERSION; }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::closure_subject<Work, pool>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<thread_pool_peer>(argc, argv);
}
