// SPDX-License-Identifier: Apache-2.0
// expect: nodiscard
#include <cmwq/cmwq.hpp>

void make() {
#ifdef CMWQ_CONTROL
    auto log = cmwq::make_queue(cmwq::ordered{.name = "log"});
#else
    cmwq::make_queue(cmwq::ordered{.name = "log"});
#endif
}
