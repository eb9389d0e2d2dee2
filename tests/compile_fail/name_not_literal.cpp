// SPDX-License-Identifier: Apache-2.0
// expect: no matching (function|constructor)
#include <cmwq/cmwq.hpp>

struct job : cmwq::work<job> {
    static void run(job&);
    job() = default;
#ifdef CMWQ_CONTROL
    job(int, const char*) : cmwq::work<job>{"job"} {}
#else
    job(int, const char* name) : cmwq::work<job>{name} {}
#endif
};
