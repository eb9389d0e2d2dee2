// SPDX-License-Identifier: Apache-2.0
//
// A subject over any pool that takes a closure: `Pool` has a constructor from the number of threads, and
// post(function). The closure is 16 bytes, a pointer and the payload. One thread stands for the ordered queue.
#pragma once

#include "../harness/main.hpp"

namespace bench {

template <class Work, class Pool>
class closure_subject {
public:
    struct task {
        std::uintptr_t payload;
    };

    explicit closure_subject(const settings& sizes) : pool_{Work::ordered ? 1 : sizes.workers} {}

    void submit(std::uintptr_t payload) {
        pool_.post([this, payload] {
            task copy{payload};
            Work::run(*this, copy);
        });
    }

    void resubmit(const task& again) { submit(again.payload); }
    void spawn(std::uintptr_t payload) { submit(payload); }

    /// For pools whose submitting threads have to be known to them.
    template <class Body>
    void enter(Body& body) requires requires(Pool& pool) {
        pool.enter(body);
    }
    { pool_.enter(body); }

private:
    Pool pool_;
};

}  // namespace bench
