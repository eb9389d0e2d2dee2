// SPDX-License-Identifier: Apache-2.0
//
// Model backend: what a test may say from within a run.
#include "backend/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace model {

namespace {

using detail::operation;
using detail::waiting_for;

detail::scheduler& run_of_caller(const char* what) {
    auto* run = detail::active_scheduler();
    if (run == nullptr) detail::fail_or_die(std::string(what) + " is called outside of a run");
    return *run;
}

void pass_time(operation kind, waiting_for reason, std::chrono::nanoseconds time) {
    auto& run = run_of_caller("sleep_for or burn");
    auto& entry = run.step(kind, nullptr, std::memory_order_relaxed);
    const std::int64_t until = run.now() + std::max<std::int64_t>(time.count(), 0);
    entry.after = static_cast<std::uint64_t>(until);
    if (until <= run.now()) return;
    if (reason == waiting_for::burn) {
        run.burn(time.count());
    } else {
        run.wait(reason, nullptr, until);
    }
    run.record(operation::woken, nullptr, static_cast<std::uint64_t>(run.now()));
}

}  // namespace

thread spawn(const char* name, std::function<void()> body, int cpu) {
    auto& run = run_of_caller("spawn");
    auto& entry = run.step(operation::thread_start, nullptr, std::memory_order_release);
    detail::fiber_start how;
    how.name = name;
    how.cpu = cpu;
    how.body = std::move(body);
    const int id = run.start(std::move(how)).id;
    entry.after = static_cast<std::uint64_t>(id);
    return thread(id);
}

void thread::join() {
    auto& run = run_of_caller("join");
    run.step(operation::join, nullptr, std::memory_order_acquire).after = static_cast<std::uint64_t>(id_);
    const auto* other = run.find(id_);
    if (other == nullptr) run.fail("join of a thread that was not started");
    if (!other->finished) {
        run.wait_for_thread(id_);
        run.record(operation::joined, nullptr, static_cast<std::uint64_t>(id_));
    }
    if (run.memory() != nullptr) run.memory()->joined(run.current_id(), id_);
}

void check(bool condition, const char* sentence) {
    if (condition) return;
    if (auto* run = detail::scheduler_of_run()) run->excuse(sentence);
    fail(sentence);
}

void excuse_refusal() {
    if (auto* run = detail::scheduler_of_run()) run->excuse("the test needs what it was refused");
}

void fail(const char* sentence) {
    detail::fail_or_die(std::string("check failed: ") + sentence);
}

void sleep_for(std::chrono::nanoseconds time) {
    pass_time(operation::sleep, waiting_for::sleep, time);
}

void burn(std::chrono::nanoseconds time) {
    pass_time(operation::burn, waiting_for::burn, time);
}

void interrupt() {
    run_of_caller("interrupt").step(operation::note, "interrupt", std::memory_order_relaxed);
}

void set_cpu(int cpu) {
    auto& run = run_of_caller("set_cpu");
    if (cpu < 0 || cpu >= run.cpus().nr_cpus) run.fail("set_cpu to a CPU that does not exist");
    run.current().cpu = cpu;
}

namespace {

void allow(const char* call, int cpu, bool allowed) {
    auto& run = run_of_caller(call);
    if (cpu < 0 || cpu >= run.cpus().nr_cpus) run.fail(std::string{call} + " of a CPU that does not exist");
    std::uint64_t& word = run.usable.allowed.words[cpu / 64];
    const std::uint64_t bit = std::uint64_t{1} << (cpu % 64);
    word = allowed ? word | bit : word & ~bit;
    run.record(operation::note, call, static_cast<std::uint64_t>(cpu));
}

}  // namespace

void take_cpu(int cpu) {
    allow("take_cpu", cpu, false);
}

void give_cpu(int cpu) {
    allow("give_cpu", cpu, true);
}

void set_cpu_quota(int cpus) {
    run_of_caller("set_cpu_quota").usable.quota = cpus;
}

void label(const void* object, const char* name) {
    run_of_caller("label").steps().set_label(object, name);
}

void note(const char* text, std::uint64_t value) {
    run_of_caller("note").record(operation::note, text, value);
}

std::uint64_t random_below(std::uint64_t bound) {
    auto* run = detail::scheduler_of_run();
    return run == nullptr || bound == 0 ? 0 : run->random().below(bound);
}

bool running() {
    return detail::active_scheduler() != nullptr;
}

}  // namespace model
}  // namespace v1
}  // namespace cmwq
