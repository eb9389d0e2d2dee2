// SPDX-License-Identifier: Apache-2.0
#include "backend/scheduler.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

// Everybody only yields, and this often each: what they wait for can only come with time. Each for himself: yields of
// one who spins say nothing of another who is on his way.
constexpr std::uint32_t patience = 16;

int nr_cpus_of(const options& how) {
    return std::clamp(how.cpus.count, 1, platform::topology::max_cpus);
}

}  // namespace

scheduler::scheduler(const options& how, workspace& space)
    : options_(how),
      space_(space),
      chooser_(make_chooser(how)),
      random_(scramble(~how.seed)),
      cpus_(nr_cpus_of(how), how.time_slice.count()) {
    space_.steps.clear();
    if (options_.weak_memory) space_.memory.begin(options_);
    lay_out_cpus();
}

void scheduler::lay_out_cpus() {
    auto& cpus = space_.cpus;
    const auto& layout = options_.cpus;
    cpus.nr_cpus = nr_cpus_of(options_);
    for (int i = 0; i < cpus.nr_cpus; ++i) {
        cpus.cpus[i].os_index = i;
        usable.allowed.add(i);
        cpus.cpus[i].node = i * std::clamp(layout.nodes, 1, cpus.nr_cpus) / cpus.nr_cpus;
        cpus.cpus[i].core = i / std::max(layout.threads_per_core, 1);
        cpus.cpus[i].cache = i * std::clamp(layout.caches, 1, cpus.nr_cpus) / cpus.nr_cpus;
    }
    in_use_ = usable.allowed;
}

int scheduler::cpu_of(const fiber& f) const {
    const int count = space_.cpus.nr_cpus;
    int cpu = f.cpu;
    for (int step = 0; step < count && !in_use_.contains(cpu); ++step) cpu = (cpu + 1) % count;
    return cpu;
}

// ---- fibers --------------------------------------------------------------------------------------------------------

void scheduler::execute(const std::function<void()>& body) {
    fiber_start main;
    main.name = "main";
    main.body = body;
    current_ = &start(std::move(main));
    set_in_hook(false);
    switch_context(root_, current_->context, false);
    drop_fibers();
}

fiber& scheduler::start(fiber_start how) {
    fibers_.push_back(std::make_unique<fiber>());
    fiber& f = *fibers_.back();
    f.id = static_cast<int>(fibers_.size());
    std::snprintf(f.name, sizeof f.name, "%s", how.name);
    f.entry = how.entry;
    f.argument = how.argument;
    f.body = std::move(how.body);
    f.pinned = how.cpu >= 0;
    f.idle_policy = how.idle_policy;
    f.cpu = f.pinned ? how.cpu % space_.cpus.nr_cpus : current_ != nullptr ? current_->cpu : 0;
    f.stack = space_.stacks.take();
    prepare_context(f.context, f.stack, &fiber_main, &f);
    if (memory() != nullptr) memory()->started(current_id(), f.id, f.stack.bottom, fiber_stack::size);
    ++unfinished_;
    add_runnable(f, false);
    return f;
}

void scheduler::fiber_main(void* raw) {
    complete_switch();
    auto& f = *static_cast<fiber*>(raw);
    if (f.body) {
        f.body();
    } else {
        f.entry(f.argument);
    }
    scheduler_of_run()->end_current();
}

bool scheduler::ends_with(const fiber& f) const {
    return unfinished_ == 0 || (f.id == 1 && options_.allow_unfinished_threads);
}

void scheduler::end_current() noexcept {
    step(operation::thread_exit, nullptr, std::memory_order_seq_cst);
    fiber& ended = *current_;
    ended.finished = true;
    --unfinished_;
    remove_runnable(ended);
    for (const auto& f : fibers_) {
        if (f->reason == waiting_for::thread && f->wait_thread == ended.id) wake(*f);
    }
    if (ends_with(ended)) leave_run();
    fiber* next = choose(nullptr);
    space_.stacks.give_back(std::exchange(ended.stack, {}));
    current_ = next;
    ++result_.switches;
    switch_context(ended.context, next->context, true);
    std::abort();
}

void scheduler::leave_run() noexcept {
    switch_context(current_->context, root_, true);
    std::abort();
}

void scheduler::drop_fibers() {
    for (const auto& f : fibers_) {
        if (f->stack.bottom == nullptr) continue;
        if (f->finished) {
            space_.stacks.give_back(f->stack);
        } else {
            space_.stacks.give_back_abandoned(f->stack);
        }
    }
}

fiber* scheduler::find(int id) {
    if (id < 1 || static_cast<std::size_t>(id) > fibers_.size()) return nullptr;
    return fibers_[static_cast<std::size_t>(id) - 1].get();
}

// ---- the scheduling point ------------------------------------------------------------------------------------------

trace_entry& scheduler::step(operation kind, const void* object, std::memory_order order) noexcept {
    before_step();
    if (!std::exchange(current_->fresh, false)) continue_with(choose(current_));
    return space_.steps.append(current_->id, kind, object, order);
}

trace_entry& step(operation kind, const void* object, std::memory_order order) noexcept {
    static thread_local constinit trace_entry nowhere;
    scheduler* run = active_scheduler();
    return run == nullptr ? nowhere : run->step(kind, object, order);
}

trace_entry& scheduler::yield(operation kind) noexcept {
    before_step();
    current_->fresh = false;
    chooser_->fiber_yields(*current_);
    if (everybody_waits()) leap_to_next_deadline();
    continue_with(choose(current_));
    return space_.steps.append(current_->id, kind, nullptr, std::memory_order_seq_cst);
}

/// The current one has yielded once more.
bool scheduler::everybody_waits() noexcept {
    fiber& self = *current_;
    if (std::exchange(self.yields_since, changes_) != changes_) self.yields = 0;
    if (++self.yields == patience) ++nr_impatient_;
    return nr_impatient_ == runnable_.size();
}

/// Whoever waits may wait for just this.
void scheduler::something_changed() noexcept {
    ++changes_;
    nr_impatient_ = 0;
}

trace_entry& scheduler::record(operation kind, const void* object, std::uint64_t value) noexcept {
    if (options_.print_trace) print_new_steps();
    auto& entry = space_.steps.append(current_->id, kind, object, std::memory_order_seq_cst);
    entry.after = value;
    return entry;
}

void scheduler::set_in_hook(bool on) noexcept {
    in_hook_ = on;
    here = {this, on ? nullptr : this, on ? nullptr : memory()};
}

template <class Hook>
void scheduler::call_hook(const Hook& hook) noexcept {
    set_in_hook(true);
    hook();
    set_in_hook(false);
}

void scheduler::before_step() noexcept {
    if (options_.print_trace) print_new_steps();
    if (options_.on_step) call_hook(options_.on_step);
    if (++result_.steps > options_.step_limit) {
        fail("livelock: more than " + std::to_string(options_.step_limit) + " steps");
    }
    if (!held_up_.empty()) let_go(result_.steps);
    current_->cpu_time += options_.step_time.count();
    pass_time(now_ + options_.step_time.count());
    if (options_.time_leaps > 0.0 && random_.happens(options_.time_leaps)) leap_to_next_deadline();
    if (options_.migrate) maybe_migrate();
}

void scheduler::print_new_steps() {
    std::string lines;
    space_.steps.write_new(lines, [this](int id) { return find(id)->name; });
    std::fputs(lines.c_str(), stderr);
}

void scheduler::maybe_migrate() noexcept {
    if (current_->pinned || random_.below(8) != 0) return;
    current_->cpu = static_cast<int>(random_.below(static_cast<std::uint64_t>(space_.cpus.nr_cpus)));
}

void scheduler::continue_with(fiber* next) noexcept {
    if (next == current_) return;
    fiber& previous = *current_;
    current_ = next;
    ++result_.switches;
    switch_context(previous.context, next->context, false);
}

// ---- waiting and time ----------------------------------------------------------------------------------------------

void scheduler::wait(waiting_for reason, const void* object, std::int64_t deadline) noexcept {
    fiber& self = *current_;
    remove_runnable(self);
    if (reason == waiting_for::mutex && self.reason != waiting_for::mutex) ++mutex_waiters_;
    self.reason = reason;
    self.wait_object = object;
    self.deadline = deadline;
    next_deadline_ = std::min(next_deadline_, deadline);
    continue_with(choose(nullptr));
}

void scheduler::wait_for_thread(int id) noexcept {
    current_->wait_thread = id;
    wait(waiting_for::thread, nullptr);
}

void scheduler::burn(std::int64_t time) noexcept {
    if (!options_.share_cpus) {
        wait(waiting_for::burn, nullptr, now_ + time);
        current_->cpu_time += time;
        return;
    }
    current_->burn_left = time;
    cpus_.add(*current_);
    wait(waiting_for::burn, nullptr);
}

void scheduler::set_idle_policy(int id, bool on) noexcept {
    if (fiber* f = find(id)) f->idle_policy = on;
}

void scheduler::pin(int id, int cpu) noexcept {
    fiber* f = find(id);
    if (f == nullptr || f->finished) return;
    f->pinned = cpu >= 0;
    if (f->pinned) f->cpu = cpu % space_.cpus.nr_cpus;
    if (options_.share_cpus) cpus_.place_again(*f);
}

void scheduler::wake(fiber& f) noexcept {
    f.reason = waiting_for::nothing;
    f.deadline = no_deadline;
    add_runnable(f, true);
}

void scheduler::hold_up() noexcept {
    fiber& self = *current_;
    self.held_up_until = result_.steps + options_.held_up_steps;
    held_up_.push_back(&self);
    wait(waiting_for::turn, nullptr);
}

/// Those who were to be held up until then. True: there were some.
bool scheduler::let_go(std::uint64_t step) noexcept {
    return std::erase_if(held_up_, [&](fiber* f) {
               if (f->held_up_until > step) return false;
               wake(*f);
               return true;
           }) != 0;
}

// A woken waiter keeps its reason, so that it can be suspended again when somebody else is faster.
void scheduler::wake_waiters_of(const void* mutex) noexcept {
    if (mutex_waiters_ == 0) return;
    for (const auto& f : fibers_) {
        const bool waits = f->reason == waiting_for::mutex && f->wait_object == mutex;
        if (waits && f->runnable_index < 0) add_runnable(*f, true);
    }
}

void scheduler::suspend_waiters_of(const void* mutex) noexcept {
    if (mutex_waiters_ == 0) return;
    if (std::exchange(current_->reason, waiting_for::nothing) == waiting_for::mutex) --mutex_waiters_;
    for (const auto& f : fibers_) {
        const bool waits = f->reason == waiting_for::mutex && f->wait_object == mutex;
        if (waits && f->runnable_index >= 0) remove_runnable(*f);
    }
}

void scheduler::add_runnable(fiber& f, bool again) {
    f.runnable_index = static_cast<int>(runnable_.size());
    runnable_.push_back(&f);
    something_changed();
    chooser_->fiber_ready(f, again);
}

void scheduler::remove_runnable(fiber& f) {
    fiber* last = runnable_.back();
    runnable_[static_cast<std::size_t>(f.runnable_index)] = last;
    last->runnable_index = f.runnable_index;
    runnable_.pop_back();
    f.runnable_index = -1;
    something_changed();
}

void scheduler::pass_time(std::int64_t until) noexcept {
    if (options_.share_cpus) burn_until(until);
    now_ = std::max(now_, until);
    if (now_ >= next_deadline_) expire_deadlines();
    const auto limit = options_.time_limit.count();
    if (limit > 0 && now_ > limit) fail("more than " + std::to_string(limit) + " ns of virtual time");
}

void scheduler::expire_deadlines() noexcept {
    next_deadline_ = no_deadline;
    for (const auto& f : fibers_) {
        if (f->deadline > now_) {
            next_deadline_ = std::min(next_deadline_, f->deadline);
        } else {
            wake(*f);
        }
    }
}

void scheduler::burn_until(std::int64_t until) noexcept {
    while (now_ < until) {
        const std::int64_t length = std::min(until - now_, cpus_.next_change());
        now_ += length;
        burnt_.clear();
        cpus_.pass(length, burnt_);
        for (fiber* f : burnt_) wake(*f);
    }
}

bool scheduler::leap_to_next_deadline() noexcept {
    const std::int64_t to_change = options_.share_cpus ? cpus_.next_change() : no_deadline;
    const std::int64_t next = to_change == no_deadline ? next_deadline_ : std::min(next_deadline_, now_ + to_change);
    if (next == no_deadline) return false;
    if (options_.on_leap) call_hook([&] { options_.on_leap(std::chrono::nanoseconds(next - now_)); });
    if (memory() != nullptr) memory()->settle();
    pass_time(next);
    something_changed();
    return true;
}

// `current`: null if it cannot go on. next_deadline_ may be one that nobody waits for any more: then time leaps twice.
fiber* scheduler::choose(fiber* current) noexcept {
    const auto& able = candidates();
    while (able.empty()) {
        if (!let_go(std::numeric_limits<std::uint64_t>::max()) && !leap_to_next_deadline()) report_deadlock();
        candidates();
    }
    const bool displaced = options_.share_cpus && std::find(able.begin(), able.end(), current) == able.end();
    return chooser_->choose(able, displaced ? nullptr : current);
}

const std::vector<fiber*>& scheduler::candidates() {
    if (!options_.share_cpus) return runnable_;
    find_candidates();
    return candidates_;
}

// What is done without burning takes no time, so it waits for no burn. But a thread with the idle policy waits for
// whoever wants its CPU.
void scheduler::find_candidates() {
    const auto wanted_by_others = [this](const fiber& idle) {
        return cpus_.keeps_idle_policy_waiting(idle.cpu) ||
               std::any_of(runnable_.begin(), runnable_.end(),
                           [&](const fiber* f) { return !f->idle_policy && f->cpu == idle.cpu; });
    };
    candidates_.clear();
    for (fiber* f : runnable_) {
        if (!f->idle_policy || !wanted_by_others(*f)) candidates_.push_back(f);
    }
}

void scheduler::report_deadlock() {
    // The library was refused its threads, and the test waits for one of them outside of it: nobody can ask again.
    const bool has_threads =
        std::any_of(fibers_.begin(), fibers_.end(), [](const auto& f) { return f->entry != nullptr && !f->finished; });
    if (!has_threads) excuse("the library has no thread, and nobody calls it");
    const bool body_returned = fibers_.front()->finished;
    fail(body_returned ? "the body has returned, and a thread waits for ever" : "deadlock: every thread waits");
}

// ---- injected failures ---------------------------------------------------------------------------------------------

bool scheduler::inject(const failures& rules, std::uint64_t call) {
    const bool in_range = rules.from != 0 && call >= rules.from && (rules.to == 0 || call <= rules.to);
    const bool fails = call == rules.nth || in_range || random_.happens(rules.probability);
    if (fails) ++result_.injected;
    return fails;
}

bool scheduler::thread_start_fails() {
    return inject(options_.failing_thread_starts, ++result_.thread_starts);
}

bool scheduler::allocation_fails() {
    return inject(options_.failing_allocations, ++result_.allocations);
}

bool scheduler::wait_is_disturbed() {
    return inject(options_.disturbed_waits, ++result_.waits);
}

// ---- the result ----------------------------------------------------------------------------------------------------

void scheduler::note_failure(std::string message) {
    if (result_.failed) return;
    result_.failed = true;
    result_.message = std::move(message);
    result_.report = write_report(*this, result_.message);
}

void scheduler::fail_if_race() {
    if (const std::string& race = space_.memory.race(); !race.empty()) fail(race);
}

void scheduler::fail(std::string message) {
    set_in_hook(false);
    note_failure(std::move(message));
    leave_run();
}

void scheduler::excuse(const char* sentence) {
    if (!options_.refusals_excuse_checks || result_.injected == 0) return;
    set_in_hook(false);
    result_.excused = true;
    result_.message = sentence;
    leave_run();
}

outcome scheduler::take_result() {
    if (options_.print_trace) print_new_steps();
    result_.trace_hash = space_.steps.hash();
    result_.virtual_time = std::chrono::nanoseconds(now_);
    result_.threads = fibers_.empty() ? 0 : fibers_.size() - 1;
    chooser_->describe(result_);
    return std::move(result_);
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
