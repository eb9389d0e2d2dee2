// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: enqueue takes an owner \(arc<T>, std::unique_ptr<T>, ...\) or an item by reference, which outlives its
// run
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
    static void run(job&);
};

void later(cmwq::queue& q) {
#ifdef CMWQ_CONTROL
    static job item;
    q.enqueue(item);
#else
    q.enqueue(job{});
#endif
}
