// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the scheduling point. Every operation of the platform contract calls step() just before it takes
// effect; whatever the scheduler lets run in between has then happened before the operation. Outside of a run step()
// does nothing.
//
// The memory order travels along. It is recorded; and with options::weak_memory it decides which values may be read
// (backend/weak_memory.hpp).
#pragma once

#include "backend/here.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

enum class operation : std::uint8_t {
    load,
    store,
    exchange,
    fetch_add,
    fetch_sub,
    fetch_or,
    fetch_and,
    fetch_xor,
    compare_exchange,
    fence_seq_cst,
    fence_all_threads,
    fence_compiler,
    pause,
    yield,
    mutex_lock,
    mutex_acquired,
    mutex_try_lock,
    mutex_unlock,
    park,
    park_until,
    unparked,
    park_timed_out,
    park_disturbed,
    unpark,
    thread_start,
    thread_refused,
    thread_exit,
    join,
    joined,
    now,
    task_state,
    allocate,
    allocation_refused,
    deallocate,
    sleep,
    burn,
    woken,
    note,
};

enum class verdict : std::uint8_t { none, success, failure, spurious_failure, old_value };

/// One line of the trace: begun by the scheduler at the scheduling point, completed by the operation.
struct trace_entry {
    const void* object = nullptr;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    std::uint16_t fiber = 0;
    operation kind = operation::note;
    std::uint8_t order = 0;
    verdict result = verdict::none;
    /// Whether the values may enter the trace hash: not when they can hold an address, which differs between runs.
    bool stable = false;
};

/// A value as the trace shows it.
template <class T>
std::uint64_t trace_bits(T value) noexcept {
    if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<std::uintptr_t>(value);
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

template <class T>
void record_values(trace_entry& entry, T before, T after) noexcept {
    entry.before = trace_bits(before);
    entry.after = trace_bits(after);
    entry.stable = !std::is_pointer_v<T> && sizeof(T) < sizeof(void*);
}

/// Lets the scheduler decide who runs next; returns when the caller does. The entry stays valid until the next step.
trace_entry& step(operation kind, const void* object, std::memory_order order = std::memory_order_seq_cst) noexcept;

/// Where an atomic object lies, and its newest value.
struct cell_bits {
    const void* at;
    std::size_t size;
    std::uint64_t actual;
};

/// What weak memory makes of an operation; only where weak_memory_of_caller() is not null. Outside of a step.
std::uint64_t load_weakly(const cell_bits& cell, std::memory_order order) noexcept;
/// Of a compare-exchange that fails: any value but the expected one, if the newest is another.
std::uint64_t fail_weakly(const cell_bits& cell, std::uint64_t expected, std::memory_order order) noexcept;
void modify_weakly(operation kind, const cell_bits& cell, std::uint64_t desired, std::memory_order order) noexcept;
void construct_weakly(const cell_bits& cell) noexcept;

/// Whether a weak compare-exchange that could succeed shall fail for no reason.
bool weak_exchange_fails() noexcept;

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
