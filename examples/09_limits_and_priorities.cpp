// SPDX-License-Identifier: Apache-2.0
//
// How many items run at once, how many may wait, what a full queue does, and work that has time. See
// docs/guide/limits-and-priorities.md.
#include <cmwq/cmwq.hpp>

#include <cstdio>
#include <future>
#include <memory>

struct request : cmwq::work<request> {
    int number;
    explicit request(int n) : number{n} {}
    static void run(std::unique_ptr<request> self) { std::printf("request %d is served\n", self->number); }
};

/// Keeps the one worker of a queue busy until end(). Outlives the queue.
class obstacle {
public:
    void enter(cmwq::queue& queue) {
        (void)queue.try_spawn([this] {
            begun_.set_value();
            end_.get_future().wait();
        });
        begun_.get_future().wait();
    }
    void end() { end_.set_value(); }

private:
    std::promise<void> begun_, end_;
};

void shed_load() {
    obstacle busy;
    auto queue = cmwq::make_queue(cmwq::unbound{.name = "requests", .max_active = 1, .bound = {.max_pending = 2}});
    busy.enter(*queue);
    for (int i = 1; i <= 3; ++i) {
        if (auto result = queue->enqueue(std::make_unique<request>(i)); !result) {
            std::printf("request %d is turned away\n", result.take_back()->number);
        }
    }
    busy.end();
}

void help_out() {
    obstacle busy;
    auto queue = cmwq::make_queue(cmwq::unbound{
        .name = "chunks",
        .max_active = 1,
        .bound = {.max_pending = 1, .when_full = cmwq::full_queue::run_in_caller},
    });
    busy.enter(*queue);
    for (int i = 1; i <= 3; ++i) {
        (void)queue->try_spawn([i] { std::printf("chunk %d is done\n", i); });
    }
    std::puts("the producer did all but one itself");
    busy.end();
}

int main() {
    shed_load();
    help_out();
    auto cleaning = cmwq::make_queue(cmwq::percpu{.name = "cleaning", .background = true});
    (void)cleaning->try_spawn([] { std::puts("cleaned, when nobody else wanted the CPU"); });
}
