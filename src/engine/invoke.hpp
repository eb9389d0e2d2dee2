// SPDX-License-Identifier: Apache-2.0
//
// Calls an item's function and catches what leaves it. An exception that leaves a work function goes to the runtime's
// handler; it never unwinds the worker.
#pragma once

#include "engine/engine_access.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// The runtime's policy: its handler, or print and std::terminate. Called inside a catch clause.
void exception_left_item(const work_class& kind, cmwq_queue& queue) noexcept;

inline void invoke(const work_class& kind, work_base& item, cmwq_queue& queue) noexcept {
#if defined(__cpp_exceptions)
    try {
        kind.run(&item);
    } catch (...) {
        exception_left_item(kind, queue);
    }
#else
    (void)queue;
    kind.run(&item);
#endif
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
