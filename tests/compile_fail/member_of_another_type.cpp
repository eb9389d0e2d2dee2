// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: the member of CMWQ_HAS_WORK is the work of another class
#include <cmwq/cmwq.hpp>

struct other {
    cmwq::work<other> work;
    CMWQ_HAS_WORK(work);
    static void run(cmwq::arc<other>);
};

struct job {
#ifdef CMWQ_CONTROL
    cmwq::work<job> work;
#else
    cmwq::work<other> work;
#endif
    CMWQ_HAS_WORK(work);
    static void run(cmwq::arc<job>);
};

void later(cmwq::queue& q, cmwq::arc<job> p) {
    (void)q.enqueue(std::move(p));
}
