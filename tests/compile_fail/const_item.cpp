// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: a const item cannot be enqueued: the run may change it
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
    static void run(job&);
};

#ifdef CMWQ_CONTROL
void later(cmwq::queue& q, job& item) {
    q.enqueue(item);
}
#else
void later(cmwq::queue& q, const job& item) {
    q.enqueue(item);
}
#endif
