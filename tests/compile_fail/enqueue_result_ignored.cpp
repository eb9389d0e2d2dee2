// SPDX-License-Identifier: Apache-2.0
// expect: nodiscard
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
    static void run(std::unique_ptr<job>);
};

void later(cmwq::queue& q, std::unique_ptr<job> p) {
#ifdef CMWQ_CONTROL
    (void)q.enqueue(std::move(p));
#else
    q.enqueue(std::move(p));
#endif
}
