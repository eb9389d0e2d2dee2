// SPDX-License-Identifier: Apache-2.0
//
// The floor of P10 and P11: a thread for each item, on the CPU of whoever submits it. One that has ended its item is
// parked and takes the next; only where none is parked is a new one made. So an item costs one futex wake, or one
// thread, and nobody has to find out that somebody blocks. Promises nothing: as many threads run at once as items are
// there.
#pragma once

#include "../harness/event.hpp"
#include "../harness/main.hpp"

#include <mutex>
#include <pthread.h>
#include <vector>

namespace bench {

template <class Work>
class thread_each {
public:
    struct task {
        std::uintptr_t payload;
    };

    explicit thread_each(const settings&) : parked_(CPU_SETSIZE) {}

    /// Items of the warm-up, which do nothing, are run here: there is no thread to warm.
    void submit(std::uintptr_t payload) {
        if (payload == 0) {
            task nothing{payload};
            Work::run(*this, nothing);
            return;
        }
        const auto cpu = static_cast<std::size_t>(sched_getcpu());
        if (own_thread* one = take_parked(cpu)) {
            one->payload = payload;
            one->submitted.signal();
        } else {
            start(cpu, payload);
        }
    }

private:
    struct own_thread {
        thread_each* owner;
        std::size_t cpu;
        std::uintptr_t payload;
        event submitted;
    };

    own_thread* take_parked(std::size_t cpu) {
        const std::lock_guard hold{lock_};
        std::vector<own_thread*>& parked = parked_[cpu];
        if (parked.empty()) {
            return nullptr;
        }
        own_thread* last = parked.back();
        parked.pop_back();
        return last;
    }

    void park(own_thread& me) {
        const std::lock_guard hold{lock_};
        parked_[me.cpu].push_back(&me);
    }

    /// As small as cmwq's, and placed like them.
    void start(std::size_t cpu, std::uintptr_t payload) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, 256 * 1024);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_attr_setaffinity_np(&attributes, sizeof one, &one);
        pthread_t thread{};
        pthread_create(&thread, &attributes, thread_main, new own_thread{this, cpu, payload, {}});
        pthread_attr_destroy(&attributes);
        pthread_detach(thread);
    }

    static void* thread_main(void* raw) {
        own_thread& me = *static_cast<own_thread*>(raw);
        for (std::uint32_t number = 1;; ++number) {
            task item{me.payload};
            Work::run(*me.owner, item);
            me.owner->park(me);
            me.submitted.wait_until(number);
        }
        return nullptr;
    }

    std::mutex lock_;
    std::vector<std::vector<own_thread*>> parked_;
};

}  // namespace bench
