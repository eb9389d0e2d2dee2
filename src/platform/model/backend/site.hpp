// SPDX-License-Identifier: Apache-2.0
//
// Model backend: where in the sources an ordered operation stands, so that a run can weaken its order
// (options::weaken).
#pragma once

#include "backend/here.hpp"
#include "model.hpp"

#include <atomic>
#include <string>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

struct site {
    const char* file = "";
    unsigned line = 0;

    /// The place of the call, when used as a default argument.
    static constexpr site current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) noexcept {
        return {file, line};
    }
};

/// What an order is for: of a compare-exchange that fails, or of everything else.
enum class role : unsigned char { access, failure };

std::memory_order order_in_weak_run(std::memory_order own, site where, role what) noexcept;

/// The order that the operation has in this run: its own, or a weaker one as options::weaken says. Notes that the site
/// was reached.
CMWQ_MODEL_UNREPORTED inline std::memory_order order_here(std::memory_order own, site where,
                                                          role what = role::access) noexcept {
    if (weak_memory_of_caller() == nullptr || own == std::memory_order_relaxed) return own;
    return order_in_weak_run(own, where, what);
}
/// Is the fence at this place there in this run? Notes that the site was reached.
bool fence_stands_here(site where) noexcept;

/// FILE:FIRST-LAST:ORDER[:failure]; anything else ends the process.
weakening read_weakening(const char* text);

/// The ordered operations that runs with weak memory came by, as "file:line", since the last call.
std::vector<std::string> take_sites_reached();

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
