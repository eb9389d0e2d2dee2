// SPDX-License-Identifier: Apache-2.0
//
// A child of fork has the same queues, empty and ready for use; what was pending stays the parent's. And a queue may
// end without running what is pending: its items are handed to another one. See docs/guide/fork-and-shutdown.md.
#include <cmwq/cmwq.hpp>

#include <cstdio>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

struct job : cmwq::work<job> {
    const char* what;
    explicit job(const char* w) : what{w} {}
    static void run(std::unique_ptr<job> self) {
        std::printf("%s\n", self->what);
        std::fflush(stdout);
    }
};

// Frozen, so that what is enqueued stays pending until thaw.
void enqueue_while_frozen(cmwq::queue& queue) {
    cmwq::freeze();
    (void)queue.enqueue(std::make_unique<job>("pending at the fork: the parent runs it"));
}

int main() {
    auto queue = cmwq::make_queue(cmwq::ordered{.name = "jobs", .freezable = true});
    enqueue_while_frozen(*queue);

    const pid_t child = fork();
    if (child == 0) {
        cmwq::thaw();
        (void)queue->enqueue(std::make_unique<job>("the child has the queue for itself"));
        queue->flush();
        _exit(0);  // the parent's destructors are not the child's
    }
    waitpid(child, nullptr, 0);
    cmwq::thaw();
    queue->flush();

    // The queue ends; what it has not begun goes to another one.
    auto last = cmwq::make_queue(cmwq::ordered{.name = "last"});
    (void)queue->enqueue(std::make_unique<job>("run by the queue, or by the one that took it over"));
    queue.shutdown_leaving([&](cmwq::left_item& left) noexcept {
        if (auto mine = left.take<job>()) {
            (void)last->enqueue(std::move(mine));
        }
    });
    last->flush();
}
