// SPDX-License-Identifier: Apache-2.0
//
// folly: CPUThreadPoolExecutor with its default queue.
#include "../closure_subject.hpp"

#include <folly/executors/CPUThreadPoolExecutor.h>

namespace {

class pool {
public:
    explicit pool(unsigned threads) : executor_{threads} {}

    template <class Function>
    void post(Function function) {
        executor_.add(std::move(function));
    }

private:
    folly::CPUThreadPoolExecutor executor_;
};

struct folly_peer {
    static constexpr const char* name = "folly";
    static const char* version() { return ""; }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::closure_subject<Work, pool>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<folly_peer>(argc, argv);
}
