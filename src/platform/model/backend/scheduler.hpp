// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the state of one run. Fibers call it at each scheduling point, on their own stacks; it decides who
// goes on, and switches. There is no scheduler thread: the last one to stop running picks the next.
#pragma once

#include "backend/chooser.hpp"
#include "backend/fiber.hpp"
#include "backend/here.hpp"
#include "backend/random.hpp"
#include "backend/trace.hpp"
#include "backend/virtual_cpus.hpp"
#include "backend/weak_memory.hpp"
#include "model.hpp"
#include "platform/topology.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

/// What is worth keeping from run to run.
struct workspace {
    stack_pool stacks;
    trace steps;
    platform::topology cpus;
    weak_memory memory;
};

/// How a new fiber begins.
struct fiber_start {
    const char* name = "";
    int cpu = -1;  ///< -1: not pinned
    bool idle_policy = false;
    void (*entry)(void*) = nullptr;
    void* argument = nullptr;
    std::function<void()> body;  ///< called instead of entry if set
};

class scheduler {
public:
    scheduler(const options& how, workspace& space);
    scheduler(const scheduler&) = delete;
    scheduler& operator=(const scheduler&) = delete;

    /// Runs `body` and all that it starts. Context: the OS thread's own stack.
    void execute(const std::function<void()>& body);

    // ---- for the operations; context: a fiber of this run ----

    /// The scheduling point; see backend/step.hpp.
    trace_entry& step(operation kind, const void* object, std::memory_order order) noexcept;
    /// As step, by a fiber that would rather let others go first.
    trace_entry& yield(operation kind) noexcept;
    /// A line of the trace that is not a scheduling point.
    trace_entry& record(operation kind, const void* object, std::uint64_t value = 0) noexcept;

    /// The caller cannot go on until somebody wakes it or, on virtual time, the deadline passes.
    void wait(waiting_for reason, const void* object, std::int64_t deadline = no_deadline) noexcept;
    void wait_for_thread(int id) noexcept;
    /// The caller computes for that long.
    void burn(std::int64_t time) noexcept;
    /// `cpu` -1: any.
    void pin(int id, int cpu) noexcept;
    void set_idle_policy(int id, bool on) noexcept;
    void wake(fiber& f) noexcept;
    /// The caller could go on, and does not while others can, for options::held_up_steps at most.
    void hold_up() noexcept;
    /// A mutex has been released: whoever waits for it may try.
    void wake_waiters_of(const void* mutex) noexcept;
    /// A mutex has been taken: whoever was to try, and has not yet, waits again.
    void suspend_waiters_of(const void* mutex) noexcept;

    fiber& start(fiber_start how);
    bool thread_start_fails();
    bool allocation_fails();
    bool wait_is_disturbed();
    bool weak_exchange_fails() { return random_.happens(options_.weak_failures); }

    /// Ends the run where it stands. Context: a fiber, or the step hook. By value: nobody destroys what is left on the
    /// abandoned stack.
    [[noreturn]] void fail(std::string message);
    /// Ends it without a failure, if a refusal may be the reason.
    void excuse(const char* sentence);

    fiber& current() { return *current_; }
    fiber* find(int id);
    const std::vector<std::unique_ptr<fiber>>& fibers() const { return fibers_; }
    trace& steps() { return space_.steps; }
    const options& how() const { return options_; }
    const outcome& result() const { return result_; }
    const platform::topology& cpus() const { return space_.cpus; }
    /// What the test leaves of them.
    platform::usable_cpus usable;
    void use(const platform::cpu_indices& online) { in_use_ = online; }
    /// The CPU in use that the fiber is said to run on.
    int cpu_of(const fiber& f) const;
    /// The thread that runs; 0 before the first.
    int current_id() const { return current_ != nullptr ? current_->id : 0; }
    random_source& random() { return random_; }
    /// Null: this run is sequentially consistent.
    weak_memory* memory() { return options_.weak_memory ? &space_.memory : nullptr; }
    void fail_if_race();
    std::int64_t now() const { return now_; }
    bool in_hook() const { return in_hook_; }

    /// For what is found after the last thread is gone.
    void note_failure(std::string message);
    outcome take_result();

private:
    static void fiber_main(void* raw);
    void end_current() noexcept;
    bool ends_with(const fiber& f) const;
    [[noreturn]] void leave_run() noexcept;
    void drop_fibers();

    void before_step() noexcept;
    /// From here on the caller's operations are plain, or steps again.
    void set_in_hook(bool on) noexcept;
    template <class Hook>
    void call_hook(const Hook& hook) noexcept;
    void print_new_steps();
    void pass_time(std::int64_t until) noexcept;
    void burn_until(std::int64_t until) noexcept;
    void expire_deadlines() noexcept;
    bool leap_to_next_deadline() noexcept;
    bool let_go(std::uint64_t step) noexcept;
    void maybe_migrate() noexcept;
    fiber* choose(fiber* current) noexcept;
    const std::vector<fiber*>& candidates();
    void find_candidates();
    void continue_with(fiber* next) noexcept;
    [[noreturn]] void report_deadlock();

    bool everybody_waits() noexcept;
    void something_changed() noexcept;
    void add_runnable(fiber& f, bool again);
    void remove_runnable(fiber& f);
    bool inject(const failures& rules, std::uint64_t call);
    void lay_out_cpus();

    const options& options_;
    workspace& space_;
    std::unique_ptr<chooser> chooser_;
    random_source random_;
    std::vector<std::unique_ptr<fiber>> fibers_;
    std::vector<fiber*> runnable_;
    virtual_cpus cpus_;
    platform::cpu_indices in_use_;
    std::vector<fiber*> candidates_;  // of runnable_, those whose CPU lets them
    std::vector<fiber*> burnt_;
    std::vector<fiber*> held_up_;
    fiber* current_ = nullptr;
    fiber_context root_;
    outcome result_;
    std::int64_t now_ = 0;
    std::int64_t next_deadline_ = no_deadline;
    std::uint64_t changes_ = 0;     // of the set of runnable fibers, and leaps
    std::size_t nr_impatient_ = 0;  // of those, who have yielded often since the last change
    std::size_t unfinished_ = 0;
    std::size_t mutex_waiters_ = 0;
    bool in_hook_ = false;
};

/// The run in progress, also in the step hook and in options::after_run. 0: none. Never the same twice.
std::uint32_t current_run() noexcept;

/// For the operations that make no sense here, e.g. waiting outside of a run.
[[noreturn]] void die(const char* sentence) noexcept;

/// Fails the run, or dies where there is none.
[[noreturn]] void fail_or_die(std::string message);

/// The report of a failed run (backend/report.cpp).
std::string write_report(scheduler& run, const std::string& message);

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
