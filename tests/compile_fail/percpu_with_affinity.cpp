// SPDX-License-Identifier: Apache-2.0
// expect: affinity
#include <cmwq/cmwq.hpp>

#ifdef CMWQ_CONTROL
cmwq::owned_queue make() {
    return cmwq::make_queue(cmwq::unbound{.name = "scan", .affinity = cmwq::affinity_scope::numa});
}
#else
cmwq::owned_queue make() {
    return cmwq::make_queue(cmwq::percpu{.name = "scan", .affinity = cmwq::affinity_scope::numa});
}
#endif
