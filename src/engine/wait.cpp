// SPDX-License-Identifier: Apache-2.0
#include "engine/wait.hpp"

#include "engine/concurrency.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {
constexpr std::chrono::nanoseconds first_look = std::chrono::milliseconds{10};
}

void wait_for(platform::parker& done, runtime_state* runtime) noexcept {
    blocked_inside_library blocked;
    while (runtime != nullptr && !runtime->dog.has_thread()) {
        if (done.park_until(platform::now() + first_look)) return;
        if (!runtime->dog.tick()) break;
        runtime->dog.arm();
    }
    done.park();
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
