// SPDX-License-Identifier: Apache-2.0
//
// Taskflow: silent_async, which makes no future.
#include "../closure_subject.hpp"

#include <taskflow/taskflow.hpp>

namespace {

class pool {
public:
    explicit pool(unsigned threads) : executor_{threads} {}

    template <class Function>
    void post(Function function) {
        executor_.silent_async(std::move(function));
    }

private:
    tf::Executor executor_;
};

struct taskflow_peer {
    static constexpr const char* name = "taskflow";
    static const char* version() { return tf::version(); }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::closure_subject<Work, pool>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<taskflow_peer>(argc, argv);
}
