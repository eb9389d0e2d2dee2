// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: T has no function for this work: add static void run\(P\)
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
#ifdef CMWQ_CONTROL
    static void run(cmwq::arc<job>);
#endif
};

void later(cmwq::queue& q, cmwq::arc<job> p) {
    (void)q.enqueue(std::move(p));
}
