// SPDX-License-Identifier: Apache-2.0
//
// Does the operations of a script to cmwq, and tells of each what the kernel's interpreter (module/oracle.c) tells.
#pragma once

#include "backend.hpp"

#include <array>
#include <atomic>
#include <cmwq/cmwq.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace oracle {

/// A queue of the script's world, and which items began on it in this step.
struct known_queue {
    char name = 0;
    cmwq::owned_queue wq;
    bool on_cpu = false, serial = false;
    int drains = 0;
    std::string started;
};

/// What the interpreter knows about an item, beside what it asks the item.
struct subject {
    virtual ~subject() = default;

    virtual bool put(known_queue& to) = 0;
    virtual bool put_enabled(known_queue& to) = 0;
    virtual bool put_later(known_queue& to, std::chrono::nanoseconds wait) = 0;
    virtual bool mod(known_queue& to, std::chrono::nanoseconds wait) = 0;
    virtual bool cancel() = 0;
    virtual bool cancel_sync() = 0;
    virtual bool disable() = 0;
    virtual bool disable_sync() = 0;
    virtual bool enable() = 0;
    virtual bool flush() = 0;
    virtual bool flush_delayed() = 0;
    virtual bool pending() const = 0;
    virtual bool busy() const = 0;

    void run();
    std::size_t at_gate() const { return barred.size(); }

    std::mutex* lock = nullptr;
    char name = 0;
    bool delayed = false, hold = false, again = false;
    int starts = 0, ends = 0, disabled = 0;
    std::vector<std::shared_ptr<rows::gate>> barred;  ///< one for each run that waits
    std::string again_answer;
    known_queue* queue = nullptr;  ///< that accepted it last
    known_queue* armed_for = nullptr;
    std::string told;
};

/// An operation that may wait, on a thread of its own.
struct waiting {
    int number = 0;
    bool of_item = false, told = false;
    std::atomic<bool> done{false};
    bool answer = false;
    std::unique_ptr<rows::thread> waiter;
};

/// One script. Its items and queues live as long as it does.
class interpreter {
public:
    interpreter();
    ~interpreter();

    /// What the line leads to, as it stands behind " = " in the recorded files.
    std::string operate(std::string_view line);

private:
    using words = std::array<std::string_view, 4>;

    subject* item_of(std::string_view name);
    known_queue* queue_of(std::string_view name);
    void make_queues();
    void settle();
    bool rests();
    std::string answer_of(const words& said, bool force);
    std::string answer_of_freezing(std::string_view operation);
    std::string answer_of_waiting(std::string_view operation, subject* it, known_queue* q);
    std::string answer_of_putting(const words& said, subject& it, known_queue& q, bool force);
    std::string answer_of_item(std::string_view operation, subject& it, bool force);
    std::string answer_of_gate(std::string_view operation, subject& it);
    std::string end();
    void let_go(subject& it);
    std::string changes();

    std::mutex lock_;
    cmwq::runtime runtime_;
    std::array<known_queue, 7> queues_;
    std::vector<std::unique_ptr<subject>> items_;
    std::vector<std::unique_ptr<waiting>> waiting_;
    bool frozen_ = false;
};

}  // namespace oracle
