// SPDX-License-Identifier: Apache-2.0
// expect: parent
#include <cmwq/cmwq.hpp>

#ifdef CMWQ_CONTROL
cmwq::owned_queue make(cmwq::queue& io) {
    return cmwq::make_queue(cmwq::unbound{.name = "slow io", .parent = &io});
}
#else
cmwq::owned_queue make(cmwq::queue& io) {
    return cmwq::make_queue(cmwq::percpu{.name = "slow io", .parent = &io});
}
#endif
