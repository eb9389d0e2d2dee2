// SPDX-License-Identifier: Apache-2.0
//
// An ordered queue whose first item waits at a gate: what is enqueued behind it stays pending until open().
#pragma once

#include "support/gate.hpp"

#include <cmwq/cmwq.hpp>

namespace support {

class blocked_queue {
public:
    explicit blocked_queue(const char* name = "blocked") : queue_{cmwq::make_queue(cmwq::ordered{.name = name})} {
        enter();
    }
    ~blocked_queue() { open(); }
    blocked_queue(const blocked_queue&) = delete;
    blocked_queue& operator=(const blocked_queue&) = delete;

    cmwq::queue& operator*() { return *queue_; }
    cmwq::queue* operator->() { return &*queue_; }

    void open() { way_out_.open(); }

    /// Lets everything run and waits for it.
    void finish() {
        open();
        queue_->flush();
    }

private:
    // The first item has started when the constructor is over: it is running, and all others are pending.
    void enter() {
        if (!queue_->try_spawn([this] {
                inside_.open();
                way_out_.pass();
            })) {
            std::abort();
        }
        inside_.pass();
    }

    gate inside_, way_out_;
    cmwq::owned_queue queue_;
};

}  // namespace support
