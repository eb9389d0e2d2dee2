// SPDX-License-Identifier: Apache-2.0
//
// GCC took what is made for a member of a class in an anonymous namespace for the same in all sources that have a class
// and a member of these names: an item was looked for at the place of the other's member, the other's method was run.
// Both sources are compiled unoptimized: else the functions that were mixed up are inlined.
#include "regress/namesakes.hpp"

#include <cmwq/cmwq.hpp>

#include <gtest/gtest.h>

namespace {

struct namesake {
    using pointer = namesake*;
    std::string said;
    cmwq::work<namesake> work;
    CMWQ_HAS_WORK(work);
    static void run(namesake* self) { self->said += "work of the first"; }
    void method() { said += ", method of the first"; }
};

TEST(namesakes, of_two_sources_were_taken_for_each_other) {
    EXPECT_EQ(namesakes::said_by_the_others(), "work of the second, method of the second");
    namesake mine;
    cmwq::bound_work<&namesake::method> bound{cmwq::system(), &mine};
    ASSERT_TRUE(cmwq::system().enqueue(mine));
    cmwq::system().flush();
    ASSERT_TRUE(bound.enqueue());
    cmwq::system().flush();
    EXPECT_EQ(mine.said, "work of the first, method of the first");
}

}  // namespace
