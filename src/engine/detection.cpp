// SPDX-License-Identifier: Apache-2.0
#include "engine/detection.hpp"

#include "engine/runtime_state.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

constexpr const char* variable = "CMWQ_BLOCK_DETECT";

detection_tier from_option(block_detection asked) noexcept {
    switch (asked) {
    case block_detection::automatic: return detection_tier::unknown;
    case block_detection::canary: return detection_tier::canary;
    case block_detection::batch_canary: return detection_tier::batch_canary;
    case block_detection::watchdog: return detection_tier::watchdog;
    case block_detection::off: return detection_tier::off;
    }
    return detection_tier::unknown;
}

detection_tier from_environment() noexcept {
    const char* text = std::getenv(variable);
    if (text == nullptr || std::strcmp(text, "auto") == 0) return detection_tier::unknown;
    if (std::strcmp(text, "canary") == 0) return detection_tier::canary;
    if (std::strcmp(text, "batch") == 0) return detection_tier::batch_canary;
    if (std::strcmp(text, "watchdog") == 0) return detection_tier::watchdog;
    if (std::strcmp(text, "off") == 0) return detection_tier::off;
    std::fprintf(stderr, "cmwq: %s is \"%s\"; it takes auto, canary, batch, watchdog or off; auto is used\n", variable,
                 text);
    return detection_tier::unknown;
}

detection_tier by_trial(int cpu) noexcept {
    if (platform::detects_blocks(platform::thread_policy::idle, cpu)) return detection_tier::canary;
    if (platform::detects_blocks(platform::thread_policy::batch, cpu)) return detection_tier::batch_canary;
    return detection_tier::watchdog;
}

}  // namespace

detection_tier choose_detection_tier(const runtime_state& runtime, int cpu) noexcept {
    const detection_tier asked = from_option(runtime.options.detect);
    if (asked != detection_tier::unknown) return asked;
    const detection_tier told = from_environment();
    if (told != detection_tier::unknown) return told;
    static constinit mutex lock;
    static constinit detection_tier found = detection_tier::unknown;
    locked hold{lock};
    if (found == detection_tier::unknown) found = by_trial(cpu);
    return found;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
