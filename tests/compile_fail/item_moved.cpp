// SPDX-License-Identifier: Apache-2.0
// expect: deleted function|deleted constructor|implicitly-deleted (copy|move) constructor
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
    static void run(std::unique_ptr<job>);
};

#ifdef CMWQ_CONTROL
std::unique_ptr<job> move(std::unique_ptr<job> from) {
    return from;
}
#else
job move(job& from) {
    return std::move(from);
}
#endif
