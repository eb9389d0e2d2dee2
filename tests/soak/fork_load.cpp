// SPDX-License-Identifier: Apache-2.0
//
// fork, now and then, while everything else goes on: the child's queues work, and the parent notices nothing.
#include "soak/load.hpp"

#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace soak {
namespace {

constexpr int all_well = 42;  // a child that ends in some other way must not look fine

bool runs_items(cmwq::queue& wq) {
    std::atomic<int> runs{0};
    for (int left = 20; left > 0; --left) {
        if (!wq.try_spawn([&runs] { ++runs; })) return false;
    }
    wq.flush();
    return runs == 20;
}

class fork_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        for (auto left = 20 + random() % 80; left > 0 && !w.stop; --left) std::this_thread::sleep_for(milliseconds{10});
        if (w.stop) return;
        const pid_t child = fork();
        if (child == 0) live_as_child();
        ++counts.forks;
        if (child < 0 || !ends_well(child)) ++counts.failed_children;
    }

private:
    [[noreturn]] void live_as_child() {
        // What was frozen in the parent at this moment is frozen here too.
        w.own.thaw();
        bool well = runs_items(cmwq::system());
        w.with_all_queues([&well](cmwq::queue& wq) { well = well && runs_items(wq); });
        _exit(well ? all_well : 1);
    }

    /// A child that hangs is ended. Counted in looks and not by the clock, since both processes may be stopped for
    /// long.
    static bool ends_well(pid_t child) {
        int status = 0;
        for (int looks = 0; looks < 12'000; ++looks) {
            if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) && WEXITSTATUS(status) == all_well;
            std::this_thread::sleep_for(milliseconds{10});
        }
        kill(child, SIGABRT);
        (void)waitpid(child, &status, 0);
        return false;
    }
};

}  // namespace

std::unique_ptr<load> make_fork_load(world& w) {
    return std::make_unique<fork_load>(w);
}

}  // namespace soak
