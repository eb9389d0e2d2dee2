// SPDX-License-Identifier: Apache-2.0
#include "interpreter.hpp"

#include "support/misuse_recorder.hpp"

#include <algorithm>
#include <cstdlib>

namespace oracle {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view item_names = "ABCDXYZ", queue_names = "PUOSWFG";
constexpr std::size_t most_waiting = 4;
constexpr std::chrono::nanoseconds soon = 2ms, far = 1h;

const char* text_of(bool answer) {
    return answer ? "true" : "false";
}

/// Both kinds of items, over what their works have in common.
template <class Self, class Work>
struct item_of_kind : subject, Work {
    static void run(Self& self) { self.subject::run(); }

    Self& self() { return static_cast<Self&>(*this); }
    bool put(known_queue& to) override { return to.on_cpu ? to.wq->enqueue_on(0, self()) : to.wq->enqueue(self()); }
    bool put_enabled(known_queue& to) override {
        return to.on_cpu ? Work::enable() && put(to) : to.wq->enable_and_enqueue(self());
    }
    bool cancel() override { return Work::cancel(); }
    bool cancel_sync() override { return Work::cancel_sync(); }
    bool disable() override { return Work::disable(); }
    bool disable_sync() override { return Work::disable_sync(); }
    bool enable() override { return Work::enable(); }
    bool flush() override { return Work::flush(); }
    bool pending() const override { return Work::pending(); }
    bool busy() const override { return Work::busy(); }
};

struct plain_item : item_of_kind<plain_item, cmwq::work<plain_item>> {
    bool put_later(known_queue&, std::chrono::nanoseconds) override { std::abort(); }
    bool mod(known_queue&, std::chrono::nanoseconds) override { std::abort(); }
    bool flush_delayed() override { std::abort(); }
};

struct timed_item : item_of_kind<timed_item, cmwq::delayed_work<timed_item>> {
    bool put_later(known_queue& to, std::chrono::nanoseconds wait) override {
        return to.on_cpu ? to.wq->enqueue_delayed_on(0, *this, wait) : to.wq->enqueue_delayed(*this, wait);
    }
    bool mod(known_queue& to, std::chrono::nanoseconds wait) override {
        return to.on_cpu ? to.wq->mod_delayed_on(0, *this, wait) : to.wq->mod_delayed(*this, wait);
    }
    bool flush_delayed() override { return cmwq::delayed_work<timed_item>::flush_delayed(); }
};

std::chrono::nanoseconds time_of(std::string_view word) {
    if (word == "soon") return soon;
    // "soon_enough" is for the kernel, where somebody spins until then.
    return word == "far" || word == "soon_enough" ? far : 0ns;
}

std::array<std::string_view, 4> words_of(std::string_view line) {
    std::array<std::string_view, 4> found;
    for (std::size_t n = 0; n < found.size() && !line.empty(); ++n) {
        const std::size_t end = std::min(line.find(' '), line.size());
        found[n] = line.substr(0, end);
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return found;
}

}  // namespace

void subject::run() {
    std::shared_ptr<rows::gate> gate;
    {
        const std::lock_guard hold_it{*lock};
        ++starts;
        queue->started += name;
        if (hold) barred.push_back(gate = std::make_shared<rows::gate>());
    }
    if (gate) (void)gate->pass();
    known_queue* to = nullptr;
    {
        const std::lock_guard hold_it{*lock};
        if (std::exchange(again, false)) to = queue;
    }
    const bool accepted = to != nullptr && put(*to);
    const std::lock_guard hold_it{*lock};
    if (to != nullptr) again_answer = text_of(accepted);
    ++ends;
}

interpreter::interpreter() {
    make_queues();
    for (const char name : item_names) {
        if (name < 'X') {
            items_.push_back(std::make_unique<plain_item>());
        } else {
            items_.push_back(std::make_unique<timed_item>());
        }
        items_.back()->name = name;
        items_.back()->delayed = name >= 'X';
        items_.back()->lock = &lock_;
        items_.back()->told = "-:0";
    }
}

void interpreter::make_queues() {
    std::size_t n = 0;
    const auto add = [&](cmwq::owned_queue made, bool on_cpu, bool serial) {
        queues_[n].name = queue_names[n];
        queues_[n].wq = std::move(made);
        queues_[n].on_cpu = on_cpu;
        queues_[n++].serial = serial;
    };
    add(runtime_.make_queue(cmwq::percpu{.name = "P"}), true, false);
    add(runtime_.make_queue(cmwq::unbound{.name = "U"}), false, false);
    add(runtime_.make_queue(cmwq::ordered{.name = "O"}), false, true);
    add(runtime_.make_queue(cmwq::percpu{.name = "S", .max_active = 1}), true, true);
    add(runtime_.make_queue(cmwq::unbound{.name = "W", .max_active = 2}), false, false);
    add(runtime_.make_queue(cmwq::percpu{.name = "F", .freezable = true}), true, false);
    add(runtime_.make_queue(cmwq::ordered{.name = "G", .freezable = true}), false, true);
}

interpreter::~interpreter() {
    (void)end();
    for (const auto& it : items_) (void)it->cancel_sync();
    waiting_.clear();
}

subject* interpreter::item_of(std::string_view name) {
    const std::size_t at = name.size() == 1 ? item_names.find(name) : std::string_view::npos;
    return at == std::string_view::npos ? nullptr : items_[at].get();
}

known_queue* interpreter::queue_of(std::string_view name) {
    const std::size_t at = name.size() == 1 ? queue_names.find(name) : std::string_view::npos;
    return at == std::string_view::npos ? nullptr : &queues_[at];
}

/// Nothing is between a gate and its end, or between its end and rest.
bool interpreter::rests() {
    const std::lock_guard hold_it{lock_};
    return std::all_of(items_.begin(), items_.end(), [](const auto& it) {
        return it->starts - it->ends == static_cast<int>(it->at_gate()) &&
               (it->at_gate() > 0 || it->pending() || !it->busy());
    });
}

/// Virtual time passes only while every thread waits, so after some of it nothing is left that could go on by itself.
/// The time is long against `soon` and against the watchdog's looks.
void interpreter::settle() {
    for (int looks = 0; looks < 100; ++looks) {
        rows::sleep_for(500ms);
        if (rests()) return;
    }
}

std::string interpreter::operate(std::string_view line) {
    const bool force = line.starts_with("! ");
    if (force) line.remove_prefix(2);
    (void)support::misuse_recorder::take();
    std::string told = line == "end" ? end() : answer_of(words_of(line), force);
    told += changes();
    if (!support::misuse_recorder::take().empty()) told += "; misuse";
    return told;
}

std::string interpreter::answer_of(const words& said, bool force) {
    const auto& [operation, first, second, third] = said;
    subject* const it = item_of(first);
    known_queue* const q = it != nullptr ? nullptr : queue_of(first);
    if (first.empty()) return answer_of_freezing(operation);
    if (operation == "cancel_sync" || operation == "disable_sync" || operation == "flush" ||
        operation == "flush_delayed" || operation == "drain") {
        return answer_of_waiting(operation, it, q);
    }
    if (q != nullptr && operation == "limit") {
        (void)q->wq->set_max_active(std::atoi(second.data()));
        settle();
        return "ok";
    }
    if (it == nullptr) return "error";
    if (operation == "state") {
        return std::string{it->pending() ? "pending" : "not pending"} + (it->busy() ? ",busy" : ",not busy");
    }
    if (known_queue* const to = queue_of(second)) return answer_of_putting(said, *it, *to, force);
    const std::string answer = answer_of_item(operation, *it, force);
    return answer.empty() ? answer_of_gate(operation, *it) : answer;
}

std::string interpreter::answer_of_freezing(std::string_view operation) {
    if (operation == "frozen") return !frozen_ ? "skipped" : text_of(runtime_.frozen());
    if (frozen_ == (operation == "freeze")) return "skipped";
    frozen_ = !frozen_;
    frozen_ ? runtime_.freeze() : runtime_.thaw();
    settle();
    return "ok";
}

std::string interpreter::answer_of_waiting(std::string_view operation, subject* it, known_queue* q) {
    const bool drain = operation == "drain";
    const auto untold = std::count_if(waiting_.begin(), waiting_.end(), [](const auto& w) { return !w->told; });
    if (untold >= static_cast<long>(most_waiting) ||
        (operation == "flush_delayed" && it->armed_for != nullptr && it->armed_for->drains > 0)) {
        return "skipped";
    }
    waiting_.push_back(std::make_unique<waiting>());
    waiting& w = *waiting_.back();
    w.number = static_cast<int>(waiting_.size());
    w.of_item = it != nullptr;
    const int starts = it != nullptr ? it->starts : 0;
    if (drain) ++q->drains;
    if (operation == "disable_sync") ++it->disabled;
    w.waiter = std::make_unique<rows::thread>([operation = std::string{operation}, it, q, drain, &w, this] {
        if (operation == "cancel_sync") {
            w.answer = it->cancel_sync();
        } else if (operation == "disable_sync") {
            w.answer = it->disable_sync();
        } else if (operation == "flush_delayed") {
            w.answer = it->flush_delayed();
        } else if (it != nullptr) {
            w.answer = it->flush();
        } else if (drain) {
            q->wq->drain();
        } else {
            q->wq->flush();
        }
        const std::lock_guard hold_it{lock_};
        if (drain) --q->drains;
        w.done = true;
    });
    settle();
    if (!w.done) return "waits #" + std::to_string(w.number);
    w.told = true;
    // Whether the item that it enqueued had run before it began to wait is chance.
    if (operation == "flush_delayed" && it->starts != starts) return "ok";
    return w.of_item ? text_of(w.answer) : "ok";
}

std::string interpreter::answer_of_putting(const words& said, subject& it, known_queue& q, bool force) {
    const auto& [operation, item, queue, time] = said;
    const bool elsewhere = it.at_gate() > 0 && it.queue != &q;
    const bool unmatched = operation == "enable_queue" && it.disabled == 0;
    if (!force && (q.drains > 0 || elsewhere || unmatched)) return "skipped";
    known_queue* const former = std::exchange(it.queue, &q);
    known_queue* const former_target = it.armed_for;
    if (operation == "delay" || operation == "mod") it.armed_for = &q;
    bool accepted = false, kept = true;
    if (operation == "queue") {
        kept = accepted = it.put(q);
    } else if (operation == "delay") {
        kept = accepted = it.put_later(q, time_of(time));
    } else if (operation == "mod") {
        kept = it.disabled == 0;
        accepted = it.mod(q, time_of(time));
    } else if (operation == "enable_queue") {
        kept = accepted = it.put_enabled(q);
        if (it.disabled > 0) --it.disabled;
    }
    settle();
    if (!kept) {
        it.queue = former;
        it.armed_for = former_target;
    }
    return text_of(accepted);
}

std::string interpreter::answer_of_item(std::string_view operation, subject& it, bool force) {
    bool answer = false;
    if (operation == "cancel") {
        answer = it.cancel();
    } else if (operation == "cancel_work") {
        return "not expressible";
    } else if (operation == "disable") {
        answer = it.disable();
        ++it.disabled;
    } else if (operation == "enable") {
        if (it.disabled == 0 && !force) return "skipped";
        answer = it.enable();
        if (it.disabled > 0) --it.disabled;
    } else {
        return {};
    }
    settle();
    return text_of(answer);
}

std::string interpreter::answer_of_gate(std::string_view operation, subject& it) {
    if (operation == "step" && it.at_gate() == 0) return "skipped";
    if (operation == "hold") it.hold = true;
    if (operation == "again") it.again = true;
    if (operation == "release") it.hold = false;
    if (operation == "release" || operation == "step") let_go(it);
    settle();
    return "ok";
}

/// The runs that wait go on.
void interpreter::let_go(subject& it) {
    std::vector<std::shared_ptr<rows::gate>> barred;
    {
        const std::lock_guard hold_it{lock_};
        barred.swap(it.barred);
    }
    for (const auto& each : barred) each->open();
}

std::string interpreter::end() {
    if (std::exchange(frozen_, false)) runtime_.thaw();
    for (const auto& it : items_) it->hold = false;
    for (const auto& it : items_) let_go(*it);
    settle();
    return "ok";
}

std::string interpreter::changes() {
    const std::lock_guard hold_it{lock_};
    std::string all;
    for (const auto& it : items_) {
        std::string now = (it->pending() ? "p" : "") + std::string(it->at_gate(), 'r');
        if (now.empty()) now = "-";
        now += ':' + std::to_string(it->starts);
        if (now != it->told) all += std::string{"; "} + it->name + '=' + now;
        it->told = now;
    }
    for (known_queue& q : queues_) {
        if (q.serial && q.started.size() > 1) all += std::string{"; "} + q.name + ':' + q.started;
        q.started.clear();
    }
    for (const auto& it : items_) {
        if (!it->again_answer.empty()) all += std::string{"; again "} + it->name + '=' + it->again_answer;
        it->again_answer.clear();
    }
    for (const auto& w : waiting_) {
        if (w->done && !w->told) {
            w->told = true;
            all += "; #" + std::to_string(w->number) + '=' + (w->of_item ? text_of(w->answer) : "ok");
        }
    }
    return all;
}

}  // namespace oracle
