// SPDX-License-Identifier: Apache-2.0
//
// F5: the whole process stands still for seconds (SIGSTOP; a paused virtual machine looks alike). No report of pools
// that do not get on, and delayed items run once, late and in order.
#include "faults/measured.hpp"
#include "support/child.hpp"
#include "support/cpus.hpp"
#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using faults::clock;
using namespace std::chrono_literals;

constexpr auto stopped_for = 2s;

/// Told by the child, read by the parent.
struct shared_page {
    std::atomic<bool> ready{false}, continued{false};
    std::atomic<long> late{0};  // nanoseconds
};

class page_of_both {
public:
    page_of_both()
        : page_{new (mmap(nullptr, sizeof(shared_page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                    shared_page} {}
    ~page_of_both() { munmap(page_, sizeof(shared_page)); }
    page_of_both(const page_of_both&) = delete;
    page_of_both& operator=(const page_of_both&) = delete;
    shared_page* operator->() const { return page_; }

private:
    shared_page* page_;
};

/// Runs `body` in a child, stops the child for a while as soon as it says that it is ready. What it wrote to stderr.
template <class Body>
std::string stderr_of_a_stopped_child(page_of_both& page, Body body) {
    std::FILE* told = std::tmpfile();
    const pid_t child = fork();
    if (child == 0) {
        dup2(fileno(told), STDERR_FILENO);
        support::end_child(body());
    }
    EXPECT_TRUE(support::eventually([&] { return page->ready.load(); }));
    kill(child, SIGSTOP);
    EXPECT_EQ(waitpid(child, nullptr, WUNTRACED), child);
    std::this_thread::sleep_for(stopped_for);
    page->continued = true;
    kill(child, SIGCONT);
    EXPECT_TRUE(support::ends_well(child));
    std::string text(static_cast<std::size_t>(lseek(fileno(told), 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(fileno(told), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    std::fclose(told);
    return text;
}

TEST(stopped_process, is_not_reported_as_stalled) {
    page_of_both page;
    const std::string told = stderr_of_a_stopped_child(page, [&] {
        cmwq::runtime own{{.max_workers = 1, .report_stalls_after = 1s}};
        const support::pinned_to place{support::allowed_cpus().front()};
        // One worker that gets on slowly: there is always something that waits.
        const auto deadline = clock::now() + support::patience();
        int after = 0;
        for (int i = 0; after < 10 && clock::now() < deadline; ++i) {
            for (int k = 0; k < 4; ++k) (void)own.system().try_spawn([] { std::this_thread::sleep_for(5ms); });
            own.system().flush();
            page->ready = i > 2;
            after += page->continued ? 1 : 0;
        }
        return after >= 10;
    });
    EXPECT_EQ(told, "");
}

struct in_turn : cmwq::delayed_work<in_turn> {
    static inline std::atomic<int> next{0};
    static void run(in_turn& self) {
        self.early += clock::now() < self.due ? 1 : 0;
        self.out_of_turn += next++ != self.number ? 1 : 0;
        self.late = clock::now() - self.due;
        ++self.runs;
    }
    clock::time_point due;
    clock::duration late{};
    int number = 0, runs = 0, early = 0, out_of_turn = 0;
};

bool ran_once_and_in_turn(const std::vector<in_turn>& items) {
    bool well = true;
    for (const in_turn& item : items) well &= item.runs == 1 && item.early == 0 && item.out_of_turn == 0;
    return well;
}

TEST(stopped_process, runs_delayed_items_once_late_and_in_order) {
    page_of_both page;
    std::vector<in_turn> items(20);
    const std::string told = stderr_of_a_stopped_child(page, [&] {
        const auto wq = cmwq::make_queue(cmwq::ordered{.name = "in turn"});
        const auto begin = clock::now() + 200ms;  // all of them while it is stopped, or after it
        for (int i = 0; i < 20; ++i) {
            in_turn& item = items[static_cast<std::size_t>(i)];
            item.number = i;
            item.due = begin + i * 120ms;  // the last ones come after the stop
            if (!wq->enqueue_delayed(item, item.due)) return false;
        }
        page->ready = true;
        if (!support::eventually([&] { return in_turn::next == 20; })) return false;
        wq->flush();
        // The first was due while the process stood still.
        const auto late = items.front().late;
        page->late = std::chrono::nanoseconds{late}.count();
        return ran_once_and_in_turn(items);
    });
    EXPECT_EQ(told, "");
    EXPECT_GT(page->late, 0);
    std::printf("measured: the first delayed item ran %.1f ms after its time, the process was stopped for 2 s\n",
                static_cast<double>(page->late) / 1e6);
}

}  // namespace
