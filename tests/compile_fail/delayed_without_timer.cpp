// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: this work has no timer: declare it as cmwq::delayed_work<T, Id>
#include <cmwq/cmwq.hpp>

#include <chrono>

#ifdef CMWQ_CONTROL
struct job : cmwq::delayed_work<job> {
#else
struct job : cmwq::work<job> {
#endif
    static void run(job&);
};

void later(cmwq::queue& q, job& item) {
    q.enqueue_delayed(item, std::chrono::seconds{1});
}
