// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: try_spawn takes a function that can be called without arguments
#include <cmwq/cmwq.hpp>

void later(cmwq::queue& q) {
#ifdef CMWQ_CONTROL
    (void)q.try_spawn([] {});
#else
    (void)q.try_spawn([](int) {});
#endif
}
