// SPDX-License-Identifier: Apache-2.0
#include "backend/topology.hpp"

#include "backend/cpu_quota.hpp"
#include "backend/kernel_text.hpp"
#include "backend/thread.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <unistd.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace detail {
constinit std::atomic<std::uint16_t> index_of_os_cpu[max_os_cpus];
}

namespace {

using detail::index_of_os_cpu, detail::max_os_cpus;

std::atomic<std::uint64_t> allowed_words[cpu_indices::nr_words];
std::atomic<int> witness{0};

bool is_set(int os_cpu, const cpu_set_t& mask) noexcept {
    return os_cpu < CPU_SETSIZE && CPU_ISSET(static_cast<unsigned>(os_cpu), &mask);
}

void add_mask_of(int thread_id, cpu_set_t& sum) noexcept {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    if (sched_getaffinity(thread_id, sizeof mask, &mask) == 0) CPU_OR(&sum, &sum, &mask);
}

/// Empty: unreadable, or all our CPUs lie above CPU_SETSIZE.
cpu_set_t read_mask() noexcept {
    cpu_set_t sum;
    CPU_ZERO(&sum);
    add_mask_of(getpid(), sum);
    if (const int thread_id = witness.load(std::memory_order_relaxed)) {
        add_mask_of(thread_id, sum);
    } else if (thread_slot() == nullptr) {
        add_mask_of(0, sum);
    }
    return sum;
}

void append(topology& t, int os_cpu) noexcept {
    if (t.nr_cpus < topology::max_cpus) t.cpus[t.nr_cpus++].os_index = os_cpu;
}

/// The CPUs of the machine, which may come to be ours. Where that is not to be read, no more than we have.
void append_others(topology& t, const cpu_set_t& ours) noexcept {
    std::FILE* file = std::fopen("/sys/devices/system/cpu/present", "re");
    if (file == nullptr) return;
    read_cpu_list(file, max_os_cpus, [&](int cpu) {
        if (!is_set(cpu, ours)) append(t, cpu);
    });
    std::fclose(file);
}

/// Under a quota the first ones are used, so these are to be others in each of the processes of a machine: the order
/// begins with the CPU that the kernel has chosen for this one.
void begin_with_this_cpu(topology& t) noexcept {
    const auto is_here = [here = sched_getcpu()](const cpu_info& cpu) { return cpu.os_index == here; };
    cpu_info* const end = t.cpus + t.nr_cpus;
    cpu_info* const found = std::find_if(t.cpus, end, is_here);
    if (found != end) std::rotate(t.cpus, found, end);
}

void list_cpus(topology& t) noexcept {
    const cpu_set_t ours = read_mask();
    t.nr_cpus = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (is_set(cpu, ours)) append(t, cpu);
    }
    if (t.nr_cpus == 0) return append(t, std::max(sched_getcpu(), 0));
    const int quota = cpu_quota();
    if (quota > 0 && quota < t.nr_cpus) begin_with_this_cpu(t);
    append_others(t, ours);
}

cpu_indices indices_of(const cpu_set_t& mask, const topology& t) noexcept {
    cpu_indices found;
    for (int index = 0; index < t.nr_cpus; ++index) {
        if (is_set(t.cpus[index].os_index, mask)) found.add(index);
    }
    return found;
}

void point_to(const cpu_indices& online, const topology& t) noexcept {
    std::uint16_t in_use[topology::max_cpus];
    int count = 0;
    for (int index = 0; index < t.nr_cpus; ++index) {
        if (online.contains(index)) in_use[count++] = static_cast<std::uint16_t>(index);
    }
    if (count == 0) in_use[count++] = 0;
    // Whoever asks between the two steps is sent to another CPU in use: any of them is good.
    for (int cpu = 0; cpu < max_os_cpus; ++cpu) {
        index_of_os_cpu[cpu].store(in_use[cpu % count], std::memory_order_relaxed);
    }
    for (int i = 0; i < count; ++i) {
        const int os_cpu = t.cpus[in_use[i]].os_index;
        if (os_cpu < max_os_cpus) index_of_os_cpu[os_cpu].store(in_use[i], std::memory_order_relaxed);
    }
}

void remember_allowed(const cpu_indices& allowed) noexcept {
    for (int i = 0; i < cpu_indices::nr_words; ++i) allowed_words[i].store(allowed.words[i], std::memory_order_relaxed);
}

struct discovered {
    topology found;
    discovered() noexcept {
        list_cpus(found);
        for (int index = 0; index < found.nr_cpus; ++index) found.cpus[index].core = index;
        fill_in_localities(found);
        const cpu_indices allowed = indices_of(read_mask(), found);
        remember_allowed(allowed);
        point_to(allowed, found);
    }
};

const topology& the_topology() noexcept {
    static const discovered once;
    return once.found;
}

}  // namespace

const topology& discover_topology() noexcept {
    return the_topology();
}

usable_cpus read_usable_cpus() noexcept {
    const usable_cpus now{indices_of(read_mask(), the_topology()), cpu_quota()};
    if (!now.allowed.empty()) remember_allowed(now.allowed);
    return now;
}

void use_cpus(const cpu_indices& online) noexcept {
    point_to(online, the_topology());
}

void offer_as_witness() noexcept {
    if (witness.load(std::memory_order_relaxed) != 0) return;
    int nobody = 0;
    witness.compare_exchange_strong(nobody, current_thread_id(), std::memory_order_relaxed);
}

void withdraw_as_witness() noexcept {
    int self = current_thread_id();
    witness.compare_exchange_strong(self, 0, std::memory_order_relaxed);
}

void forget_witness() noexcept {
    witness.store(0, std::memory_order_relaxed);
}

cpu_set_t allowed_mask() noexcept {
    const topology& all = the_topology();
    cpu_indices allowed;
    for (int i = 0; i < cpu_indices::nr_words; ++i) allowed.words[i] = allowed_words[i].load(std::memory_order_relaxed);
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (int index = 0; index < all.nr_cpus; ++index) {
        const int os_cpu = all.cpus[index].os_index;
        if (allowed.contains(index) && os_cpu < CPU_SETSIZE) CPU_SET(static_cast<unsigned>(os_cpu), &mask);
    }
    return mask;
}

int topology_index_of(int os_cpu) noexcept {
    return os_cpu >= 0 && os_cpu < max_os_cpus ? index_of_os_cpu[os_cpu].load(std::memory_order_relaxed) : 0;
}

int os_index_of(int index) noexcept {
    return the_topology().cpus[index].os_index;
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
