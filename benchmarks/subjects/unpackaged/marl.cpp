// SPDX-License-Identifier: Apache-2.0
//
// marl: schedule, a fiber per task. The workers spin before they sleep. Blocking is not announced
// (marl::blocking_call), as nowhere here.
#include "../closure_subject.hpp"

#include <marl/scheduler.h>

namespace {

class pool {
public:
    explicit pool(unsigned threads) : scheduler_{options(threads)} { scheduler_.bind(); }

    template <class Function>
    void post(Function function) {
        marl::schedule(std::move(function));
    }

    /// A thread that schedules must be bound; the workers are, and so is the main thread.
    template <class Body>
    void enter(Body& body) {
        const bool known = marl::Scheduler::get() != nullptr;
        if (!known) {
            scheduler_.bind();
        }
        body();
        if (!known) {
            marl::Scheduler::unbind();
        }
    }

private:
    static marl::Scheduler::Config options(unsigned threads) {
        return marl::Scheduler::Config{}.setWorkerThreadCount(static_cast<int>(threads));
    }

    marl::Scheduler scheduler_;
};

struct marl_peer {
    static constexpr const char* name = "marl";
    static const char* version() { return ""; }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::closure_subject<Work, pool>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<marl_peer>(argc, argv);
}
