// SPDX-License-Identifier: Apache-2.0
// expect: deleted function|deleted constructor|implicitly-deleted copy constructor
#include <cmwq/cmwq.hpp>

struct job : cmwq::work<job> {
    static void run(cmwq::arc<job>);
};

#ifdef CMWQ_CONTROL
cmwq::arc<job> copy(const cmwq::arc<job>& from) {
    return from;
}
#else
job copy(const job& from) {
    return from;
}
#endif
