// SPDX-License-Identifier: Apache-2.0
// expect: nodiscard
#include <cmwq/cmwq.hpp>

void later(cmwq::queue& q) {
#ifdef CMWQ_CONTROL
    (void)q.try_spawn([] {});
#else
    q.try_spawn([] {});
#endif
}
