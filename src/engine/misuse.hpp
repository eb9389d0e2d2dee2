// SPDX-License-Identifier: Apache-2.0
//
// Broken contracts: one way to report them all.
#pragma once

#include "engine/engine_access.hpp"

#include <cmwq/misuse.hpp>

namespace cmwq {
inline namespace v1 {
namespace engine {

struct misuse_report {
    misuse_code code;
    const work_base* item = nullptr;
    const cmwq_queue* queue = nullptr;
    call_site where;
    const char* sentence = nullptr;  ///< null: the one that belongs to the code
};

/// Tells the misuse handler. Returns if the handler does: the caller then carries on in the way that misuse.hpp
/// documents.
void report(const misuse_report& found) noexcept;
/// In the child of a fork.
void renew_reports_after_fork() noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
