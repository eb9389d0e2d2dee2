// SPDX-License-Identifier: Apache-2.0
//
// The floors: programs that do the bare minimum the hardware needs for the same job and promise nothing. P1 and P8: see
// floor_drain.hpp, in chunks of 256. P4 and P5: push, take and call on one thread. P6 and P7: one futex on one CPU.
// P9: threads placed by hand. P10 and P11: see floor_thread_each.hpp.
#include "floor_drain.hpp"
#include "floor_thread_each.hpp"

#include <type_traits>

namespace {

using bench::workload;

/// P4 and P5: one thread pushes with one read-modify-write, takes with another, and runs the youngest item first, which
/// keeps what it touches in its cache.
template <class Work>
class one_thread {
public:
    struct alignas(64) task {
        task* next = nullptr;
        void (*function)(one_thread&, task&) = &Work::template run<one_thread>;
        std::uintptr_t payload = 0;
    };

    explicit one_thread(const bench::settings& sizes) : ring_{sizes.ring_slots} {
        std::thread{[this] { work(); }}.detach();
    }

    void submit(std::uintptr_t payload) noexcept {
        task& item = ring_.next();
        item.payload = payload;
        resubmit(item);
    }

    void resubmit(task& item) noexcept {
        task* head = inbox_.load(std::memory_order_relaxed);
        do {
            item.next = head;
        } while (!inbox_.compare_exchange_weak(head, &item, std::memory_order_release, std::memory_order_relaxed));
    }

private:
    void work() noexcept {
        bench::pin_to_allowed_cpu(1);
        task* stack = nullptr;
        for (;;) {
            stack = take_onto(stack);
            if (stack == nullptr) {
                bench::relax();
                continue;
            }
            task& item = *stack;
            stack = item.next;
            item.function(*this, item);
        }
    }

    task* take_onto(task* stack) noexcept {
        task* const taken = inbox_.exchange(nullptr, std::memory_order_acquire);
        if (taken == nullptr) {
            return stack;
        }
        task* last = taken;
        while (last->next != nullptr) {
            last = last->next;
        }
        last->next = stack;
        return taken;
    }

    bench::item_ring<task> ring_;
    alignas(128) std::atomic<task*> inbox_{nullptr};
};

/// P6 and P7: the submitter wakes one thread on its own CPU, where a wake is cheapest, by one futex.
template <class Work>
class same_cpu {
public:
    struct task {
        std::uintptr_t payload;
    };

    explicit same_cpu(const bench::settings&) {
        std::thread{[this] { work(); }}.detach();
        bench::pin_to_allowed_cpu(0);
    }

    void submit(std::uintptr_t) noexcept { submitted_.signal(); }

private:
    void work() noexcept {
        bench::pin_to_allowed_cpu(0);
        for (std::uint32_t number = 1;; ++number) {
            submitted_.wait_until(number);
            task item{number};
            Work::run(*this, item);
        }
    }

    bench::event submitted_;
};

/// P9: as many threads as the mix needs to keep the CPUs busy, no more, pinned in turn, with one shared counter.
template <class Work>
class hand_placed {
public:
    struct task {
        std::uintptr_t payload;
    };

    explicit hand_placed(const bench::settings& sizes) {
        constexpr auto per_cpu = static_cast<unsigned>((Work::sleep + Work::compute) / Work::compute);
        for (unsigned index = 0; index < sizes.workers * per_cpu; ++index) {
            std::thread{[this, cpu = index % sizes.workers] { work(cpu); }}.detach();
        }
    }

    void submit(std::uintptr_t) noexcept { ++held_; }

    /// All at once: one wake.
    void help() noexcept {
        items_.fetch_add(held_, std::memory_order_release);
        held_ = 0;
        submitted_.signal();
    }

private:
    void work(unsigned cpu) noexcept {
        bench::pin_to_allowed_cpu(cpu);
        for (std::uintptr_t mine = next_.fetch_add(1);; mine = next_.fetch_add(1)) {
            wait_for(mine);
            task item{mine};
            Work::run(*this, item);
        }
    }

    void wait_for(std::uintptr_t item) noexcept {
        std::uint32_t seen = submitted_.count();
        while (item >= items_.load(std::memory_order_acquire)) {
            submitted_.wait_until(seen + 1);
            seen = submitted_.count();
        }
    }

    std::size_t held_ = 0;
    alignas(128) std::atomic<std::uintptr_t> next_{0};
    std::atomic<std::size_t> items_{0};
    bench::event submitted_;
};

template <class Work>
constexpr bool is_latency = std::is_same_v<Work, bench::ping> || std::is_same_v<Work, bench::round_trip>;
template <class Work>
constexpr bool is_probe = std::is_same_v<Work, bench::probe> || std::is_same_v<Work, bench::waiting>;
template <class Work>
constexpr bool is_drain = std::is_same_v<Work, bench::drain> || std::is_same_v<Work, bench::ordered_drain>;

struct floor_peer {
    static constexpr const char* name = "floor";
    static const char* version() { return ""; }
    static constexpr bool runs(workload which) {
        return which == workload::p1 || which == workload::p8 || which == workload::p4 || which == workload::p5_self ||
               which == workload::p5_chain || which == workload::p6 || which == workload::p7 || which == workload::p9 ||
               which == workload::p10_blocked || which == workload::p10_fresh || which == workload::p11;
    }

    template <class Work>
    using subject = std::conditional_t<
        is_latency<Work>, same_cpu<Work>,
        std::conditional_t<
            is_drain<Work>, bench::hand_over<Work, 256>,
            std::conditional_t<std::is_same_v<Work, bench::mix>, hand_placed<Work>,
                               std::conditional_t<is_probe<Work>, bench::thread_each<Work>, one_thread<Work>>>>>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<floor_peer>(argc, argv);
}
