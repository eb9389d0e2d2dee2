// SPDX-License-Identifier: Apache-2.0
//
// Promise 4: the engine never touches an item after its function started: the function may free it, move its owner, or
// enqueue it again. Freed items are overwritten and kept aside until the run's end, where nobody may have written to
// them; what the engine read from them would lead it astray before.
#include "model/engine_scenario.hpp"

#include <cstring>
#include <memory>
#include <utility>

namespace {

using namespace cmwq_test;

/// Memory that was given back.
class burnt_ground {
public:
    static void take(void* block, std::size_t size) {
        std::memset(block, pattern, size);
        blocks().push_back({static_cast<unsigned char*>(block), size});
    }

    static void check_untouched() {
        for (const auto& [bytes, size] : blocks()) {
            for (std::size_t i = 0; i < size; ++i) model::check(bytes[i] == pattern, "nobody wrote to a freed item");
        }
    }

    static void give_back() {
        for (const auto& block : blocks()) ::operator delete(block.first);
        blocks().clear();
    }

private:
    static constexpr unsigned char pattern = 0xdb;

    static std::vector<std::pair<unsigned char*, std::size_t>>& blocks() {
        static std::vector<std::pair<unsigned char*, std::size_t>> all;
        return all;
    }
};

void explore_with_freed_items(model::options how, const std::function<void()>& body) {
    how.after_run = [](bool failed) {
        burnt_ground::give_back();
        forget_failed_run(failed);
    };
    explore(how, schedules, [&body] {
        body();
        burnt_ground::check_untouched();
    });
}

/// Belongs to its run, and ends in it.
struct mortal : cmwq::work<mortal> {
    int& ended;
    std::function<void(std::unique_ptr<mortal>)> last_words;

    explicit mortal(int& count) : ended{count} {}
    ~mortal() { ++ended; }
    static void operator delete(void* block, std::size_t size) { burnt_ground::take(block, size); }

    static void run(std::unique_ptr<mortal> self) {
        if (self->last_words) return std::exchange(self->last_words, nullptr)(std::move(self));
        self.reset();
        work_a_little();
    }
};

TEST(item_freed_in_its_function, leaves_nothing_for_the_engine_to_touch) {
    for (const auto& how : {on_cpus(1), on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore_with_freed_items(without_watchdog(how), [] {
            tested_runtime rt;
            int ended = 0;
            const auto enqueue_three = [&] {
                for (int i = 0; i < 3; ++i) (void)rt.system().enqueue(std::make_unique<mortal>(ended));
            };
            together({{-1, enqueue_three}, {-1, enqueue_three}});
            rt.system().flush();
            model::check(ended == 6, "all were run");
        });
    }
}

TEST(item_freed_in_its_function, may_be_waited_for_meanwhile) {
    explore_with_freed_items(without_watchdog(on_cpus(2)), [] {
        tested_runtime rt;
        const auto limited = rt.make_queue(cmwq::unbound{.name = "limited", .max_active = 2});
        int ended = 0;
        const auto enqueue_and_flush = [&] {
            (void)limited->enqueue(std::make_unique<mortal>(ended));
            (void)limited->enqueue(std::make_unique<mortal>(ended));
            limited->flush();
        };
        together({{0, enqueue_and_flush}, {1, enqueue_and_flush}});
        model::check(ended == 4, "all were run");
    });
}

TEST(item_freed_in_its_function, may_have_been_enqueued_by_itself_before) {
    // The first run gives the item away while it goes on; the second one, on whatever worker, frees it.
    for (const auto& how : {on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore_with_freed_items(without_watchdog(how), [] {
            tested_runtime rt;
            const auto in_order = rt.make_queue(cmwq::ordered{.name = "in order"});
            int ended = 0;
            auto item = std::make_unique<mortal>(ended);
            item->last_words = [&](std::unique_ptr<mortal> self) {
                model::check(static_cast<bool>(in_order->enqueue(std::move(self))), "the running item is not pending");
                work_a_little(6);
            };
            (void)rt.system().enqueue(std::move(item));
            rt.system().flush();
            in_order->flush();
            model::check(ended == 1, "it was freed once");
        });
    }
}

TEST(item_freed_in_its_function, may_be_freed_by_another_item) {
    explore_with_freed_items(without_watchdog(on_cpus(2)), [] {
        tested_runtime rt;
        int ended = 0;
        tested_item heir;
        std::unique_ptr<mortal> estate;
        heir.body = [&](tested_item&) { estate.reset(); };
        auto item = std::make_unique<mortal>(ended);
        item->last_words = [&](std::unique_ptr<mortal> self) {
            estate = std::move(self);
            (void)rt.system_unbound().enqueue(heir);
            work_a_little(6);
        };
        (void)rt.system().enqueue(std::move(item));
        rt.system().flush();
        rt.system_unbound().flush();
        model::check(ended == 1 && heir.runs == 1, "the other item freed it");
    });
}

/// Three lives at one address: each makes the next in its own place and enqueues it, and goes on for a while.
struct reborn : cmwq::work<reborn> {
    struct history {
        cmwq::runtime& rt;
        int runs = 0;
    };
    history* lives;

    explicit reborn(history& of) : lives{&of} {}

    static void run(reborn& self) {
        history& lives = *self.lives;
        void* place = &self;
        const int life = ++lives.runs;
        self.~reborn();
        auto* next = new (place) reborn{lives};
        if (life == 3) return;
        cmwq::queue& wq = life == 1 ? lives.rt.system_unbound() : lives.rt.system();
        model::check(wq.enqueue(*next), "a new item is idle");
        work_a_little(6);
    }
};

TEST(item_freed_in_its_function, its_memory_may_be_the_next_item) {
    for (const auto& how : {on_cpus(1), on_cpus(2)}) {
        explore(without_watchdog(how), schedules, [] {
            tested_runtime rt;
            reborn::history lives{rt};
            alignas(reborn) unsigned char place[sizeof(reborn)];
            (void)rt.system().enqueue(*new (place) reborn{lives});
            rt.system().flush();
            rt.system_unbound().flush();
            rt.system().flush();
            model::check(lives.runs == 3, "each life ran once");
        });
    }
}

}  // namespace
