// SPDX-License-Identifier: Apache-2.0
//
// The place of a call, for reports that name the caller's line and not one inside the library.
#pragma once

#include <cmwq/fwd.hpp>

namespace cmwq {
inline namespace v1 {

/// Where the caller stands: what a misuse report names. A type of our own, because Clang 14 has no
/// std::source_location. Every function that can report misuse takes one as its last argument, filled in by the
/// compiler; pass your own on when you wrap such a function:
///
///     void later(cmwq::queue& q, arc<job> j, cmwq::call_site where = cmwq::call_site::current());
struct call_site {
    const char* file = "";      ///< Never null; lives as long as the program.
    const char* function = "";  ///< Never null; lives as long as the program.
    unsigned line = 0;          ///< From 1; 0 when unknown.

    /// The place of the call, when used as a default argument as above. Leave the arguments alone.
    static constexpr call_site current(const char* file = __builtin_FILE(), const char* function = __builtin_FUNCTION(),
                                       unsigned line = __builtin_LINE()) noexcept {
        return {file, function, line};
    }
};

}  // namespace v1
}  // namespace cmwq
