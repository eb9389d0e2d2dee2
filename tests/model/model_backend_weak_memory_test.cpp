// SPDX-License-Identifier: Apache-2.0
//
// The memory of runs with weak memory: the classic litmus tests. What C++ allows is seen, what it forbids is not. Of
// what it allows, load buffering and 2+2W are not offered (backend/weak_memory.hpp).
#include "backend/weak_memory.hpp"
#include "model/explore.hpp"
#include "platform/port.hpp"

#include <cstdlib>
#include <set>
#include <string>

namespace {

using namespace cmwq_test;
namespace platform = cmwq::platform;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

using cell = platform::atomic<int>;
using outcomes = std::set<std::string>;
using bodies = std::vector<std::function<void()>>;

model::options weak() {
    model::options how;
    how.weak_memory = true;
    how.stale_reads = 0.5;
    return how;
}

/// All that `result()` says after the bodies ran at once, in many schedules. `set_up` makes the objects anew.
outcomes all_outcomes(const std::function<void()>& set_up, const bodies& threads,
                      const std::function<std::string()>& result) {
    outcomes seen;
    explore(weak(), 1'500, [&] {
        set_up();
        std::vector<model::thread> running;
        for (const auto& body : threads) running.push_back(model::spawn("litmus", body));
        for (model::thread& one : running) one.join();
        seen.insert(result());
    });
    return seen;
}

std::string text(std::initializer_list<int> values) {
    std::string all;
    for (const int value : values) all += std::to_string(value);
    return all;
}

class litmus : public ::testing::Test {
protected:
    /// That an outcome is seen takes the number of schedules that is said here.
    litmus() {
        if (const char* text = std::getenv("CMWQ_MODEL_SCHEDULES")) asked_for_ = text;
        ::unsetenv("CMWQ_MODEL_SCHEDULES");
    }
    ~litmus() override {
        if (!asked_for_.empty()) ::setenv("CMWQ_MODEL_SCHEDULES", asked_for_.c_str(), 1);
    }

    void set_up() {
        new (&x_) cell(0);
        new (&y_) cell(0);
        for (int& r : r_) r = 0;
    }
    outcomes of(const bodies& threads, const std::function<std::string()>& result) {
        return all_outcomes([this] { set_up(); }, threads, result);
    }
    outcomes store_buffering(std::memory_order store, std::memory_order load, const std::function<void()>& fence) {
        return of({[=, this] {
                       x_.store(1, store);
                       fence();
                       r_[0] = y_.load(load);
                   },
                   [=, this] {
                       y_.store(1, store);
                       fence();
                       r_[1] = x_.load(load);
                   }},
                  [this] {
                      return text({r_[0], r_[1]});
                  });
    }
    outcomes message_passing(std::memory_order store, std::memory_order load) {
        return of({[=, this] {
                       x_.store(1, relaxed);
                       y_.store(1, store);
                   },
                   [=, this] {
                       r_[0] = y_.load(load);
                       r_[1] = x_.load(relaxed);
                   }},
                  [this] {
                      return text({r_[0], r_[1]});
                  });
    }
    outcomes independent_reads(std::memory_order store, std::memory_order load) {
        return of({[=, this] { x_.store(1, store); }, [=, this] { y_.store(1, store); },
                   [=, this] {
                       r_[0] = x_.load(load);
                       r_[1] = y_.load(load);
                   },
                   [=, this] {
                       r_[2] = y_.load(load);
                       r_[3] = x_.load(load);
                   }},
                  [this] {
                      return text({r_[0], r_[1], r_[2], r_[3]});
                  });
    }

    std::string asked_for_;
    cell x_{0}, y_{0};
    int r_[4] = {};
};

const outcomes all_pairs{"00", "01", "10", "11"};

TEST_F(litmus, message_passing_needs_release_and_acquire) {
    EXPECT_EQ(message_passing(release, acquire), (outcomes{"00", "01", "11"}));
    EXPECT_EQ(message_passing(relaxed, acquire), all_pairs);
    EXPECT_EQ(message_passing(release, relaxed), all_pairs);
}

TEST_F(litmus, message_passing_works_with_fences) {
    const auto seen = of({[this] {
                              x_.store(1, relaxed);
                              platform::fence_seq_cst();
                              y_.store(1, relaxed);
                          },
                          [this] {
                              r_[0] = y_.load(relaxed);
                              platform::fence_seq_cst();
                              r_[1] = x_.load(relaxed);
                          }},
                         [this] {
                             return text({r_[0], r_[1]});
                         });
    EXPECT_EQ(seen, (outcomes{"00", "01", "11"}));
}

TEST_F(litmus, store_buffering_needs_seq_cst_or_fences) {
    const auto nothing = [] {};
    EXPECT_EQ(store_buffering(release, acquire, nothing), all_pairs);
    EXPECT_EQ(store_buffering(seq_cst, acquire, nothing), all_pairs);
    EXPECT_EQ(store_buffering(seq_cst, seq_cst, nothing), (outcomes{"01", "10", "11"}));
    EXPECT_EQ(store_buffering(relaxed, relaxed, [] { platform::fence_seq_cst(); }), (outcomes{"01", "10", "11"}));
    EXPECT_EQ(store_buffering(relaxed, relaxed, [] { platform::fence_compiler(); }), all_pairs);
}

TEST_F(litmus, a_fence_in_all_threads_is_worth_one_in_each) {
    const auto seen = of({[this] {
                              x_.store(1, relaxed);
                              platform::fence_compiler();
                              r_[0] = y_.load(relaxed);
                          },
                          [this] {
                              y_.store(1, relaxed);
                              platform::fence_all_threads();
                              r_[1] = x_.load(relaxed);
                          }},
                         [this] {
                             return text({r_[0], r_[1]});
                         });
    EXPECT_EQ(seen, (outcomes{"01", "10", "11"}));
}

TEST_F(litmus, independent_reads_agree_only_with_seq_cst) {
    EXPECT_TRUE(independent_reads(release, acquire).contains("1010"));
    EXPECT_FALSE(independent_reads(seq_cst, seq_cst).contains("1010"));
    EXPECT_FALSE(independent_reads(relaxed, seq_cst).contains("1010"));
}

TEST_F(litmus, two_reads_of_one_object_never_go_back) {
    const auto seen = of({[this] {
                              x_.store(1, relaxed);
                              x_.store(2, relaxed);
                          },
                          [this] {
                              r_[0] = x_.load(relaxed);
                              r_[1] = x_.load(relaxed);
                          }},
                         [this] {
                             return text({r_[0], r_[1]});
                         });
    EXPECT_EQ(seen, (outcomes{"00", "01", "02", "11", "12", "22"}));
}

TEST_F(litmus, two_threads_agree_on_the_order_of_stores) {
    const auto seen = of({[this] { x_.store(1, relaxed); }, [this] { x_.store(2, relaxed); },
                          [this] {
                              r_[0] = x_.load(relaxed);
                              r_[1] = x_.load(relaxed);
                          },
                          [this] {
                              r_[2] = x_.load(relaxed);
                              r_[3] = x_.load(relaxed);
                          }},
                         [this] {
                             return text({r_[0], r_[1], r_[2], r_[3]});
                         });
    EXPECT_FALSE(seen.contains("1221"));
    EXPECT_FALSE(seen.contains("2112"));
    EXPECT_TRUE(seen.contains("1212"));
}

TEST_F(litmus, read_modify_writes_read_the_newest) {
    const auto seen =
        of({[this] { r_[0] = x_.fetch_add(1, relaxed); }, [this] { r_[1] = x_.fetch_add(1, relaxed); }}, [this] {
            return text({r_[0], r_[1]});
        });
    EXPECT_EQ(seen, (outcomes{"01", "10"}));
}

TEST_F(litmus, a_read_modify_write_continues_a_release_sequence_and_a_store_ends_it) {
    const auto run = [this](bool modify) {
        return of({[this] {
                       x_.store(1, relaxed);
                       y_.store(1, release);
                   },
                   [this, modify] {
                       if (y_.load(relaxed) != 1) return;
                       modify ? (void)y_.fetch_add(1, relaxed) : y_.store(2, relaxed);
                   },
                   [this] {
                       r_[0] = y_.load(acquire);
                       r_[1] = x_.load(relaxed);
                   }},
                  [this] {
                      return text({r_[0], r_[1]});
                  });
    };
    EXPECT_FALSE(run(true).contains("20"));
    EXPECT_TRUE(run(false).contains("20"));
}

TEST_F(litmus, what_was_acquired_is_passed_on) {
    const auto run = [this](std::memory_order middle) {
        return of({[this] {
                       x_.store(1, relaxed);
                       y_.store(1, release);
                   },
                   [this, middle] {
                       if (y_.load(middle) == 1) y_.store(2, release);
                   },
                   [this] {
                       r_[0] = y_.load(acquire);
                       r_[1] = x_.load(relaxed);
                   }},
                  [this] {
                      return text({r_[0], r_[1]});
                  });
    };
    EXPECT_FALSE(run(acquire).contains("20"));
    EXPECT_TRUE(run(relaxed).contains("20"));
}

TEST_F(litmus, a_failed_exchange_reads_with_its_own_order) {
    const auto run = [this](std::memory_order failed) {
        return of({[this] {
                       x_.store(1, relaxed);
                       y_.store(1, release);
                   },
                   [this, failed] {
                       int expected = 7;
                       (void)y_.compare_exchange_strong(expected, 8, acq_rel, failed);
                       r_[0] = expected;
                       r_[1] = x_.load(relaxed);
                   }},
                  [this] {
                      return text({r_[0], r_[1]});
                  });
    };
    EXPECT_EQ(run(acquire), (outcomes{"00", "01", "11"}));
    EXPECT_EQ(run(relaxed), all_pairs);
}

TEST_F(litmus, what_a_failed_exchange_returns_is_what_it_acquired) {
    // A value that was read before is expected; in its place comes one with all that was released with it.
    const auto seen = of({[this] {
                              x_.store(1, relaxed);
                              y_.store(1, release);
                              x_.store(2, relaxed);
                              y_.store(2, release);
                          },
                          [this] {
                              r_[0] = y_.load(relaxed);
                              while (!y_.compare_exchange_weak(r_[0], r_[0], acq_rel, acquire)) {
                                  model::check(x_.load(relaxed) >= r_[0], "acquired with the failure");
                              }
                              r_[1] = x_.load(relaxed);
                          }},
                         [this] {
                             return text({r_[0], r_[1]});
                         });
    EXPECT_EQ(seen, (outcomes{"00", "01", "02", "11", "12", "22"}));
}

TEST_F(litmus, locks_tokens_and_joins_order) {
    explore(weak(), 1'000, [&] {
        cell x{0};
        platform::mutex lock;
        platform::parker parker;
        bool done = false;
        auto other = model::spawn("other", [&] {
            x.store(1, relaxed);
            lock.lock();
            done = true;
            lock.unlock();
            x.store(2, relaxed);
            parker.unpark();
            x.store(3, relaxed);
        });
        lock.lock();
        const bool seen = done;
        lock.unlock();
        if (seen) model::check(x.load(relaxed) >= 1, "a lock orders");
        parker.park();
        model::check(x.load(relaxed) >= 2, "a token orders");
        other.join();
        model::check(x.load(relaxed) == 3, "a join orders");
    });
}

TEST_F(litmus, whoever_waits_for_a_store_sees_it) {
    explore(weak(), 1'000, [&] {
        cell x{0};
        auto other = model::spawn("other", [&] { x.store(1, relaxed); });
        while (x.load(relaxed) == 0) platform::yield();
        other.join();
    });
}

TEST_F(litmus, an_object_at_an_old_address_has_no_past) {
    explore(weak(), 1'000, [&] {
        void* block = platform::allocate(sizeof(cell), alignof(cell));
        auto* first = new (block) cell(1);
        first->store(2, relaxed);
        platform::deallocate(block, sizeof(cell), alignof(cell));
        block = platform::allocate(sizeof(cell), alignof(cell));
        auto* second = new (block) cell(2);
        platform::atomic<cell*> published{nullptr};
        auto other = model::spawn("other", [&] {
            if (cell* seen = published.load(acquire)) model::check(seen->load(relaxed) == 2, "no value from before");
        });
        published.store(second, release);
        other.join();
        platform::deallocate(block, sizeof(cell), alignof(cell));
    });
}

// ---- data races ----------------------------------------------------------------------------------------------------

/// A payload handed over by a flag of that order; the test says itself where it accesses it.
void hand_over(std::memory_order store, std::memory_order load) {
    int payload = 0;
    cell flag{0};
    const auto accessed = [&](bool write) {
        (write ? model::detail::plain_write : model::detail::plain_read)(&payload, sizeof payload, nullptr);
    };
    auto other = model::spawn("other", [&] {
        if (flag.load(load) == 1) accessed(false);
    });
    accessed(true);
    flag.store(1, store);
    other.join();
    accessed(true);
}

TEST(race_check, finds_a_payload_that_is_not_published) {
    for (const auto& orders : {std::pair{relaxed, acquire}, std::pair{release, relaxed}}) {
        const auto found = find_failure(weak(), 100, [&orders] { hand_over(orders.first, orders.second); });
        EXPECT_EQ(found.first_failure.message.find("data race"), 0u) << found.first_failure.message;
    }
}

TEST(race_check, finds_nothing_where_it_is_published) {
    explore(weak(), 1'000, [] { hand_over(release, acquire); });
}

TEST(race_check, finds_memory_that_is_freed_too_early) {
    const auto body = [](std::memory_order order) {
        auto* shared = new (platform::allocate(sizeof(cell), alignof(cell))) cell(0);
        cell users{1};
        auto other = model::spawn("other", [&] {
            shared->store(1, relaxed);
            users.fetch_sub(1, order);
        });
        while (users.load(acquire) != 0) platform::yield();
        platform::deallocate(shared, sizeof(cell), alignof(cell));
        other.join();
    };
    find_failure(weak(), 100, [&] { body(relaxed); });
    explore(weak(), 1'000, [&] { body(release); });
}

// ---- weakening -----------------------------------------------------------------------------------------------------

constexpr unsigned store_line = __LINE__ + 3;
void store_and_publish(cell& x, cell& flag) {
    x.store(1, relaxed);
    flag.store(1, release);
}

TEST(weakening, is_of_one_place) {
    const auto body = [] {
        cell x{0}, flag{0};
        auto other = model::spawn("other", [&] {
            if (flag.load(acquire) == 1) model::check(x.load(relaxed) == 1, "the payload is seen");
        });
        store_and_publish(x, flag);
        other.join();
    };
    model::options how = weak();
    explore(how, 1'000, body);
    how.weaken = {"model_backend_weak_memory_test.cpp", store_line, store_line};
    const auto found = find_failure(how, 1'000, body);
    EXPECT_NE(found.first_failure.message.find("the payload is seen"), std::string::npos);
    how.weaken = {"model_backend_weak_memory_test.cpp", store_line + 50, store_line + 50};
    explore(how, 1'000, body);
}

TEST(fence_after_rmw, is_refused_after_anything_but_a_seq_cst_rmw) {
    const auto body = [](std::memory_order order) {
        cell x{0};
        x.fetch_add(1, order);
        platform::fence_after_rmw();
    };
    explore(weak(), 10, [&] { body(seq_cst); });
    find_failure(weak(), 10, [&] { body(acq_rel); });
}

}  // namespace
