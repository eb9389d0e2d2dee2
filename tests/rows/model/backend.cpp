// SPDX-License-Identifier: Apache-2.0
#include "backend.hpp"

#include "model/engine_scenario.hpp"

namespace rows {

namespace model = cmwq::model;
namespace platform = cmwq::platform;

namespace {

constexpr std::uint64_t schedules = 200;

}  // namespace

void show(const std::function<void()>& body) {
    cmwq_test::explore(cmwq_test::on_cpus(2), schedules, body);
}

void show_on_two_nodes(const std::function<void()>& body) {
    cmwq_test::explore(cmwq_test::on_two_nodes(), schedules, body);
}

time_point now() {
    return time_point{std::chrono::duration_cast<time_point::duration>(platform::now())};
}

void sleep_for(nanoseconds time) {
    model::sleep_for(time);
}

void compute_for(nanoseconds time) {
    model::burn(time);
}

void step_aside() {
    model::interrupt();
}

bool runs_on(int cpu) {
    return platform::current_cpu() == cpu;
}

struct thread::handle {
    model::thread started;
    bool joined = false;
};

thread::thread(std::function<void()> body)
    : handle_{std::make_unique<handle>(handle{model::spawn("test", std::move(body))})} {}

thread::~thread() {
    join();
}

void thread::join() {
    if (!std::exchange(handle_->joined, true)) handle_->started.join();
}

struct gate::waiters {
    bool open = false;
    std::vector<std::shared_ptr<platform::parker>> parked;
};

gate::gate() : waiters_{std::make_shared<waiters>()} {}
gate::~gate() = default;

void gate::open() {
    waiters_->open = true;
    // Whoever waited may end the gate's life, and its own parker's, at once.
    for (const auto& one : std::exchange(waiters_->parked, {})) one->unpark();
}

bool gate::pass() {
    if (waiters_->open) return true;
    const auto here = std::make_shared<platform::parker>();
    waiters_->parked.push_back(here);
    here->park();
    return true;
}

bool gate::is_open() {
    return waiters_->open;
}

}  // namespace rows
