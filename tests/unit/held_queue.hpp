// SPDX-License-Identifier: Apache-2.0
//
// Queues in the states that enqueue can meet: nothing runs yet, or draining.
#pragma once

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <latch>
#include <thread>

namespace unit {

/// An ordered queue whose first item waits: what is enqueued stays pending until open() or the end.
class held_queue {
public:
    held_queue() {
        auto wait = [this] { open_.wait(); };
        accepted_ = static_cast<bool>(queue_->try_spawn(wait));
    }
    ~held_queue() { open(); }
    held_queue(const held_queue&) = delete;
    held_queue& operator=(const held_queue&) = delete;

    explicit operator bool() const { return accepted_; }
    cmwq::queue& operator*() { return *queue_; }
    cmwq::queue* operator->() { return &*queue_; }

    void open() {
        if (!opened_.exchange(true)) {
            open_.count_down();
        }
    }

    /// Lets everything run and waits for it.
    void finish() {
        open();
        queue_->flush();
    }

private:
    std::latch open_{1};
    std::atomic<bool> opened_{false};
    bool accepted_ = false;
    cmwq::owned_queue queue_ = cmwq::make_queue(cmwq::ordered{.name = "held"});
};

/// Records misuse instead of ending the program.
class misuse_recorder {
public:
    misuse_recorder() : former_{cmwq::set_misuse_handler(&record)} { reset(); }
    ~misuse_recorder() { cmwq::set_misuse_handler(former_); }
    misuse_recorder(const misuse_recorder&) = delete;
    misuse_recorder& operator=(const misuse_recorder&) = delete;

    static int count(cmwq::misuse_code code) { return counts[static_cast<int>(code)]; }
    static unsigned last_line() { return line; }

private:
    static void reset() {
        for (auto& each : counts) {
            each = 0;
        }
    }
    static void record(const cmwq::misuse& m) noexcept {
        ++counts[static_cast<int>(m.code)];
        line = m.where.line;
    }

    static inline std::atomic<int> counts[64]{};
    static inline std::atomic<unsigned> line{0};
    cmwq::misuse_handler former_;
};

/// A queue that is draining, for as long as this lives: enqueue from here is refused, and misuse is recorded.
class draining_queue {
public:
    draining_queue() : drainer_{[this] { held_->drain(); }} {
        while (held_->try_spawn([] {}).why() != cmwq::refusal::queue_draining) {
            std::this_thread::yield();
        }
    }
    ~draining_queue() {
        held_.open();
        drainer_.join();
    }
    draining_queue(const draining_queue&) = delete;
    draining_queue& operator=(const draining_queue&) = delete;

    cmwq::queue& operator*() { return *held_; }
    cmwq::queue* operator->() { return &*held_; }

private:
    misuse_recorder recorder_;
    held_queue held_;
    std::thread drainer_;
};

/// Counts the objects of one test: `alive` rises with construction and falls with destruction.
struct tracked {
    static inline std::atomic<int> alive{0};
    tracked() { ++alive; }
    tracked(const tracked&) { ++alive; }
    tracked(tracked&&) noexcept { ++alive; }
    tracked& operator=(const tracked&) = default;
    ~tracked() { --alive; }
};

}  // namespace unit
