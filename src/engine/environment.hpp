// SPDX-License-Identifier: Apache-2.0
//
// What a runtime can be told, in one table: the environment variable, the option it stands for, and the values it
// takes. The page for users is docs/reference/configuration.md; tools/dev/check_configuration.py compares the two.
#pragma once

#include "engine/engine_access.hpp"

#include <span>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// A setting of the runtime that the environment can change too.
struct tunable {
    const char* variable;
    const char* option;         ///< the member of runtime_options
    const char* takes;          ///< the values, in words
    const char* default_value;  ///< as one would write it

    /// False: the text is not understood, or its value out of range; `into` is unchanged.
    bool (*read)(const char* text, runtime_options& into) noexcept;
    bool (*in_range)(const runtime_options& given) noexcept;
    void (*reset)(runtime_options& given) noexcept;
};

std::span<const tunable> tunables() noexcept;

/// Puts what the environment says into `options`. A value that is out of range or not understood is told on stderr,
/// once per variable and process, and its option gets the default: whoever set it did not want what was there before.
void read_environment(runtime_options& options) noexcept;

/// The same for those options only that say "automatic": detection of blocking, saving of power.
void read_environment_for_automatic(runtime_options& options) noexcept;

/// Sets each option that is out of its range to the default, and reports it as misuse.
void correct_options(runtime_options& options, const call_site& where) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
