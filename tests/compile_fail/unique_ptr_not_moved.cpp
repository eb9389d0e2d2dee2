// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: this owner can only be moved: write q.enqueue\(std::move\(p\)\)
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
    static void run(std::unique_ptr<job>);
};

#ifdef CMWQ_CONTROL
void later(cmwq::queue& q, std::unique_ptr<job> p) {
    (void)q.enqueue(std::move(p));
}
#else
void later(cmwq::queue& q, std::unique_ptr<job> p) {
    (void)q.enqueue(p);
}
#endif
