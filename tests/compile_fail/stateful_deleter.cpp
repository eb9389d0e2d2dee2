// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: this pointer cannot be made from the address alone \(a unique_ptr has a stateful deleter\)
#include <cmwq/cmwq.hpp>

struct job;

struct deleter {
    void operator()(job* item) const;
    void* heap = nullptr;
};

struct job {
    using pointer = std::unique_ptr<job, deleter>;
#ifdef CMWQ_CONTROL
    cmwq::holding<cmwq::work<job>, pointer> work;
#else
    cmwq::work<job> work;
#endif
    CMWQ_HAS_WORK(work);
    static void run(pointer);
};

void later(cmwq::queue& q, job::pointer p) {
    (void)q.enqueue(std::move(p));
}
