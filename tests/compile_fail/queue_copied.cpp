// SPDX-License-Identifier: Apache-2.0
// expect: deleted function|deleted constructor
#include <cmwq/cmwq.hpp>

#ifdef CMWQ_CONTROL
void use(cmwq::queue& q) {
    q.flush();
}
#else
void use(cmwq::queue& q) {
    cmwq::queue copy = q;
    copy.flush();
}
#endif
