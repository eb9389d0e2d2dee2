// SPDX-License-Identifier: Apache-2.0
//
// concurrencpp: post to the runtime's thread_pool_executor.
#include "../closure_subject.hpp"

#include <concurrencpp/concurrencpp.h>

namespace {

class pool {
public:
    explicit pool(unsigned threads) : runtime_{options(threads)}, executor_{runtime_.thread_pool_executor()} {}

    template <class Function>
    void post(Function function) {
        executor_->post(std::move(function));
    }

private:
    static concurrencpp::runtime_options options(unsigned threads) {
        concurrencpp::runtime_options chosen;
        chosen.max_cpu_threads = threads;
        return chosen;
    }

    concurrencpp::runtime runtime_;
    std::shared_ptr<concurrencpp::thread_pool_executor> executor_;
};

struct concurrencpp_peer {
    static constexpr const char* name = "concurrencpp";
    static const char* version() { return ""; }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::closure_subject<Work, pool>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<concurrencpp_peer>(argc, argv);
}
