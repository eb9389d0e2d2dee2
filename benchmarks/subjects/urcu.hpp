// SPDX-License-Identifier: Apache-2.0
//
// liburcu's call_rcu: the fastest packaged way to hand caller-owned items to another thread. It is meant for deferred
// frees: items run in batches after a grace period, the worker sleeps 10 ms between batches, and one item at a time
// (P5, P6, P7) would only show these 10 ms.
#pragma once

#include "../harness/item_ring.hpp"
#include "../harness/main.hpp"

#include <urcu/urcu-memb.h>

namespace bench {

/// `Polling`: one worker per CPU that looks every 10 ms and is never woken (URCU_CALL_RCU_RT), which spares the
/// submitter the test for a sleeping worker. Otherwise liburcu's default: one worker, woken.
template <class Work, bool Polling>
class urcu_subject {
public:
    struct alignas(64) task {
        rcu_head head{};
        std::uintptr_t payload = 0;
    };

    explicit urcu_subject(const settings& sizes) : ring_{sizes.ring_slots} {
        current_ = this;
        if constexpr (Polling && Work::ordered) {
            urcu_memb_set_thread_call_rcu_data(urcu_memb_create_call_rcu_data(URCU_CALL_RCU_RT, -1));
        } else if constexpr (Polling) {
            urcu_memb_create_all_cpu_call_rcu_data(URCU_CALL_RCU_RT);
        }
    }

    void submit(std::uintptr_t payload) {
        task& item = ring_.next();
        item.payload = payload;
        urcu_memb_call_rcu(&item.head, &urcu_subject::run);
    }

    /// A thread that calls call_rcu must be registered; call_rcu's own workers are.
    template <class Body>
    void enter(Body& body) {
        urcu_memb_register_thread();
        body();
        urcu_memb_unregister_thread();
    }

private:
    static void run(rcu_head* head) { Work::run(*current_, *reinterpret_cast<task*>(head)); }

    static inline urcu_subject* current_ = nullptr;

    item_ring<task> ring_;
};

constexpr bool urcu_runs(workload which) {
    return which == workload::p1 || which == workload::p2_2 || which == workload::p2_4 || which == workload::p4 ||
           which == workload::p8;
}

}  // namespace bench
