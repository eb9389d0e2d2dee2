// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: T has no function for this work: add static void run\(P\), or with several works static void
// run\(cmwq::work_id<Id>, P\)
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job, 1> work;
    CMWQ_HAS_WORK(work);
#ifdef CMWQ_CONTROL
    static void run(cmwq::work_id<1>, cmwq::arc<job>);
#else
    static void run(cmwq::arc<job>);
#endif
};

void later(cmwq::queue& q, cmwq::arc<job> p) {
    (void)q.enqueue<1>(std::move(p));
}
