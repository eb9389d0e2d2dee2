// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: T::run takes a type that is no pointer to an item
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
#ifdef CMWQ_CONTROL
    static void run(job*);
#else
    static void run(int);
#endif
};

void later(cmwq::queue& q, job& item) {
    q.enqueue(item);
}
