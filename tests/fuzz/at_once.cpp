// SPDX-License-Identifier: Apache-2.0
//
// Operations of several threads at once. Which of them comes first is the schedule's choice, so only what holds in any
// order is checked: an item never runs beside itself, limits hold, each accepted enqueue is run or cancelled once, each
// owner is let go once, and everybody who waits gets what he waits for.
#include "fuzz/play.hpp"
#include "platform/port.hpp"

#include <cmwq/cmwq.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace fuzz {

namespace {

namespace model = cmwq::model;

using std::chrono::microseconds;
using std::chrono::nanoseconds;

constexpr int nr_items = 4;
constexpr int nr_queues = 3;
constexpr int most_threads = 3;
constexpr int most_operations = 40;

void ignore_misuse(const cmwq::misuse&) noexcept {}  // items come to queues that drain

struct playground;

struct item : cmwq::shared_delayed_work<item> {
    using pointer = std::shared_ptr<item>;
    playground* all = nullptr;
    int accepted = 0, runs = 0, cancelled = 0;
    int again = 0;  ///< so often it enqueues itself
    int inside = 0;

    static void run(const std::shared_ptr<item>& self);
};

/// What the threads share.
struct playground {
    cmwq::runtime runtime{{.report_stalls_after = nanoseconds{0}}};
    cmwq::owned_queue queues[nr_queues];
    int limits[nr_queues] = {};  ///< 0: none that could be checked
    int parents[nr_queues] = {-1, -1, -1};
    int inside[nr_queues] = {};
    std::shared_ptr<item> items[nr_items];

    /// The queue of the item that runs here, and its parents count one more, or one less.
    void count(int change) {
        int queue = 0;
        while (queue < nr_queues && &*queues[queue] != cmwq::this_worker::current_queue()) ++queue;
        model::check(queue < nr_queues, "an item knows the queue that runs it");
        for (; queue >= 0; queue = parents[queue]) {
            inside[queue] += change;
            model::check(limits[queue] == 0 || inside[queue] <= limits[queue], "no more items run than max_active");
        }
    }
};

void work_a_little() {
    for (int i = 0; i < 3; ++i) model::interrupt();
}

void item::run(const std::shared_ptr<item>& self) {
    model::check(self->inside++ == 0, "an item runs on one worker at a time");
    self->all->count(1);
    ++self->runs;
    work_a_little();
    if (self->again > 0) {
        --self->again;
        cmwq::queue* here = cmwq::this_worker::current_queue();
        if (here->enqueue(self)) ++self->accepted;
    }
    work_a_little();
    self->all->count(-1);
    --self->inside;
}

cmwq::owned_queue make_queue(playground& all, int number, bytes& script) {
    const unsigned kind = script.take();
    const bool freezable = (kind & 4) != 0;
    const int limit = static_cast<int>(kind >> 3 & 3);
    const cmwq::pending_bound bound{.max_pending = static_cast<int>(kind >> 5 & 3),
                                    .when_full = (kind & 0x80) != 0 ? cmwq::full_queue::wait : cmwq::full_queue::refuse,
                                    .timeout = microseconds{20}};
    if (kind % 4 == 0) {
        return all.runtime.make_queue(
            cmwq::percpu{.name = "percpu", .max_active = limit, .freezable = freezable, .bound = bound});
    }
    const bool nested = number > 0 && script.flip() && all.parents[number - 1] != -2;
    cmwq::queue* parent = nested ? &*all.queues[number - 1] : nullptr;
    if (nested) all.parents[number] = number - 1;
    all.limits[number] = kind % 4 == 1 ? 1 : limit;
    if (kind % 4 == 1) {
        return all.runtime.make_queue(
            cmwq::ordered{.name = "ordered", .freezable = freezable, .bound = bound, .parent = parent});
    }
    return all.runtime.make_queue(cmwq::unbound{
        .name = "unbound", .max_active = limit, .freezable = freezable, .bound = bound, .parent = parent});
}

/// One thread's part.
class player {
public:
    player(playground& all, bytes script, bool freezes) : all_{all}, script_{script}, freezes_{freezes} {}

    void play() {
        for (int i = 0; i < most_operations && !script_.empty(); ++i) operate();
    }

private:
    item& choose_item() { return *choose_owner(); }
    std::shared_ptr<item>& choose_owner() { return all_.items[script_.below(nr_items)]; }
    cmwq::queue& choose_queue() { return *all_.queues[script_.below(nr_queues)]; }
    nanoseconds choose_wait() { return nanoseconds{script_.take() * 50}; }

    void enqueue() {
        auto& one = choose_owner();
        if (choose_queue().enqueue(one)) ++one->accepted;
    }

    void enqueue_delayed() {
        auto& one = choose_owner();
        if (choose_queue().enqueue_delayed(one, choose_wait())) ++one->accepted;
    }

    void mod_delayed() {
        auto& one = choose_owner();
        const auto got = choose_queue().mod_delayed(one, choose_wait());
        if (got.why == cmwq::refusal::none && !got.was_pending) ++one->accepted;
    }

    void cancel() {
        item& one = choose_item();
        if (one.cancel()) ++one.cancelled;
    }

    void cancel_sync() {
        item& one = choose_item();
        if (one.cancel_sync()) ++one.cancelled;
    }

    void disable_for_a_while() {
        item& one = choose_item();
        if (one.disable_sync()) ++one.cancelled;
        work_a_little();
        model::check(!one.pending() && one.inside == 0, "an item is idle while it is disabled");
        one.enable();
    }

    void set_limit() {
        const int queue = script_.below(nr_queues);
        const int most = all_.limits[queue];
        const int limit = 1 + script_.below(3);
        if (most > 1) (void)all_.queues[queue]->set_max_active(limit < most ? limit : most);
    }

    void freeze_for_a_while() {
        if (!freezes_) return;
        all_.runtime.freeze();
        work_a_little();
        all_.runtime.thaw();
    }

    void change_cpus() {
        cmwq::cpu_mask some;
        some.add(script_.below(2));
        (void)all_.runtime.set_unbound_cpus(script_.flip() ? some : cmwq::cpu_mask{});
    }

    void operate() {
        switch (script_.below(16)) {
        default: return enqueue();
        case 4:
        case 5: return enqueue_delayed();
        case 6: return mod_delayed();
        case 7: return cancel();
        case 8: return cancel_sync();
        case 9: return disable_for_a_while();
        case 10: return choose_queue().flush();
        case 11: return (void)choose_item().flush();
        case 12: return set_limit();
        case 13: return freeze_for_a_while();
        case 14: return script_.flip() ? change_cpus() : choose_queue().drain();
        case 15: return model::sleep_for(choose_wait() + nanoseconds{1});
        }
    }

    playground& all_;
    bytes script_;
    bool freezes_;
};

void check_balance(item& one) {
    model::check(!one.busy() && one.inside == 0, "an item is idle when all is over");
    model::check(one.runs + one.cancelled == one.accepted, "each accepted enqueue is run or cancelled, once");
}

/// Armed items are cancelled, others run.
void end_everything(playground& all) {
    for (const auto& one : all.items) {
        if (one->cancel_sync()) ++one->cancelled;
    }
    for (int queue = nr_queues; queue-- > 0;) all.queues[queue] = {};
    for (const auto& one : all.items) {
        check_balance(*one);
        model::check(one.use_count() == 1, "each owner is let go");
    }
}

void start_items(playground& all, bytes& script) {
    for (auto& one : all.items) {
        one = std::make_shared<item>();
        one->all = &all;
        one->again = script.below(3);
    }
}

}  // namespace

void play_at_once(bytes script) {
    cmwq::set_misuse_handler(&ignore_misuse);
    playground all;
    for (int i = 0; i < nr_queues; ++i) all.queues[i] = make_queue(all, i, script);
    start_items(all, script);
    const int threads = 1 + script.below(most_threads);
    std::vector<player> players;
    for (int i = 0; i < threads; ++i) {
        const std::size_t part = script.size() / static_cast<std::size_t>(threads - i);
        players.emplace_back(all, script.part(part), i == 0);
    }
    std::vector<model::thread> running;
    for (player& one : players) running.push_back(model::spawn("player", [&one] { one.play(); }));
    for (model::thread& one : running) one.join();
    end_everything(all);
    cmwq::set_misuse_handler(nullptr);
}

}  // namespace fuzz
