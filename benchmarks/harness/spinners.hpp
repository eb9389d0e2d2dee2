// SPDX-License-Identifier: Apache-2.0
//
// Threads of the application that compute all the time beside the pool, one per CPU.
#pragma once

#include "affinity.hpp"
#include "clock.hpp"

#include <atomic>
#include <cstdint>
#include <latch>
#include <pthread.h>
#include <thread>
#include <vector>

namespace bench {

class spinners {
public:
    /// Returns when all of them run. They spin until the process ends.
    explicit spinners(unsigned count) : running_{count} {
        for (unsigned index = 0; index < count; ++index) {
            threads_.emplace_back([this, index] { spin(index % allowed_cpus()); });
        }
        running_.wait();
        for (std::thread& each : threads_) {
            clockid_t clock{};
            pthread_getcpuclockid(each.native_handle(), &clock);
            clocks_.push_back(clock);
            each.detach();
        }
    }

    /// CPU time that they have used: it is not the pool's.
    std::int64_t cpu_ns() const noexcept {
        std::int64_t sum = 0;
        for (const clockid_t clock : clocks_) {
            sum += read_clock(clock);
        }
        return sum;
    }

    std::size_t count() const noexcept { return clocks_.size(); }

private:
    void spin(unsigned index) noexcept {
        pin_to_allowed_cpu(index);
        running_.count_down();
        for (;;) {
            relax();
        }
    }

    std::latch running_;
    std::vector<std::thread> threads_;
    std::vector<clockid_t> clocks_;
};

}  // namespace bench
