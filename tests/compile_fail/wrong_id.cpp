// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: T has no work with this id: derive T from cmwq::work<T, Id>, or write CMWQ_HAS_WORK\(member\)
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job, 1> work;
    CMWQ_HAS_WORK(work);
    static void run(cmwq::work_id<1>, cmwq::arc<job>);
};

#ifdef CMWQ_CONTROL
void later(cmwq::queue& q, cmwq::arc<job> p) {
    (void)q.enqueue<1>(std::move(p));
}
#else
void later(cmwq::queue& q, cmwq::arc<job> p) {
    (void)q.enqueue<2>(std::move(p));
}
#endif
