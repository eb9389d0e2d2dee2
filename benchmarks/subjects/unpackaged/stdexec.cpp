// SPDX-License-Identifier: Apache-2.0
//
// stdexec (P2300): a detached operation on exec::static_thread_pool, which allocates its state.
#include "../closure_subject.hpp"

#include <exec/start_detached.hpp>
#include <exec/static_thread_pool.hpp>
#include <stdexec/execution.hpp>

namespace {

class pool {
public:
    explicit pool(unsigned threads) : threads_{threads} {}

    template <class Function>
    void post(Function function) {
        exec::start_detached(stdexec::schedule(threads_.get_scheduler()) | stdexec::then(std::move(function)));
    }

private:
    exec::static_thread_pool threads_;
};

struct stdexec_peer {
    static constexpr const char* name = "stdexec";
    static const char* version() { return ""; }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::closure_subject<Work, pool>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<stdexec_peer>(argc, argv);
}
