// SPDX-License-Identifier: Apache-2.0
//
// The output format of sha256sum, and names in messages.
#pragma once

#include "sha256.hpp"

#include <string>
#include <string_view>

namespace cmwq_sum {

/// Appends "<64 hexadecimal digits>  <name>\n". A name with a backslash, newline or carriage return is escaped, which a
/// backslash before the digits announces.
void append_line(std::string& out, const digest& sum, std::string_view name);

/// A name as it may be shown on a terminal: control characters become octal escapes, so that a file name cannot
/// move the cursor, and one message stays one line.
std::string printable(std::string_view name);

}  // namespace cmwq_sum
