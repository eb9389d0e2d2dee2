// SPDX-License-Identifier: Apache-2.0
#include "engine/report_names.hpp"

#include "engine/registry.hpp"

#include <cstring>

namespace cmwq {
inline namespace v1 {
namespace engine {

const char* name_of(const work_class& kind) noexcept {
    const char* given = kind.name.load(memory_order_relaxed);
    return given != nullptr ? given : kind.default_name;
}

queue_name name_of_queue(queue_id id) noexcept {
    queue_name copy;
    if (cmwq_queue* queue = registry::instance().pin_queue(id)) {
        std::memcpy(copy.text, queue->name, sizeof copy.text);
        registry::instance().unpin_queue(*queue);
    }
    return copy;
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
