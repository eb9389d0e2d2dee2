// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: a pointer to const cannot be enqueued: the run may change the item
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
    static void run(cmwq::arc<job>);
};

#ifdef CMWQ_CONTROL
void later(cmwq::queue& q, cmwq::arc<job> p) {
    (void)q.enqueue(std::move(p));
}
#else
void later(cmwq::queue& q, cmwq::arc<const job> p) {
    (void)q.enqueue(std::move(p));
}
#endif
