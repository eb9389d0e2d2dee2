// SPDX-License-Identifier: Apache-2.0
//
// Takes the reports of broken contracts instead of the default handler, while it exists.
#pragma once

#include <cmwq/cmwq.hpp>

#include <cstring>
#include <mutex>
#include <string>
#include <vector>

namespace support {

struct recorded_misuse {
    cmwq::misuse_code code;
    std::string sentence, item, queue, file, function;
    unsigned line;
};

class misuse_recorder {
public:
    misuse_recorder() : former_{cmwq::set_misuse_handler(&record)} { (void)take(); }
    ~misuse_recorder() { cmwq::set_misuse_handler(former_); }
    misuse_recorder(const misuse_recorder&) = delete;
    misuse_recorder& operator=(const misuse_recorder&) = delete;

    /// What came since the last call.
    static std::vector<recorded_misuse> take() {
        const std::lock_guard hold{lock};
        return std::exchange(reports, {});
    }

private:
    static void record(const cmwq::misuse& told) noexcept {
        const std::lock_guard hold{lock};
        reports.push_back(
            {told.code, told.sentence, told.item, told.queue, told.where.file, told.where.function, told.where.line});
    }

    static inline std::mutex lock;
    static inline std::vector<recorded_misuse> reports;
    cmwq::misuse_handler former_;
};

}  // namespace support
