// SPDX-License-Identifier: Apache-2.0
//
// What a run on the model makes the CPUs of a machine exchange. Between any two steps it reads what the last one did: a
// cache line that the CPU had not, a wake, a lock that another CPU held before.
#pragma once

#include "backend/scheduler.hpp"

#include <bitset>
#include <cstdint>
#include <unordered_map>

namespace bench {

namespace detail = cmwq::model::detail;

/// Figures of a stretch of a run, for all CPUs together.
struct traffic {
    double operations = 0;  ///< on atomics and locks
    double transfers = 0;   ///< of them, on a cache line that this CPU did not have, or did not have alone to write it
    double wakes = 0;       ///< threads that were unparked
    double handovers = 0;   ///< mutexes that another CPU held before
    double fences = 0;      ///< of all threads: an interrupt of each CPU

    traffic& operator+=(const traffic& more) noexcept {
        operations += more.operations;
        transfers += more.transfers;
        wakes += more.wakes;
        handovers += more.handovers;
        fences += more.fences;
        return *this;
    }
    friend traffic operator/(traffic sum, double count) noexcept {
        return {sum.operations / count, sum.transfers / count, sum.wakes / count, sum.handovers / count,
                sum.fences / count};
    }
};

/// To be asked at each step of a run. Lines are as long as the hardware's, of atomics and locks only: what is published
/// by them travels with them, and is not seen.
class traffic_counter {
public:
    /// The wakes of these objects are the test's own.
    void leave_out(const void* first, std::size_t bytes) {
        left_out_ = reinterpret_cast<std::uintptr_t>(first);
        left_out_bytes_ = bytes;
    }

    /// Thread 1, which only says when, is not counted.
    void count(bool on) { counting_ = on; }
    const traffic& found() const { return found_; }

    void look() {
        detail::scheduler& run = *detail::scheduler_of_run();
        for (; seen_ < run.steps().size(); ++seen_) {
            const detail::trace_entry& entry = run.steps().entry(seen_);
            const auto address = reinterpret_cast<std::uintptr_t>(entry.object);
            if (entry.fiber == 1 || address - left_out_ < left_out_bytes_) continue;
            look_at(entry, address, static_cast<std::size_t>(run.find(entry.fiber)->cpu));
        }
    }

private:
    static constexpr std::size_t most_cpus = 256;

    struct line {
        std::bitset<most_cpus> holders;
        bool ever_touched = false;
    };

    void look_at(const detail::trace_entry& entry, std::uintptr_t address, std::size_t cpu) {
        switch (entry.kind) {
        case detail::operation::load: touch(address, cpu, false); break;
        case detail::operation::compare_exchange:
        case detail::operation::store:
        case detail::operation::exchange:
        case detail::operation::fetch_add:
        case detail::operation::fetch_sub:
        case detail::operation::fetch_or:
        case detail::operation::fetch_and:
        case detail::operation::fetch_xor:
        case detail::operation::mutex_lock:
        case detail::operation::mutex_try_lock: touch(address, cpu, true); break;
        case detail::operation::mutex_unlock: release(address, cpu); break;
        case detail::operation::unpark: found_.wakes += counting_ ? 1 : 0; break;
        case detail::operation::fence_all_threads: found_.fences += counting_ ? 1 : 0; break;
        default: break;
        }
    }

    void touch(std::uintptr_t address, std::size_t cpu, bool writes) {
        line& its_line = lines_[address / 64];
        const bool had = its_line.holders.test(cpu) && (!writes || its_line.holders.count() == 1);
        if (counting_) {
            ++found_.operations;
            found_.transfers += !had && its_line.ever_touched ? 1 : 0;
        }
        if (writes) its_line.holders.reset();
        its_line.holders.set(cpu);
        its_line.ever_touched = true;
    }

    void release(std::uintptr_t mutex, std::size_t cpu) {
        touch(mutex, cpu, true);
        const auto [last, first_time] = last_holders_.try_emplace(mutex, cpu);
        found_.handovers += counting_ && !first_time && last->second != cpu ? 1 : 0;
        last->second = cpu;
    }

    std::unordered_map<std::uintptr_t, line> lines_;
    std::unordered_map<std::uintptr_t, std::size_t> last_holders_;
    std::uintptr_t left_out_ = 0;
    std::size_t left_out_bytes_ = 0;
    std::uint64_t seen_ = 0;
    bool counting_ = false;
    traffic found_;
};

}  // namespace bench
