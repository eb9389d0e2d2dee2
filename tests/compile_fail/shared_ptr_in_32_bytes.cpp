// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: a shared_ptr does not fit a 32-byte work: declare the member as cmwq::shared_work<T, Id>
#include <cmwq/cmwq.hpp>

struct job {
#ifdef CMWQ_CONTROL
    cmwq::shared_work<job> work;
#else
    cmwq::work<job> work;
#endif
    CMWQ_HAS_WORK(work);
    static void run(std::shared_ptr<job>);
};

void later(cmwq::queue& q, std::shared_ptr<job> p) {
    (void)q.enqueue(std::move(p));
}
