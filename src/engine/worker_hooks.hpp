// SPDX-License-Identifier: Apache-2.0
//
// The host program's functions around a worker's life, called on its thread.
#pragma once

#include "engine/runtime_state.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// While this exists, the calling thread runs items of the runtime.
class worker_hooks {
public:
    explicit worker_hooks(const runtime_state& runtime) noexcept : told_{runtime.options} {
        if (told_.on_worker_start != nullptr) told_.on_worker_start(told_.worker_hook_context);
    }
    ~worker_hooks() {
        platform::set_thread_slot(
            nullptr);  // the worker has run its last item: what the hook enqueues comes from outside
        if (told_.on_worker_stop != nullptr) told_.on_worker_stop(told_.worker_hook_context);
    }
    worker_hooks(const worker_hooks&) = delete;
    worker_hooks& operator=(const worker_hooks&) = delete;

private:
    const runtime_options& told_;
};

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
