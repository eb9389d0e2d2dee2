// SPDX-License-Identifier: Apache-2.0
//
// Promise 9: every pointer given to a queue is run, handed back, or destroyed exactly once, in every path.
#include "model/engine_scenario.hpp"

#include <memory>
#include <utility>

namespace {

using namespace cmwq_test;

/// What became of the objects of one run.
struct ledger {
    int made = 0;
    int destroyed = 0;
    int ran = 0;
    int handed_back = 0;
    int refused = 0;

    void check_balance() const { model::check(made == destroyed, "each object was destroyed once"); }
};

struct entry {
    ledger* book;
    explicit entry(ledger& of) : book{&of} { ++book->made; }
    entry(entry&& other) noexcept : book{std::exchange(other.book, nullptr)} {}
    entry& operator=(entry&&) = delete;
    ~entry() {
        if (book != nullptr) ++book->destroyed;
    }
};

struct unique_item : cmwq::work<unique_item> {
    entry account;
    explicit unique_item(ledger& book) : account{book} {}
    static void run(std::unique_ptr<unique_item> self) { ++self->account.book->ran; }
};

struct counted_item : cmwq::work<counted_item> {
    entry account;
    explicit counted_item(ledger& book) : account{book} {}
    static void run(cmwq::arc<counted_item> self) {
        ++self->account.book->ran;
        work_a_little();
    }
};

struct shared_item : cmwq::shared_work<shared_item> {
    entry account;
    explicit shared_item(ledger& book) : account{book} {}
    static void run(std::shared_ptr<shared_item> self) { ++self->account.book->ran; }
};

/// Refusals are wanted here.
model::options without_reports(model::options how) {
    how.before_run = [] { cmwq::set_misuse_handler([](const cmwq::misuse&) noexcept {}); };
    how.after_run = [](bool failed) {
        cmwq::set_misuse_handler(nullptr);
        forget_failed_run(failed);
    };
    return how;
}

/// Enqueues `count` owners made by `make`; a refused one is taken back.
template <class Make>
void give(cmwq::queue& wq, ledger& book, int count, Make make) {
    for (int i = 0; i < count; ++i) {
        auto result = wq.enqueue(make());
        if (result) continue;
        ++book.refused;
        if (result.take_back() != nullptr) ++book.handed_back;
    }
}

TEST(ownership, of_a_unique_ptr_is_run_or_handed_back_while_the_queue_drains) {
    explore(without_reports(without_watchdog(on_cpus(2))), schedules, [] {
        ledger book;
        tested_runtime rt;
        {
            const auto wq = rt.make_queue(cmwq::unbound{.name = "drained", .max_active = 2});
            together({{0, [&] { give(wq, book, 4, [&] { return std::make_unique<unique_item>(book); }); }},
                      {1, [&] { wq->drain(); }}});
        }
        book.check_balance();
        model::check(book.made == 4 && book.ran + book.handed_back == 4, "each was run or handed back");
        model::check(book.refused == book.handed_back, "a refusal hands back");
    });
}

TEST(ownership, of_an_arc_is_counted_whoever_enqueues_it) {
    for (const auto& how : {on_cpus(2), without_fence_all_threads(on_cpus(2))}) {
        explore(without_watchdog(how), schedules, [] {
            ledger book;
            tested_runtime rt;
            {
                const auto item = cmwq::make_arc<counted_item>(book);
                together({{0, [&] { give(rt.system(), book, 3, [&] { return item; }); }},
                          {1, [&] { give(rt.system_unbound(), book, 3, [&] { return item; }); }}});
            }
            rt.system().flush();
            rt.system_unbound().flush();
            book.check_balance();
            model::check(book.made == 1 && book.ran + book.handed_back == 6, "each reference was run or handed back");
        });
    }
}

TEST(ownership, of_a_shared_ptr_waits_in_the_item) {
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        ledger book;
        tested_runtime rt;
        {
            const auto item = std::make_shared<shared_item>(book);
            const auto give_three = [&] { give(rt.system(), book, 3, [&] { return item; }); };
            together({{0, give_three}, {1, give_three}});
        }
        rt.system().flush();
        book.check_balance();
        model::check(book.ran + book.handed_back == 6, "each reference was run or handed back");
    });
}

TEST(ownership, of_an_arc_survives_an_item_that_enqueues_itself) {
    struct again : cmwq::work<again> {
        entry account;
        cmwq::queue& next;
        int left = 3;
        again(ledger& book, cmwq::queue& wq) : account{book}, next{wq} {}
        static void run(cmwq::arc<again> self) {
            ++self->account.book->ran;
            if (--self->left == 0) return;
            cmwq::queue& wq = self->next;
            model::check(static_cast<bool>(wq.enqueue(std::move(self))), "the running item is not pending");
            work_a_little();
        }
    };
    explore(without_watchdog(on_cpus(2)), schedules, [] {
        ledger book;
        {
            tested_runtime rt;
            const auto wq = rt.make_queue(cmwq::unbound{.name = "again", .max_active = 2});
            (void)wq->enqueue(cmwq::make_arc<again>(book, *wq));
            wq->drain();
        }
        book.check_balance();
        model::check(book.ran == 3, "it ran as often as it was enqueued");
    });
}

TEST(ownership, of_a_closure_ends_with_its_run_or_with_its_refusal) {
    model::options how = on_cpus(2);
    how.failing_allocations.probability = 0.2;
    explore(without_reports(how), schedules, [] {
        ledger book;
        int accepted = 0;
        try {
            tested_runtime rt;
            const auto spawn_three = [&](cmwq::queue& wq) {
                for (int i = 0; i < 3; ++i) {
                    const auto result = wq.try_spawn([account = entry{book}] { ++account.book->ran; });
                    if (result) ++accepted;
                    if (!result) model::check(result.why() == cmwq::refusal::no_memory, "nothing else is wrong");
                }
            };
            together({{0, [&] { spawn_three(rt.system()); }}, {1, [&] { spawn_three(rt.system_unbound()); }}});
        } catch (const std::bad_alloc&) {}
        book.check_balance();
        model::check(book.ran == accepted, "what was accepted was run");
    });
}

TEST(ownership, of_a_closure_is_run_by_the_drain_that_it_meets) {
    explore(without_reports(without_watchdog(on_cpus(2))), schedules, [] {
        ledger book;
        int accepted = 0;
        tested_runtime rt;
        {
            const auto wq = rt.make_queue(cmwq::ordered{.name = "drained"});
            together({{0,
                       [&] {
                           for (int i = 0; i < 3; ++i) {
                               if (wq->try_spawn([account = entry{book}] { ++account.book->ran; })) ++accepted;
                           }
                       }},
                      {1, [&] { wq->drain(); }}});
        }
        book.check_balance();
        model::check(book.made == 3 && book.ran == accepted, "what was accepted was run");
    });
}

}  // namespace
