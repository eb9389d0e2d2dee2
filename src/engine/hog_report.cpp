// SPDX-License-Identifier: Apache-2.0
#include "engine/hog_report.hpp"

#include "engine/report_names.hpp"

#include <cinttypes>
#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace engine {

void hog_reports::violation(const work_class& kind, const char* queue_name, std::chrono::nanoseconds limit) noexcept {
    for (entry& known : entries_) {
        if (known.kind == nullptr) known.kind = &kind;
        if (known.kind != &kind) continue;
        if (!hog_count_is_reported(++known.count)) return;
        char line[256];
        std::snprintf(line, sizeof line,
                      "cmwq: item \"%s\" of queue \"%s\" has computed for more than %" PRId64 " ms %" PRIu64
                      " times; an unbound queue would suit it better",
                      name_of(kind), queue_name, std::int64_t{limit / std::chrono::milliseconds{1}}, known.count);
        platform::say(line);
        return;
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
