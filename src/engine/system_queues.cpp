// SPDX-License-Identifier: Apache-2.0
//
// The standard runtime and its seven queues: constant-initialised, never destroyed, so that static constructors and
// destructors may use them.
#include "engine/runtime_state.hpp"

#include <cmwq/system_queues.hpp>

#include <type_traits>

namespace cmwq {
inline namespace v1 {

namespace {

extern engine::system_queue_set standard_queues;
constinit engine::access::runtime_impl standard_impl{&standard_queues};
constinit engine::system_queue_set standard_queues{&standard_impl};
constinit engine::access::lasting_runtime standard_runtime{&standard_impl};

// The compiler checks half of the promise (constinit); this is the other half: no destructor that could run too early.
static_assert(std::is_trivially_destructible_v<engine::system_queue_set>);
static_assert(std::is_trivially_destructible_v<engine::access::runtime_impl>);

}  // namespace

runtime& runtime::standard() noexcept {
    return standard_runtime.value;
}

queue& runtime::system() noexcept {
    return impl_->queues->system;
}
queue& runtime::system_highpri() noexcept {
    return impl_->queues->highpri;
}
queue& runtime::system_long() noexcept {
    return impl_->queues->longer;
}
queue& runtime::system_unbound() noexcept {
    return impl_->queues->unbound;
}
queue& runtime::system_freezable() noexcept {
    return impl_->queues->freezable;
}
queue& runtime::system_power_efficient() noexcept {
    return impl_->queues->power_efficient;
}
queue& runtime::system_freezable_power_efficient() noexcept {
    return impl_->queues->freezable_power_efficient;
}

queue& system() noexcept {
    return standard_queues.system;
}
queue& system_highpri() noexcept {
    return standard_queues.highpri;
}
queue& system_long() noexcept {
    return standard_queues.longer;
}
queue& system_unbound() noexcept {
    return standard_queues.unbound;
}
queue& system_freezable() noexcept {
    return standard_queues.freezable;
}
queue& system_power_efficient() noexcept {
    return standard_queues.power_efficient;
}
queue& system_freezable_power_efficient() noexcept {
    return standard_queues.freezable_power_efficient;
}

}  // namespace v1
}  // namespace cmwq
