// SPDX-License-Identifier: Apache-2.0
//
// Operations that follow each other with a second of virtual time between them, so that each has had all its effects
// when the next one comes: then there is one right answer, whatever the schedule, and the reference knows it. Calls
// that wait are made by threads of their own.
#include "fuzz/play.hpp"
#include "platform/port.hpp"

#include <cmwq/cmwq.hpp>

#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fuzz {

namespace {

namespace model = cmwq::model;
namespace platform = cmwq::platform;

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int nr_items = 4;
constexpr int nr_queues = 3;
constexpr std::size_t most_waiters = 6;
constexpr int most_operations = 200;

int misuses_seen = 0;

void count_misuse(const cmwq::misuse&) noexcept {
    ++misuses_seen;
}

/// Its function holds until it is released, if it is told to, and enqueues its item at the end, if it is told where.
struct item : cmwq::shared_delayed_work<item> {
    bool holds = true;
    bool inside = false;
    int runs = 0;
    platform::parker released;
    cmwq::queue* next = nullptr;
    int next_cpu = 0;
    cmwq::refusal next_answer = cmwq::refusal::none;

    static void run(const std::shared_ptr<item>& self) {
        model::check(!self->inside, "an item runs on one worker at a time");
        self->inside = true;
        ++self->runs;
        if (self->holds) self->released.park();
        if (cmwq::queue* to = std::exchange(self->next, nullptr)) {
            self->next_answer = to->enqueue_on(self->next_cpu, self).why();
        }
        self->inside = false;
    }
    using pointer = std::shared_ptr<item>;
};

answer as_answer(cmwq::refusal why) {
    switch (why) {
    case cmwq::refusal::none: return answer::accepted;
    case cmwq::refusal::already_pending: return answer::already_pending;
    case cmwq::refusal::disabled: return answer::disabled;
    case cmwq::refusal::queue_draining: return answer::draining;
    case cmwq::refusal::queue_full: return answer::full;
    case cmwq::refusal::no_memory:
    case cmwq::refusal::no_item: break;
    }
    model::fail("no such refusal is to be expected");
}

/// A call that waits, in a thread of its own.
struct waiting_call {
    int number = 0;  ///< the reference's
    bool is_cancel = false;
    model::thread thread;
    bool over = false;
    bool result = false;
};

class step_by_step {
public:
    step_by_step(bytes script, const rules& told, int cpus, std::string& story)
        : script_{script},
          story_{story},
          cpus_{cpus},
          natures_{choose_natures()},
          expected_{told, cpus, natures_, nr_items} {
        for (int i = 0; i < nr_queues; ++i) {
            queues_[i] = make_queue(nature_of(i));
            tell_queue(i);
        }
        for (auto& one : items_) one = std::make_shared<item>();
    }

    void play() {
        misuses_seen = 0;
        cmwq::set_misuse_handler(&count_misuse);
        wait_for_next_second();
        for (int i = 0; i < most_operations && !script_.empty(); ++i) {
            operate();
            wait_for_next_second();
            compare();
        }
        end_everything();
        cmwq::set_misuse_handler(nullptr);
    }

private:
    using operation = void (step_by_step::*)();

    // ---- the story, for whoever reads a failure --------------------------------------------------------------------

    void tell(const char* what, int item = -1, int queue = -1, int cpu = -1, nanoseconds wait = nanoseconds{0}) {
        char line[128];
        std::snprintf(line, sizeof line, "%6lld s: %s item %d queue %d cpu %d wait %lld ms\n",
                      static_cast<long long>(now_ / seconds{1}), what, item, queue, cpu,
                      static_cast<long long>(wait / milliseconds{1}));
        story_ += line;
    }

    void tell_difference(int number) {
        const item& one = *items_[number];
        char line[160];
        std::snprintf(line, sizeof line, "item %d: begun %d of %d, inside %d of %d, pending %d of %d\n", number,
                      one.runs, expected_.runs(number), one.inside, expected_.running(number), one.pending(),
                      expected_.pending(number));
        story_ += line;
    }

    void tell_queue(int queue) {
        const queue_nature& nature = nature_of(queue);
        char line[128];
        std::snprintf(line, sizeof line, "queue %d: %s%s, max_active %d, max_pending %d\n", queue,
                      nature.percpu    ? "percpu"
                      : nature.ordered ? "ordered"
                                       : "unbound",
                      nature.freezable ? ", freezable" : "", nature.limit, nature.bound);
        story_ += line;
    }

    // ---- queues ----------------------------------------------------------------------------------------------------

    queue_nature choose_nature() {
        queue_nature nature;
        const unsigned kind = script_.take();
        nature.percpu = kind % 4 == 0;
        nature.ordered = kind % 4 == 1;
        nature.freezable = (kind & 4) != 0;
        nature.limit = nature.ordered ? 0 : static_cast<int>(kind >> 3 & 3);
        nature.bound = static_cast<int>(kind >> 5 & 3);
        return nature;
    }

    std::vector<queue_nature> choose_natures() {
        std::vector<queue_nature> natures;
        for (int i = 0; i < nr_queues; ++i) natures.push_back(choose_nature());
        return natures;
    }

    cmwq::owned_queue make_queue(const queue_nature& nature) {
        const cmwq::pending_bound bound{.max_pending = nature.bound};
        if (nature.percpu) {
            return runtime_.make_queue(cmwq::percpu{
                .name = "percpu", .max_active = nature.limit, .freezable = nature.freezable, .bound = bound});
        }
        if (nature.ordered) {
            return runtime_.make_queue(cmwq::ordered{.name = "ordered", .freezable = nature.freezable, .bound = bound});
        }
        return runtime_.make_queue(cmwq::unbound{
            .name = "unbound", .max_active = nature.limit, .freezable = nature.freezable, .bound = bound});
    }

    // ---- operations ------------------------------------------------------------------------------------------------

    void operate() {
        static constexpr operation all[] = {
            &step_by_step::enqueue,
            &step_by_step::enqueue,
            &step_by_step::enqueue,
            &step_by_step::enqueue,
            &step_by_step::enqueue_delayed,
            &step_by_step::enqueue_delayed,
            &step_by_step::mod_delayed,
            &step_by_step::mod_delayed,
            &step_by_step::cancel,
            &step_by_step::cancel_sync,
            &step_by_step::disable,
            &step_by_step::disable_sync,
            &step_by_step::enable,
            &step_by_step::release,
            &step_by_step::release,
            &step_by_step::release_again,
            &step_by_step::hold,
            &step_by_step::flush_queue,
            &step_by_step::drain,
            &step_by_step::flush_item,
            &step_by_step::flush_delayed,
            &step_by_step::set_limit,
            &step_by_step::freeze_or_thaw,
            &step_by_step::let_time_pass,
            &step_by_step::renew_queue,
            &step_by_step::change_cpus,
        };
        (this->*all[script_.below(static_cast<int>(std::size(all)))])();
    }

    int choose_item() { return script_.below(nr_items); }
    int choose_queue() { return script_.below(nr_queues); }
    int choose_cpu() { return script_.below(cpus_); }
    queue_nature& nature_of(int queue) { return natures_[static_cast<std::size_t>(queue)]; }

    /// In the middle between two operations, and never the same twice.
    nanoseconds choose_wait() {
        ++waits_;
        return seconds{script_.below(5)} + milliseconds{400} + milliseconds{waits_};
    }

    void check_answer(answer got, answer wanted) { model::check(got == wanted, "an enqueue is answered as promised"); }

    void enqueue() {
        const int item = choose_item(), queue = choose_queue(), cpu = choose_cpu();
        tell("enqueue", item, queue, cpu);
        const answer wanted = expected_.enqueue(item, queue, cpu);
        check_answer(as_answer(queues_[queue]->enqueue_on(cpu, items_[item]).why()), wanted);
    }

    void enqueue_delayed() {
        const int item = choose_item(), queue = choose_queue(), cpu = choose_cpu();
        const nanoseconds wait = choose_wait();
        tell("enqueue_delayed", item, queue, cpu, wait);
        const answer wanted = expected_.enqueue_delayed(item, queue, cpu, (now_ + wait).count());
        check_answer(as_answer(queues_[queue]->enqueue_delayed_on(cpu, items_[item], wait).why()), wanted);
    }

    void mod_delayed() {
        const int item = choose_item(), queue = choose_queue(), cpu = choose_cpu();
        const bool at_once = script_.flip();
        const nanoseconds wait = at_once ? nanoseconds{0} : choose_wait();
        tell("mod_delayed", item, queue, cpu, wait);
        bool was_pending = false;
        const answer wanted = expected_.mod_delayed(item, queue, cpu, at_once ? 0 : (now_ + wait).count(), was_pending);
        const auto got = queues_[queue]->mod_delayed_on(cpu, items_[item], wait);
        check_answer(as_answer(got.why), wanted);
        model::check(got.was_pending == was_pending, "mod_delayed says whether the item was pending");
        model::check((got.surplus != nullptr) == (was_pending || wanted != answer::accepted), "one owner is enough");
    }

    void cancel() {
        const int item = choose_item();
        tell("cancel", item);
        const bool wanted = expected_.cancel(item);
        model::check((items_[item]->cancel() != nullptr) == wanted, "cancel hands back what was pending");
    }

    void disable() {
        const int item = choose_item();
        tell("disable", item);
        const bool wanted = expected_.disable(item);
        model::check((items_[item]->disable() != nullptr) == wanted, "disable hands back what was pending");
    }

    void enable() {
        const int item = choose_item();
        tell("enable", item);
        if (expected_.disabled(item) != 0 && expected_.disabled_by_user(item) == 0) return;  // not ours to take back
        const bool wanted = expected_.enable(item);
        model::check(items_[item]->enable() == wanted, "an item is enabled as often as it was disabled");
    }

    void release() { release(choose_item()); }

    void release(int item) {
        tell("release", item);
        if (!expected_.running(item) || !items_[item]->inside) return;
        expected_.release(item);
        items_[item]->released.unpark();
    }

    void release_again() {
        const int item = choose_item(), queue = choose_queue(), cpu = choose_cpu();
        tell("release, to enqueue itself", item, queue, cpu);
        if (!expected_.running(item) || !items_[item]->inside) return;
        const answer wanted = expected_.enqueue(item, queue, cpu, expected_.queue_of_run(item));
        expected_.release(item);
        items_[item]->next = &*queues_[queue];
        items_[item]->next_cpu = cpu;
        items_[item]->released.unpark();
        settle();
        check_answer(as_answer(items_[item]->next_answer), wanted);
    }

    void hold() {
        const int item = choose_item();
        items_[item]->holds = script_.flip();
        tell(items_[item]->holds ? "hold" : "do not hold", item);
        expected_.hold(item, items_[item]->holds);
    }

    void set_limit() {
        const int queue = choose_queue();
        const int limit = script_.below(4);
        tell("set_max_active", -1, queue, limit);
        if (nature_of(queue).ordered) return;
        nature_of(queue).limit = limit;
        expected_.set_limit(queue, limit);
        model::check(queues_[queue]->set_max_active(limit), "a limit is set");
    }

    void freeze_or_thaw() { freeze(script_.flip()); }

    void freeze(bool frozen) {
        tell(frozen ? "freeze" : "thaw");
        expected_.set_frozen(frozen);
        frozen ? runtime_.freeze() : runtime_.thaw();
    }

    void let_time_pass() {
        tell("let time pass");
        now_ += seconds{script_.take()};
    }

    void renew_queue() {
        const int queue = choose_queue();
        if (!expected_.is_idle(queue) || expected_.is_draining(queue)) return;
        nature_of(queue) = choose_nature();
        tell("renew", -1, queue);
        tell_queue(queue);
        queues_[queue] = {};
        queues_[queue] = make_queue(nature_of(queue));
        expected_.renew(queue, nature_of(queue));
    }

    void change_cpus() {
        cmwq::cpu_mask some;
        const unsigned bits = script_.take();
        tell("set_unbound_cpus");
        for (int cpu = 0; cpu < cpus_; ++cpu) {
            if ((bits >> cpu & 1) != 0) some.add(cpu);
        }
        model::check(runtime_.set_unbound_cpus(some), "the CPUs are changed");
    }

    // ---- calls that wait -------------------------------------------------------------------------------------------

    bool may_wait() {
        std::size_t waiting = 0;
        for (const auto& call : calls_) waiting += call->over ? 0 : 1;
        return waiting < most_waiters;
    }

    template <class Call>
    void wait_in_thread(int number, Call call) {
        calls_.push_back(std::make_unique<waiting_call>());
        waiting_call& made = *calls_.back();
        made.number = number;
        made.thread = model::spawn("waits", [&made, call] {
            made.result = call();
            made.over = true;
        });
    }

    void flush_queue() {
        const int queue = choose_queue();
        tell("flush", -1, queue);
        if (!may_wait()) return;
        cmwq::queue* wq = &*queues_[queue];
        wait_in_thread(expected_.flush_queue(queue), [wq] {
            wq->flush();
            return false;
        });
    }

    void drain() {
        const int queue = choose_queue();
        tell("drain", -1, queue);
        if (!may_wait()) return;
        cmwq::queue* wq = &*queues_[queue];
        wait_in_thread(expected_.drain(queue), [wq] {
            wq->drain();
            return false;
        });
    }

    template <class Call>
    void wait_for_item(const char* name, int (reference::*wanted)(int), Call call) {
        const int number = choose_item();
        tell(name, number);
        if (!may_wait()) return;
        item* one = items_[number].get();
        wait_in_thread((expected_.*wanted)(number), [one, call] { return call(*one); });
    }

    void flush_item() {
        wait_for_item("flush_item", &reference::flush_item, [](item& one) { return one.flush(); });
    }
    void flush_delayed() {
        wait_for_item("flush_delayed", &reference::flush_delayed, [](item& one) { return one.flush_delayed(); });
    }
    void cancel_sync() {
        wait_for_item("cancel_sync", &reference::cancel_sync, [](item& one) { return one.cancel_sync() != nullptr; });
    }
    void disable_sync() {
        wait_for_item("disable_sync", &reference::disable_sync,
                      [](item& one) { return one.disable_sync() != nullptr; });
    }

    // ---- compare ---------------------------------------------------------------------------------------------------

    void wait_for_next_second() {
        settle();
        now_ = nanoseconds{(now_ / seconds{1} + 1) * seconds{1}};
        model::sleep_for(now_ - rest_time - platform::now());
        rest();
        expected_.advance_to(now_.count());
    }

    void settle() {
        expected_.settle();
        rest();
    }

    /// In many small steps: in the model a worker that looks around for work lets time leap to whatever comes next, and
    /// that is not to be an operation of ours.
    static constexpr int rests = 64;
    static constexpr nanoseconds rest_time = milliseconds{rests};
    static void rest() {
        for (int i = 0; i < rests; ++i) model::sleep_for(rest_time / rests);
    }

    void compare() {
        for (int i = 0; i < nr_items; ++i) compare_item(i);
        for (const auto& call : calls_) compare_call(*call);
        model::check(runtime_.frozen() == expected_.frozen(), "frozen is said when nothing freezable runs");
        model::check(misuses_seen == expected_.misuses(), "misuse is reported, and nothing else");
    }

    void compare_item(int i) {
        const item& one = *items_[i];
        const bool pending = expected_.pending(i), running = expected_.running(i);
        if (one.runs != expected_.runs(i) || one.inside != running || one.pending() != pending) tell_difference(i);
        model::check(one.runs == expected_.runs(i), "an item has begun as many runs as it should have");
        model::check(one.inside == running, "an item runs if it should");
        model::check(one.pending() == pending, "an item is pending if it should be");
        model::check(one.busy() == (pending || running), "an item is busy if it is pending or runs");
        model::check(items_[i].use_count() == 1 + expected_.owners(i), "each instance has one owner");
    }

    void compare_call(const waiting_call& call) {
        model::check(call.over == expected_.is_over(call.number), "a call waits for as long as it should");
        if (call.over) model::check(call.result == expected_.result_of(call.number), "a call says what it found");
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    void step() {
        wait_for_next_second();
        compare();
    }

    /// Whoever waits gets what he waits for.
    void end_everything() {
        for (int i = 0; i < nr_items; ++i) {
            items_[i]->holds = false;
            expected_.hold(i, false);
        }
        freeze(false);
        step();
        for (int rounds = 0; rounds < nr_items; ++rounds) {
            for (int i = 0; i < nr_items; ++i) {
                release(i);
                step();
            }
        }
        model::check(!expected_.anybody_waits(), "nobody waits when all items have ended");
        for (auto& call : calls_) call->thread.join();
        for (auto& queue : queues_) queue = {};
        for (auto& one : items_) model::check(!one->busy() && one.use_count() == 1, "nothing is left of an item");
    }

    bytes script_;
    std::string& story_;
    int cpus_;
    int waits_ = 0;
    nanoseconds now_ = platform::now();
    cmwq::runtime runtime_{{.report_stalls_after = nanoseconds{0}}};
    std::vector<queue_nature> natures_;
    reference expected_;
    cmwq::owned_queue queues_[nr_queues];
    std::shared_ptr<item> items_[nr_items];
    std::vector<std::unique_ptr<waiting_call>> calls_;
};

}  // namespace

void play_step_by_step(bytes script, const rules& told, int cpus, std::string& story) {
    step_by_step{script, told, cpus, story}.play();
}

}  // namespace fuzz
