// SPDX-License-Identifier: Apache-2.0
// expect: cmwq: the item would be deleted as its base class, which has no virtual destructor
#include <cmwq/cmwq.hpp>

struct base : cmwq::work<base> {
#ifdef CMWQ_CONTROL
    virtual
#endif
        ~base() = default;
    static void run(std::unique_ptr<base>);
};

struct derived : base {};

void later(cmwq::queue& q) {
    (void)q.enqueue(std::make_unique<derived>());
}
