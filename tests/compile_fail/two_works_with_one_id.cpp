// SPDX-License-Identifier: Apache-2.0
// expect: cannot be overloaded|class member cannot be redeclared|cannot be redeclared|functions that differ only in
// their return type
#include <cmwq/cmwq.hpp>

struct job {
    cmwq::work<job, 1> first;
#ifdef CMWQ_CONTROL
    cmwq::work<job, 2> second;
#else
    cmwq::work<job, 1> second;
#endif
    CMWQ_HAS_WORK(first);
    CMWQ_HAS_WORK(second);
};
