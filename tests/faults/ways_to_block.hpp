// SPDX-License-Identifier: Apache-2.0
//
// Every way in which an item may come to stand still in the kernel, and how to let it go on. Each object blocks once.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace faults {

class way_to_block {
public:
    virtual ~way_to_block() = default;
    way_to_block() = default;
    way_to_block(const way_to_block&) = delete;
    way_to_block& operator=(const way_to_block&) = delete;

    /// Why it cannot be had here; empty: it can.
    virtual std::string missing() { return {}; }
    /// In the item.
    virtual void block() = 0;
    /// Elsewhere, once: block() returns soon.
    virtual void release() = 0;
};

struct named_way {
    const char* name;
    std::unique_ptr<way_to_block> (*make)();
    std::chrono::milliseconds bound = std::chrono::seconds{1};  ///< until another worker starts
};

/// Locks, descriptors, processes: what sleeps until somebody calls.
std::vector<named_way> ways_by_call();
/// Time, memory, disks, a tracer: what stands still without the item asking for it, or that nobody ends by a call.
std::vector<named_way> ways_of_the_machine();

}  // namespace faults
