// SPDX-License-Identifier: Apache-2.0
//
// Something that items and threads wait at, by blocking in the kernel.
#pragma once

#include "support/patience.hpp"

#include <condition_variable>
#include <mutex>

namespace support {

class gate {
public:
    void open() {
        const std::lock_guard hold{lock_};
        is_open_ = true;
        opened_.notify_all();  // under the lock: whoever waited may end the gate's life at once
    }

    /// False: nobody opened it within patience().
    bool pass() {
        std::unique_lock hold{lock_};
        return opened_.wait_for(hold, patience(), [this] { return is_open_; });
    }

    bool is_open() {
        const std::lock_guard hold{lock_};
        return is_open_;
    }

private:
    std::mutex lock_;
    std::condition_variable opened_;
    bool is_open_ = false;
};

/// Opens when it was counted down to zero.
class countdown {
public:
    explicit countdown(int from) : left_{from} {}

    void count_down() {
        const std::lock_guard hold{lock_};
        if (--left_ == 0) {
            zero_.notify_all();
        }
    }

    /// False: it did not come to zero within patience().
    bool wait() {
        std::unique_lock hold{lock_};
        return zero_.wait_for(hold, patience(), [this] { return left_ <= 0; });
    }

private:
    std::mutex lock_;
    std::condition_variable zero_;
    int left_;
};

}  // namespace support
