// SPDX-License-Identifier: Apache-2.0
#include <cmwq/cmwq.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace {

using cmwq::has_work;
using cmwq::work;
using cmwq::work_of;

struct with_member {
    int before = 1;
    work<with_member> item;
    CMWQ_HAS_WORK(item);
    int after = 2;
    static void run(with_member&) {}
};

class all_private {
    int before_ = 1;
    work<all_private> item_;
    CMWQ_HAS_WORK(item_);
    static void run(all_private& self) { ++self.before_; }
};

struct with_base : work<with_base> {
    static void run(with_base&) {}
};

struct two_members {
    work<two_members, 1> first;
    work<two_members, 2> second;
    CMWQ_HAS_WORK(first);
    CMWQ_HAS_WORK(second);
    static void run(cmwq::work_id<1>, two_members&) {}
    static void run(cmwq::work_id<2>, std::unique_ptr<two_members>) {}
};

struct member_and_bases : work<member_and_bases>, work<member_and_bases, 1> {
    work<member_and_bases, 7> third;
    CMWQ_HAS_WORK(third);
    static void run(member_and_bases&) {}
    static void run(cmwq::work_id<1>, member_and_bases&) {}
    static void run(cmwq::work_id<7>, member_and_bases&) {}
};

struct with_virtuals {
    virtual ~with_virtuals() = default;
    int before = 0;
    mutable work<with_virtuals> item;
    CMWQ_HAS_WORK(item);
    static void run(with_virtuals&) {}
};

struct with_virtual_base : virtual with_base {
    int before = 0;
    work<with_virtual_base, 3> item;
    CMWQ_HAS_WORK(item);
    static void run(cmwq::work_id<3>, with_virtual_base&) {}
};

template <class U, int N>
struct templated {
    U before[N];
    work<templated> item;
    CMWQ_HAS_WORK(item);
    static void run(templated*) {}
};

struct alignas(64) over_aligned {
    char before = 0;
    work<over_aligned> item;
    CMWQ_HAS_WORK(item);
    static void run(over_aligned&) {}
    over_aligned* operator&() = delete;
};

struct without_macro {
    int before = 0;
    work<without_macro> item;
    static void run(without_macro&) {}
};

struct derived : with_virtuals {
    int more = 0;
};

struct held_member {
    int before = 0;
    cmwq::shared_work<held_member> item;
    CMWQ_HAS_WORK(item);
    static void run(std::shared_ptr<held_member>) {}
};

struct held_base : cmwq::shared_work<held_base> {
    static void run(std::shared_ptr<held_base>) {}
};

struct no_work_at_all {};

}  // namespace

template <>
struct cmwq::has_work<without_macro> : cmwq::from_member<&without_macro::item> {};

namespace {

static_assert(sizeof(work<with_member>) == 32 && sizeof(cmwq::shared_work<held_member>) == 72);
static_assert(std::is_aggregate_v<with_member> && std::is_aggregate_v<two_members>);
static_assert(!std::is_copy_constructible_v<with_member> && !std::is_move_constructible_v<with_member>);
static_assert(!std::is_copy_assignable_v<with_base> && !std::is_move_assignable_v<with_base>);

static_assert(cmwq::work_item<with_member> && cmwq::work_item<all_private> && cmwq::work_item<with_base>);
static_assert(cmwq::work_item<two_members, 1> && cmwq::work_item<two_members, 2> && !cmwq::work_item<two_members>);
static_assert(cmwq::work_item<member_and_bases> && cmwq::work_item<member_and_bases, 7>);
static_assert(cmwq::work_item<templated<int, 3>> && cmwq::work_item<without_macro>);
static_assert(!has_work<no_work_at_all>::value && !cmwq::work_item<no_work_at_all> && !cmwq::work_item<int>);

static_assert(std::is_same_v<cmwq::item_pointer_t<two_members, 1>, two_members&>);
static_assert(std::is_same_v<cmwq::item_pointer_t<two_members, 2>, std::unique_ptr<two_members>>);
static_assert(std::is_same_v<has_work<derived>::item_type, with_virtuals>);
static_assert(std::is_same_v<has_work<held_base>::work_type, cmwq::shared_work<held_base>>);

template <class T, std::uint64_t Id>
struct form {
    using type = T;
    static constexpr std::uint64_t id = Id;
};

template <class Form>
class has_work_of_each_form : public testing::Test {};

using forms = testing::Types<form<with_member, 0>, form<all_private, 0>, form<with_base, 0>, form<two_members, 1>,
                             form<two_members, 2>, form<member_and_bases, 0>, form<member_and_bases, 1>,
                             form<member_and_bases, 7>, form<with_virtuals, 0>, form<with_virtual_base, 3>,
                             form<templated<char, 5>, 0>, form<over_aligned, 0>, form<without_macro, 0>,
                             form<held_member, 0>, form<held_base, 0>>;
TYPED_TEST_SUITE(has_work_of_each_form, forms);

TYPED_TEST(has_work_of_each_form, conversions_are_inverse) {
    using conversions = has_work<typename TypeParam::type, TypeParam::id>;
    typename TypeParam::type object{};
    cmwq::work_base* const item = conversions::to_work(std::addressof(object));
    EXPECT_EQ(conversions::to_item(item), std::addressof(object));
}

TYPED_TEST(has_work_of_each_form, work_lies_inside_its_object) {
    typename TypeParam::type object{};
    const auto* const begin = reinterpret_cast<const char*>(std::addressof(object));
    const auto* const item = reinterpret_cast<const char*>(std::addressof(work_of<TypeParam::id>(object)));
    EXPECT_GE(item, begin);
    EXPECT_LE(item + sizeof(cmwq::work_base), begin + sizeof object);
}

TYPED_TEST(has_work_of_each_form, new_work_is_idle) {
    typename TypeParam::type object{};
    EXPECT_FALSE(work_of<TypeParam::id>(object).pending());
    EXPECT_FALSE(work_of<TypeParam::id>(object).busy());
}

TEST(has_work_test, members_are_found_by_their_id) {
    two_members object;
    EXPECT_EQ(&work_of<1>(object), &object.first);
    EXPECT_EQ(&work_of<2>(object), &object.second);
}

TEST(has_work_test, derived_class_has_the_work_of_its_base) {
    derived object;
    with_virtuals* const base = has_work<derived>::to_item(&work_of(object));
    EXPECT_EQ(base, &object);
}

struct named {
    work<named> item{"first name"};
    CMWQ_HAS_WORK(item);
    named() = default;
    explicit named(int) : item{"second name"} {}
    static void run(named&) {}
};

struct a_class_whose_name_is_much_too_long_for_us {
    work<a_class_whose_name_is_much_too_long_for_us> item;
    CMWQ_HAS_WORK(item);
    static void run(a_class_whose_name_is_much_too_long_for_us&) {}
};

bool ends_with(std::string_view text, std::string_view end) {
    return text.ends_with(end);
}

TEST(has_work_test, default_name_is_class_and_member) {
    with_member object;
    EXPECT_PRED2(ends_with, object.item.name(), "with_member::item");
}

TEST(has_work_test, default_name_of_a_base_is_the_class_and_its_id) {
    with_base one;
    EXPECT_PRED2(ends_with, one.name(), "with_base");
    member_and_bases object;
    EXPECT_PRED2(ends_with, work_of<1>(object).name(), "member_and_bases/1");
    EXPECT_PRED2(ends_with, work_of<7>(object).name(), "member_and_bases::third");
}

TEST(has_work_test, long_default_name_keeps_its_end) {
    a_class_whose_name_is_much_too_long_for_us object;
    EXPECT_PRED2(ends_with, object.item.name(), "item");
    EXPECT_LE(std::string{object.item.name()}.size(), 31U);
}

TEST(has_work_test, first_given_name_stays) {
    named first;
    named second{2};
    EXPECT_STREQ(first.item.name(), "first name");
    EXPECT_STREQ(second.item.name(), "first name");
}

TEST(has_work_test, item_can_be_initialised_at_compile_time) {
    static constinit with_member object;
    EXPECT_FALSE(object.item.pending());
    EXPECT_PRED2(ends_with, object.item.name(), "with_member::item");
}

}  // namespace
