// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: T::run takes a pointer to another class than T
#include <cmwq/cmwq.hpp>

struct other;

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
#ifdef CMWQ_CONTROL
    static void run(cmwq::arc<job>);
#else
    static void run(cmwq::arc<other>);
#endif
};

void later(cmwq::queue& q, cmwq::arc<job> p) {
    (void)q.enqueue(std::move(p));
}
