// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: enqueue was given another pointer type than T::run takes for this work
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
    static void run(cmwq::arc<job>);
};

void later(cmwq::queue& q) {
#ifdef CMWQ_CONTROL
    (void)q.enqueue(cmwq::make_arc<job>());
#else
    (void)q.enqueue(std::make_unique<job>());
#endif
}
