// SPDX-License-Identifier: Apache-2.0
#include "regress/namesakes.hpp"

#include <cmwq/cmwq.hpp>

namespace {

struct namesake {
    using pointer = namesake*;
    char before[64] = {};
    cmwq::work<namesake> work;
    CMWQ_HAS_WORK(work);
    std::string said;
    static void run(namesake* self) { self->said += "work of the second"; }
    void method() { said += ", method of the second"; }
};

}  // namespace

std::string namesakes::said_by_the_others() {
    namesake others;
    cmwq::bound_work<&namesake::method> bound{cmwq::system(), &others};
    const bool both = cmwq::system().enqueue(others);
    cmwq::system().flush();
    if (!both || !bound.enqueue()) return "refused";
    cmwq::system().flush();
    return others.said;
}
