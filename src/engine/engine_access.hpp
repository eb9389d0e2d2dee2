// SPDX-License-Identifier: Apache-2.0
//
// The engine's way into the public types: the one place that knows where an item keeps its word and its links.
#pragma once

#include "engine/locking.hpp"

#include <cmwq/detail/timer_part.hpp>
#include <cmwq/runtime.hpp>
#include <cmwq/work_base.hpp>

#include <cstdint>

namespace cmwq {
inline namespace v1 {
namespace detail {

struct engine_access {
    static std::uint64_t& word(work_base& item) noexcept { return item.state_; }
    static work_base*& next(work_base& item) noexcept { return item.next_; }
    static std::uintptr_t& prev_and_home(work_base& item) noexcept { return item.prev_and_home_; }
    static const work_class& kind(const work_base& item) noexcept { return *item.class_; }
    /// Of a delayed item only.
    static timer_part& timer(work_base& item) noexcept { return *reinterpret_cast<timer_part*>(&item + 1); }
    static owned_queue own(queue* made) noexcept { return owned_queue{made}; }
    static runtime::impl* impl(const runtime& of) noexcept { return of.impl_; }
    using runtime_impl = runtime::impl;

    /// A runtime that is constant-initialised and never destroyed.
    union lasting_runtime {
        constexpr explicit lasting_runtime(runtime::impl* impl) noexcept : value{impl} {}
        ~lasting_runtime() {}
        runtime value;
    };
};

}  // namespace detail

namespace engine {

using access = detail::engine_access;

/// Everything that a runtime owns (runtime_state.hpp).
using runtime_state = access::runtime_impl;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
