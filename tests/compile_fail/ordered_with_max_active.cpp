// SPDX-License-Identifier: Apache-2.0
// expect: max_active
#include <cmwq/cmwq.hpp>

#ifdef CMWQ_CONTROL
cmwq::owned_queue make() {
    return cmwq::make_queue(cmwq::ordered{.name = "log"});
}
#else
cmwq::owned_queue make() {
    return cmwq::make_queue(cmwq::ordered{.name = "log", .max_active = 4});
}
#endif
