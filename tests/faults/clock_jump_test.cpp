// SPDX-License-Identifier: Apache-2.0
//
// F6: the monotonic clock jumps, in the middle of the library's life. A process cannot see that by itself; the child of
// a fork can: a time namespace gives it another offset than its parent. The clock of the day cannot be set for one
// process; the library does not look at it.
#include "faults/measured.hpp"
#include "support/child.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <gtest/gtest.h>
#include <sched.h>
#include <string>
#include <vector>

namespace {

using faults::clock;
using namespace std::chrono_literals;

/// The children of this process have their monotonic clock moved. Empty: done; else why it cannot be.
std::string move_clock_of_children(std::chrono::seconds by) {
    if (unshare(CLONE_NEWTIME) != 0) return std::string{"unshare: "} + std::strerror(errno);
    std::FILE* offsets = std::fopen("/proc/self/timens_offsets", "w");
    if (offsets == nullptr) return std::string{"timens_offsets: "} + std::strerror(errno);
    std::fprintf(offsets, "monotonic %lld 0\n", static_cast<long long>(by.count()));
    return std::fclose(offsets) == 0 ? "" : std::string{"timens_offsets: "} + std::strerror(errno);
}

struct timed : cmwq::delayed_work<timed> {
    static void run(timed& self) {
        const auto now = clock::now();
        self.late = now - self.due;
        ++self.runs;
    }
    clock::time_point due;
    clock::duration late{};
    std::atomic<int> runs{0};
};

bool runs_in_time(cmwq::queue& wq, timed& item, clock::duration wait) {
    item.due = clock::now() + wait;
    const int before = item.runs;
    const bool accepted = wq.enqueue_delayed(item, wait);
    const bool ran = accepted && support::eventually([&] { return item.runs == before + 1; });
    (void)item.flush();
    return ran && item.late >= 0s && item.late < support::scaled(1s);
}

/// In the child: what was armed in the parent is idle, new items come at their time by the new clock.
bool works_after_the_jump(cmwq::queue& wq, std::vector<timed>& armed_before) {
    bool well = true;
    for (timed& item : armed_before) {
        well &= !item.pending() && item.runs == 0;
        well &= runs_in_time(wq, item, 5ms);
    }
    timed far;
    well &= wq.enqueue_delayed(far, clock::time_point::max()) && far.pending();
    well &= runs_in_time(wq, armed_before.front(), 20ms);
    well &= far.pending() && far.runs == 0 && far.cancel();
    well &= wq.enqueue_delayed(far, std::chrono::nanoseconds::max()) && far.pending();
    well &= runs_in_time(wq, armed_before.front(), 1ms) && far.cancel();
    cmwq::fixed_rate rate{10ms};
    const auto first = rate.next();
    return well && first > clock::now() - 1s && rate.next() == first + 10ms;
}

/// An intermediate child, whose own children have another clock: 0 well, 1 wrong, 2 no time namespace.
enum class outcome : int { well = 42, wrong = 1, missing = 2 };

outcome jump_in_a_child(std::chrono::seconds by) {
    const pid_t between = fork();
    if (between == 0) {
        support::begin_child();
        const auto wq = cmwq::make_queue(cmwq::percpu{.name = "timed"});
        std::vector<timed> armed(20);
        for (std::size_t i = 0; i < armed.size(); ++i) (void)wq->enqueue_delayed(armed[i], 1h * (1 + i));
        timed warm;
        bool well = runs_in_time(*wq, warm, 1ms);  // the library has seen the old clock
        if (const std::string why = move_clock_of_children(by); !why.empty()) {
            std::printf("%s\n", why.c_str());
            std::fflush(stdout);
            _exit(static_cast<int>(outcome::missing));
        }
        const auto before = clock::now();
        well = well && support::in_child([&] {
                   const auto moved = clock::now() - before;
                   return moved > by - 1h && moved < by + 1h && works_after_the_jump(*wq, armed);
               });
        for (timed& item : armed) well &= item.cancel() && item.runs == 0;
        _exit(static_cast<int>(well ? outcome::well : outcome::wrong));
    }
    int status = 0;
    EXPECT_EQ(waitpid(between, &status, 0), between);
    EXPECT_TRUE(WIFEXITED(status));
    return static_cast<outcome>(WEXITSTATUS(status));
}

class clock_jump : public testing::TestWithParam<std::pair<const char*, std::chrono::hours>> {};
INSTANTIATE_TEST_SUITE_P(by, clock_jump,
                         testing::Values(std::pair{"a_day", 24h}, std::pair{"a_year", 24h * 365},
                                         std::pair{"a_century", 24h * 365 * 100}),
                         [](const auto& info) { return info.param.first; });

TEST_P(clock_jump, forwards_makes_no_item_early_and_none_late) {
    const outcome seen = jump_in_a_child(GetParam().second);
    if (seen == outcome::missing) GTEST_SKIP() << "no time namespace for this user";
    EXPECT_EQ(seen, outcome::well);
}

TEST(clock_jump_back, makes_no_item_early_and_none_late) {
    // The clock may not be moved before the start of the machine.
    const auto back = std::chrono::duration_cast<std::chrono::seconds>(clock::now().time_since_epoch()) / 2;
    const outcome seen = jump_in_a_child(-back);
    if (seen == outcome::missing) GTEST_SKIP() << "no time namespace for this user";
    EXPECT_EQ(seen, outcome::well);
}

}  // namespace
