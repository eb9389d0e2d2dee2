// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: T has no work with this id: derive T from cmwq::work<T, Id>, or write CMWQ_HAS_WORK\(member\)
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
#ifdef CMWQ_CONTROL
    CMWQ_HAS_WORK(work);
#endif
    static void run(cmwq::arc<job>);
};

void later(cmwq::queue& q, cmwq::arc<job> p) {
    (void)q.enqueue(std::move(p));
}
