// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <system_error>

namespace cmwq_sum {

/// Stands beside the errno values: the directory listed a regular file, and when it was opened it was something else.
constexpr int not_regular = -1;

/// Safe on any thread, which strerror is not.
inline std::string error_text(int code) {
    return code == not_regular ? "no longer a regular file" : std::generic_category().message(code);
}

}  // namespace cmwq_sum
