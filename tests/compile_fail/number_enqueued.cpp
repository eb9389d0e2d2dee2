// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: enqueue takes an owner \(arc<T>, std::unique_ptr<T>, ...\) or an item by reference, which outlives its
// run
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
void later(cmwq::queue& q, int& item) {
    q.enqueue(item);
}
#endif
