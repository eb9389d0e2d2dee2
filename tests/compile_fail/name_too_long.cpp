// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: a name has at most 31 characters
#include <cmwq/cmwq.hpp>

struct job {
#ifdef CMWQ_CONTROL
    cmwq::work<job> work{"1234567890123456789012345678901"};
#else
    cmwq::work<job> work{"12345678901234567890123456789012"};
#endif
    CMWQ_HAS_WORK(work);
    static void run(job&);
};

job item;
