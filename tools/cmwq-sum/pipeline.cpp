// SPDX-License-Identifier: Apache-2.0
#include "pipeline.hpp"

#include "fatal.hpp"

#include <thread>
#include <utility>

namespace cmwq_sum {
namespace {

// Results that wait for an earlier file: some 50,000 files of usual names.
constexpr std::uint64_t window_limit = 16 * 1024 * 1024;

// Names of directories read ahead. A single directory may be larger, because it must be sorted as a whole.
constexpr std::uint64_t names_limit = 100'000;

/// Deep enough that no worker finds the queue empty while the walker sleeps; shallow, so that a large file, which joins
/// the end of the queue, starts soon.
std::uint64_t batches_waiting_limit() {
    return 16 + 8 * std::thread::hardware_concurrency();
}

/// Half: the walker then runs now and then for long, and not often for one batch.
constexpr std::uint64_t low_water(std::uint64_t limit) {
    return limit / 2;
}

cmwq::owned_queue make_hash_queue(queue_kind kind, int jobs) {
    switch (kind) {
    case queue_kind::percpu: return cmwq::make_queue(cmwq::percpu{.name = "hash", .max_active = jobs});
    case queue_kind::highpri:
        return cmwq::make_queue(cmwq::percpu{.name = "hash", .max_active = jobs, .highpri = true});
    case queue_kind::power_efficient:
        return cmwq::make_queue(cmwq::power_efficient{.name = "hash", .max_active = jobs});
    case queue_kind::unbound: break;
    }
    // All items come from one walker: only the widest scope lets every CPU take part.
    return cmwq::make_queue(
        cmwq::unbound{.name = "hash", .max_active = jobs, .affinity = cmwq::affinity_scope::system});
}

cmwq::owned_queue checked(cmwq::owned_queue made) {
    if (!made) {
        fatal("no memory or no thread for a work queue");
    }
    return made;
}

/// Our queues refuse nothing while the pipeline runs, so a refusal means that they could not get going at all.
template <class Result>
void expect_accepted(const Result& result) {
    if (!result) {
        fatal("a work item was refused: no memory or no thread");
    }
}

}  // namespace

pipeline::pipeline(const options& chosen, void (*on_end)(void*), void* context)
    : options_{chosen},
      on_end_{on_end},
      context_{context},
      most_waiting_{batches_waiting_limit()},
      walker_{*this},
      printer_{*this},
      survey_{*this},
      progress_{*this},
      print_{checked(cmwq::make_queue(cmwq::ordered{.name = "print", .highpri = true}))},
      hash_{checked(make_hash_queue(chosen.queue, chosen.jobs))},
      walk_{checked(cmwq::make_queue(cmwq::unbound{.name = "walk", .highpri = true}))} {}

void pipeline::start() {
    resume_walk();
    if (progress_.shown()) {
        survey_.begin(options_.paths);
    }
}

void pipeline::stop(stop_reason reason, int detail) {
    state_.request_stop(reason, detail);
    resume_walk();  // it may be waiting for room, and has to send the last batch
}

// The order counts for the walk queue: the last directory read may still be about to wake the walker, and the survey
// enqueues itself. Draining allows both.
void pipeline::close() {
    survey_.give_up();
    walk_->drain();
    hash_->flush();
    print_->flush();
}

// ---- stations
// --------------------------------------------------------------------------------------------------------

// A caller-managed item: refused when it is pending already, and then the coming run sees what its caller did before.
void pipeline::resume_walk() {
    state_.items_in_flight.raise(1);
    if (!walk_->enqueue(walker_)) {
        state_.items_in_flight.lower(1);
    }
}

void pipeline::read(cmwq::arc<directory> found) {
    state_.items_in_flight.raise(1);
    expect_accepted(walk_->enqueue(std::move(found)));
}

void pipeline::hash(cmwq::arc<batch> next) {
    state_.window.raise(next->weight());
    waiting_.raise(1);
    state_.items_in_flight.raise(1);
    expect_accepted(hash_->enqueue<hash_work>(std::move(next)));
}

void pipeline::hash(std::unique_ptr<large_file> next) {
    state_.items_in_flight.raise(1);
    expect_accepted(hash_->enqueue(std::move(next)));
}

void pipeline::print(cmwq::arc<batch> finished) {
    state_.items_in_flight.raise(1);
    expect_accepted(print_->enqueue<print_work>(std::move(finished)));
}

void pipeline::survey_next() {
    state_.items_in_flight.raise(1);
    expect_accepted(walk_->enqueue(survey_));
}

void pipeline::draw_progress() {
    state_.items_in_flight.raise(1);
    if (!print_->enqueue(progress_)) {
        state_.items_in_flight.lower(1);  // the last picture has not been drawn yet: output is slow
    }
}

// ---- limits
// ----------------------------------------------------------------------------------------------------------

// Levels may exceed their limits by one batch.
bool pipeline::has_room() const noexcept {
    return waiting_.level() < most_waiting_ && state_.window.level() < window_limit;
}

bool pipeline::may_read_ahead() const noexcept {
    return names_.level() < names_limit;
}

// ---- reports
// ---------------------------------------------------------------------------------------------------------

void pipeline::item_ended() noexcept {
    state_.items_run.fetch_add(1, std::memory_order_relaxed);
    state_.items_in_flight.lower(1);
}

// Both limits wake the walker once, when the level falls below half. No wake-up is lost: a walker that saw no room read
// the level before that crossing, so it runs again after it.
void pipeline::hashing_started() {
    if (waiting_.lower(1, low_water(most_waiting_))) {
        resume_walk();
    }
}

void pipeline::printed(const batch& done) {
    if (state_.window.lower(done.weight(), low_water(window_limit))) {
        resume_walk();
    }
    if (done.last()) {
        on_end_(context_);
    }
}

}  // namespace cmwq_sum
