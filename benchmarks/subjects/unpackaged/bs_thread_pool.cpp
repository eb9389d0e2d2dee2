// SPDX-License-Identifier: Apache-2.0
//
// BS::thread_pool, version 5: detach_task, which makes no future.
#include "../closure_subject.hpp"

#include <BS_thread_pool.hpp>

namespace {

class pool {
public:
    explicit pool(unsigned threads) : threads_{threads} {}

    template <class Function>
    void post(Function function) {
        threads_.detach_task(std::move(function));
    }

private:
    BS::light_thread_pool threads_;
};

struct bs_thread_pool_peer {
    static constexpr const char* name = "bs_thread_pool";
    static const char* version() { return ""; }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::closure_subject<Work, pool>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<bs_thread_pool_peer>(argc, argv);
}
