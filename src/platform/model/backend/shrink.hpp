// SPDX-License-Identifier: Apache-2.0
//
// Model backend: a failing run made small.
#pragma once

#include "model.hpp"

#include <functional>
#include <string>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

/// Runs that look for a smaller one, at most.
constexpr int most_trials = 2'000;

/// A run of `body` that fails as `failure` does, by `how`, and makes few switches of threads. Its `failed` is false if
/// none was found: then the failure hangs on more than the order of the steps.
/// `switches`: those of the run that is returned.
outcome shrink(options how, const outcome& failure, const std::function<void()>& body,
               std::vector<thread_switch>& switches);

/// "1.45>3,3.7>2": after its 45th decision thread 1 gives way to thread 3, …
std::string text_of(const std::vector<thread_switch>& switches);
/// The reverse. False: that is no such text.
bool read_switches(const char* text, std::vector<thread_switch>& switches);

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
