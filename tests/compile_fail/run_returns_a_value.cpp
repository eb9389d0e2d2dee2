// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: T has no function for this work: add static void run\(P\)
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
#ifdef CMWQ_CONTROL
    static void run(job&);
#else
    static int run(job&);
#endif
};

void later(cmwq::queue& q, job& item) {
    q.enqueue(item);
}
