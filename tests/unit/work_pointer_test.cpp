// SPDX-License-Identifier: Apache-2.0
//
// Every pointer type that carries items: it arrives, it comes back when refused, and it is let go once.
#include <cmwq/cmwq.hpp>

#include "unit/held_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <type_traits>
#include <utility>

namespace {

using unit::tracked;

// ---- pointer types that cmwq does not know ----

/// The object counts its own references; told to cmwq below.
template <class T>
class counted_ptr {
public:
    counted_ptr() noexcept = default;
    explicit counted_ptr(T* object) noexcept : object_{object} {}
    counted_ptr(const counted_ptr& other) noexcept : object_{other.object_} { ++object_->references; }
    counted_ptr(counted_ptr&& other) noexcept : object_{other.detach()} {}
    counted_ptr& operator=(counted_ptr other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~counted_ptr() {
        if (object_ != nullptr && --object_->references == 0) {
            delete object_;
        }
    }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }
    T* detach() noexcept { return std::exchange(object_, nullptr); }

private:
    T* object_ = nullptr;
};

struct empty_deleter {
    template <class T>
    void operator()(T* object) const {
        delete object;
    }
};

struct counting_deleter {
    template <class T>
    void operator()(T* object) const {
        ++*calls;
        delete object;
    }
    std::atomic<int>* calls = nullptr;
};

}  // namespace

template <class T>
struct cmwq::work_pointer_traits<counted_ptr<T>> {
    using element_type = T;
    static T* into_raw(counted_ptr<T>&& p) noexcept { return p.detach(); }
    static counted_ptr<T> from_raw(T* p) noexcept { return counted_ptr<T>{p}; }
};

namespace {

static_assert(cmwq::owning_pointer<cmwq::arc<tracked>> && cmwq::owning_pointer<std::unique_ptr<tracked>>);
static_assert(cmwq::owning_pointer<std::shared_ptr<tracked>> && cmwq::owning_pointer<counted_ptr<tracked>>);
static_assert(cmwq::work_pointer<tracked*> && !cmwq::owning_pointer<tracked*>);
static_assert(!cmwq::work_pointer<tracked> && !cmwq::work_pointer<std::unique_ptr<tracked[]>>);
static_assert(std::is_same_v<cmwq::enqueue_output<tracked*>, bool> &&
              std::is_same_v<cmwq::enqueue_output<tracked&>, bool>);

// ---- one item class for each pointer type ----

/// What all of them do: count the runs and remember the value they had at the last one.
struct observed {
    static inline std::atomic<int> runs{0};
    static inline std::atomic<int> last_value{0};
    tracked part;
    std::atomic<int> references{1};
    int value = 0;
    void note() const {
        last_value = value;
        ++runs;
    }
};

struct arc_item : observed, cmwq::work<arc_item> {
    using owner = cmwq::arc<arc_item>;
    static owner make() { return cmwq::make_arc<arc_item>(); }
    static void run(owner self) { self->note(); }
    arc_item() = default;
};

struct unique_item : observed, cmwq::work<unique_item> {
    using owner = std::unique_ptr<unique_item>;
    static owner make() { return std::make_unique<unique_item>(); }
    static void run(owner self) { self->note(); }
};

struct empty_deleter_item : observed, cmwq::work<empty_deleter_item> {
    using owner = std::unique_ptr<empty_deleter_item, empty_deleter>;
    static owner make() { return owner{new empty_deleter_item}; }
    static void run(owner self) { self->note(); }
};

struct counting_deleter_item : observed {
    using owner = std::unique_ptr<counting_deleter_item, counting_deleter>;
    cmwq::holding<cmwq::work<counting_deleter_item>, owner> work;
    CMWQ_HAS_WORK(work);
    static inline std::atomic<int> deletions{0};
    static owner make() { return owner{new counting_deleter_item, counting_deleter{&deletions}}; }
    static void run(owner self) { self->note(); }
};

struct shared_item : observed {
    using owner = std::shared_ptr<shared_item>;
    cmwq::shared_work<shared_item> work;
    CMWQ_HAS_WORK(work);
    static owner make() { return std::make_shared<shared_item>(); }
    static void run(owner self) { self->note(); }
};

struct counted_item : observed, cmwq::work<counted_item> {
    using owner = counted_ptr<counted_item>;
    static owner make() { return owner{new counted_item}; }
    static void run(owner self) { self->note(); }
};

template <class Item>
class every_owner : public testing::Test {
protected:
    void SetUp() override { observed::runs = 0; }
    void TearDown() override { EXPECT_EQ(tracked::alive, 0); }
};

using owned_items =
    testing::Types<arc_item, unique_item, empty_deleter_item, counting_deleter_item, shared_item, counted_item>;
TYPED_TEST_SUITE(every_owner, owned_items);

TYPED_TEST(every_owner, arrives_at_run_and_is_let_go_after) {
    auto owner = TypeParam::make();
    owner->value = 42;
    unit::held_queue q;
    auto result = q->enqueue(std::move(owner));
    EXPECT_TRUE(result);
    EXPECT_EQ(result.why(), cmwq::refusal::none);
    EXPECT_FALSE(result.take_back());
    EXPECT_EQ(tracked::alive, 1);
    q.finish();
    EXPECT_EQ(observed::runs, 1);
    EXPECT_EQ(observed::last_value, 42);
    EXPECT_EQ(tracked::alive, 0);
}

TYPED_TEST(every_owner, comes_back_from_a_draining_queue) {
    auto owner = TypeParam::make();
    auto* const item = std::to_address(owner);
    unit::draining_queue q;
    auto result = q->enqueue(std::move(owner));
    EXPECT_FALSE(result);
    EXPECT_EQ(result.why(), cmwq::refusal::queue_draining);
    owner = result.take_back();
    EXPECT_EQ(std::to_address(owner), item);
    EXPECT_FALSE(result.take_back());
    EXPECT_EQ(observed::runs, 0);
}

TYPED_TEST(every_owner, is_let_go_with_the_result_that_has_it) {
    unit::draining_queue q;
    (void)q->enqueue(TypeParam::make());
    EXPECT_EQ(tracked::alive, 0);
}

TYPED_TEST(every_owner, that_is_null_is_refused_and_reported) {
    unit::misuse_recorder recorder;
    unit::held_queue q;
    auto result = q->enqueue(typename TypeParam::owner{});
    const unsigned line = __LINE__ - 1;
    EXPECT_EQ(result.why(), cmwq::refusal::no_item);
    EXPECT_EQ(recorder.count(cmwq::misuse_code::null_item), 1);
    EXPECT_EQ(recorder.last_line(), line);
}

template <class Item>
class every_shared_owner : public every_owner<Item> {};

using shared_items = testing::Types<arc_item, shared_item, counted_item>;
TYPED_TEST_SUITE(every_shared_owner, shared_items);

TYPED_TEST(every_shared_owner, comes_back_when_the_item_is_pending_already) {
    auto owner = TypeParam::make();
    unit::held_queue q;
    EXPECT_TRUE(q->enqueue(owner));
    for (int again = 0; again < 2; ++again) {
        auto result = q->enqueue(owner);
        EXPECT_EQ(result.why(), cmwq::refusal::already_pending);
        EXPECT_EQ(std::to_address(result.take_back()), std::to_address(owner));
    }
    q.finish();
    EXPECT_EQ(observed::runs, 1);
    EXPECT_EQ(tracked::alive, 1);
}

TYPED_TEST(every_shared_owner, may_enqueue_the_item_again_after_its_run) {
    auto owner = TypeParam::make();
    for (int round = 1; round <= 3; ++round) {
        unit::held_queue q;
        EXPECT_TRUE(q->enqueue(owner));
        q.finish();
        EXPECT_EQ(observed::runs, round);
    }
}

TEST(work_pointer_test, stateful_deleter_is_called_once_with_its_state) {
    counting_deleter_item::deletions = 0;
    unit::held_queue q;
    EXPECT_TRUE(q->enqueue(counting_deleter_item::make()));
    q.finish();
    EXPECT_EQ(counting_deleter_item::deletions, 1);
}

TEST(work_pointer_test, shared_ptr_is_moved_in_and_out_without_a_copy) {
    static std::atomic<long> count_in_run{0};
    struct item {
        cmwq::shared_work<item> work;
        CMWQ_HAS_WORK(work);
        static void run(std::shared_ptr<item> self) { count_in_run = self.use_count(); }
    };
    unit::held_queue q;
    EXPECT_TRUE(q->enqueue(std::make_shared<item>()));
    q.finish();
    EXPECT_EQ(count_in_run, 1);
}

// ---- unique_ptr to a derived class ----

struct base_item : cmwq::work<base_item> {
    virtual ~base_item() = default;
    virtual int answer() const { return 1; }
    static inline std::atomic<int> answered{0};
    static void run(std::unique_ptr<base_item> self) { answered = self->answer(); }
};

struct derived_item : base_item {
    tracked part;
    int answer() const override { return 2; }
};

TEST(work_pointer_test, unique_ptr_to_derived_runs_as_its_base) {
    unit::held_queue q;
    auto result = q->enqueue(std::make_unique<derived_item>());
    static_assert(std::is_same_v<decltype(result), cmwq::enqueue_result<std::unique_ptr<base_item>>>);
    EXPECT_TRUE(result);
    q.finish();
    EXPECT_EQ(base_item::answered, 2);
    EXPECT_EQ(tracked::alive, 0);
}

// ---- items that their caller keeps alive ----

struct by_reference {
    cmwq::work<by_reference> work;
    CMWQ_HAS_WORK(work);
    int runs = 0;
    static void run(by_reference& self) { ++self.runs; }
};

struct by_pointer {
    cmwq::work<by_pointer> work;
    CMWQ_HAS_WORK(work);
    int runs = 0;
    static void run(by_pointer* self) { ++self->runs; }
};

template <class Item>
class every_kept_item : public testing::Test {};

using kept_items = testing::Types<by_reference, by_pointer>;
TYPED_TEST_SUITE(every_kept_item, kept_items);

TYPED_TEST(every_kept_item, is_enqueued_by_reference_and_by_pointer) {
    TypeParam item;
    unit::held_queue q;
    EXPECT_TRUE(q->enqueue(item));
    EXPECT_FALSE(q->enqueue(&item));
    EXPECT_EQ(item.runs, 0);
    q.finish();
    EXPECT_EQ(item.runs, 1);
}

TYPED_TEST(every_kept_item, null_pointer_is_refused_and_reported) {
    unit::misuse_recorder recorder;
    unit::held_queue q;
    EXPECT_FALSE(q->enqueue(static_cast<TypeParam*>(nullptr)));
    EXPECT_EQ(recorder.count(cmwq::misuse_code::null_item), 1);
}

}  // namespace
