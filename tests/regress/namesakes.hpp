// SPDX-License-Identifier: Apache-2.0
//
// Two sources that each have, for themselves, a class of the same name.
#pragma once

#include <string>

namespace namesakes {

/// What the items of the other source say when they run, in order.
std::string said_by_the_others();

}  // namespace namesakes
