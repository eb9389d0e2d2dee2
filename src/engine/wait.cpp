// SPDX-License-Identifier: Apache-2.0
#include "engine/wait.hpp"

#include "engine/concurrency.hpp"

#include <algorithm>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

constexpr std::chrono::nanoseconds first_look = std::chrono::milliseconds{10};

}  // namespace

void wait_for(platform::parker& done, runtime_state* runtime) noexcept {
    blocked_inside_library blocked;
    while (runtime != nullptr && !runtime->dog.has_thread()) {
        if (done.park_until(platform::now() + first_look)) return;
        if (!runtime->dog.tick()) break;
        runtime->dog.arm();
    }
    done.park();
}

bool wait_until(platform::parker& done, runtime_state* runtime, std::chrono::nanoseconds end) noexcept {
    if (end == std::chrono::nanoseconds::max()) {
        wait_for(done, runtime);
        return true;
    }
    blocked_inside_library blocked;
    while (runtime != nullptr && !runtime->dog.has_thread()) {
        if (done.park_until(std::min(end, platform::now() + first_look))) return true;
        if (platform::now() >= end) return false;
        if (!runtime->dog.tick()) break;
        runtime->dog.arm();
    }
    return done.park_until(end);
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
