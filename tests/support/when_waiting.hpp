// SPDX-License-Identifier: Apache-2.0
//
// To act while somebody waits, without guessing how long it takes until he does.
#pragma once

#include "support/patience.hpp"
#include "support/tasks.hpp"

#include <atomic>
#include <thread>

namespace support {

/// Does something as soon as the thread that made it waits in the kernel. Its maker goes straight on to what he waits
/// in; ends when the thing is done.
class when_maker_waits {
public:
    template <class Action>
    explicit when_maker_waits(Action act)
        : thread_{[this, act, maker = calling_task()] {
              (void)eventually([&] { return is_made_ && is_waiting(maker); });
              act();
          }} {
        is_made_ = true;  // what its maker waited for until here was the making
    }

private:
    std::atomic<bool> is_made_{false};
    std::jthread thread_;
};

}  // namespace support
