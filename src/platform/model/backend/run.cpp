// SPDX-License-Identifier: Apache-2.0
//
// Model backend: one run from its options to its outcome.
#include "backend/memory_tracker.hpp"
#include "backend/scheduler.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace model {

namespace detail {

constinit thread_local place_of_caller here;

namespace {

constinit thread_local std::uint32_t run_number = 0;
constinit std::uint32_t runs_so_far = 0;

workspace& shared_workspace() {
    thread_local workspace space;
    return space;
}

std::string leak_text(const memory_left& left) {
    return std::to_string(left.blocks) + " blocks of memory (" + std::to_string(left.bytes) +
           " bytes) are still allocated at the end; the oldest, " + std::to_string(left.first_size) +
           " bytes, by thread " + std::to_string(left.first_thread) + " at step " + std::to_string(left.first_step);
}

void check_memory(scheduler& run) {
    const memory_left left = memory_of_run();
    if (left.blocks != 0 && !run.how().allow_leaks) run.note_failure(leak_text(left));
}

}  // namespace

std::uint32_t current_run() noexcept {
    return run_number;
}

void die(const char* sentence) noexcept {
    std::fprintf(stderr, "cmwq model: %s\n", sentence);
    std::abort();
}

void fail_or_die(std::string message) {
    if (here.run != nullptr) here.run->fail(std::move(message));
    die(message.c_str());
}

bool weak_exchange_fails() noexcept {
    scheduler* run = active_scheduler();
    return run != nullptr && run->weak_exchange_fails();
}

}  // namespace detail

outcome run(const options& how, const std::function<void()>& body) {
    if (detail::current_run() != 0) detail::die("a run is started from within a run");
    if (how.before_run) how.before_run();
    detail::scheduler scheduler(how, detail::shared_workspace());
    detail::run_number = ++detail::runs_so_far;
    scheduler.execute(body);
    detail::here = {};
    const bool excused = scheduler.result().excused;
    if (how.after_run) how.after_run(scheduler.result().failed || excused);
    if (!excused) detail::check_memory(scheduler);
    detail::free_memory_of_run();
    detail::run_number = 0;
    return scheduler.take_result();
}

}  // namespace model
}  // namespace v1
}  // namespace cmwq
