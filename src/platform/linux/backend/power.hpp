// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: does the machine want to save power?
#pragma once

namespace cmwq {
inline namespace v1 {
namespace platform {

/// True on battery, or where the firmware's profile says "low-power"; false where it says "performance", and on
/// machines that have neither. Reads a few files below `root` (tests give another one); some ten microseconds.
bool saves_power(const char* root = "/sys") noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
