// SPDX-License-Identifier: Apache-2.0
//
// What a runtime is told: by the program, by the environment, and what is said about values that make no sense.
#include "support/gate.hpp"
#include "support/misuse_recorder.hpp"
#include "support/own_process.hpp"
#include "support/tasks.hpp"

#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;

bool has_thread(const std::string& beginning) {
    return !support::library_tasks(beginning).empty();
}

void run_one_item(cmwq::queue& wq) {
    ASSERT_TRUE(wq.try_spawn([] {}));
    wq.flush();
}

/// The test's body in a new process with that environment.
void in_process_with(const char* role, const char* variable, const char* value, std::string& output) {
    setenv(variable, value, 1);
    const testing::TestInfo& now = *testing::UnitTest::GetInstance()->current_test_info();
    const auto child = support::run_alone(std::string{now.test_suite_name()} + "." + now.name(), role);
    unsetenv(variable);
    EXPECT_TRUE(child.exited && child.status == 0) << child.output;
    output = child.output;
}

TEST(configuration, environment_names_the_threads_of_the_standard_runtime) {
    if (!support::plays("named")) {
        std::string output;
        return in_process_with("named", "CMWQ_THREAD_NAME_PREFIX", "abc-", output);
    }
    run_one_item(cmwq::system());
    EXPECT_TRUE(has_thread("abc-"));
    EXPECT_FALSE(has_thread("cmwq/"));
    cmwq::runtime own;  // the environment is the standard runtime's
    run_one_item(own.system());
    EXPECT_TRUE(has_thread("cmwq/"));
}

TEST(configuration, environment_has_the_last_word_in_the_standard_runtime) {
    if (!support::plays("last word")) {
        std::string output;
        return in_process_with("last word", "CMWQ_THREAD_NAME_PREFIX", "env-", output);
    }
    ASSERT_TRUE(cmwq::runtime::configure_standard({.max_workers = 3, .thread_name_prefix = "code-"}));
    run_one_item(cmwq::system());
    EXPECT_TRUE(has_thread("env-"));
    EXPECT_FALSE(has_thread("code-"));
}

TEST(configuration, nonsense_in_the_environment_is_told_in_one_sentence_and_the_default_kept) {
    if (!support::plays("nonsense")) {
        std::string output;
        in_process_with("nonsense", "CMWQ_MAX_WORKERS", "many", output);
        EXPECT_NE(output.find("cmwq: CMWQ_MAX_WORKERS is \"many\"; it takes 1 to 65534; the default, 1024, is used\n"),
                  std::string::npos)
            << output;
        EXPECT_EQ(output.find("CMWQ_MAX_WORKERS"), output.rfind("CMWQ_MAX_WORKERS")) << output;
        return;
    }
    EXPECT_EQ(cmwq::runtime_options::from_environment().max_workers, 1024u);
    run_one_item(cmwq::system());  // reads it again, and does not complain again
}

TEST(configuration, environment_is_read_on_request) {
    setenv("CMWQ_IDLE_WORKER_TIMEOUT", "2min", 1);
    setenv("CMWQ_WORKER_STACK_SIZE", "1M", 1);
    setenv("CMWQ_REPORT_STALLS_AFTER", "0", 1);
    setenv("CMWQ_POWER_EFFICIENT", "on", 1);
    const auto told = cmwq::runtime_options::from_environment();
    for (const char* name :
         {"CMWQ_IDLE_WORKER_TIMEOUT", "CMWQ_WORKER_STACK_SIZE", "CMWQ_REPORT_STALLS_AFTER", "CMWQ_POWER_EFFICIENT"}) {
        unsetenv(name);
    }
    EXPECT_EQ(told.idle_worker_timeout, 2min);
    EXPECT_EQ(told.worker_stack_size, 1024u * 1024);
    EXPECT_EQ(told.report_stalls_after, 0s);
    EXPECT_EQ(told.power_efficient, cmwq::power_saving::on);
}

TEST(configuration, of_the_standard_runtime_comes_before_its_first_use) {
    if (!support::plays("configured")) {
        return support::expect_to_pass_alone("configured");
    }
    ASSERT_TRUE(cmwq::runtime::configure_standard({.thread_name_prefix = "mine-"}));
    EXPECT_FALSE(cmwq::runtime::configure_standard({.thread_name_prefix = "late-"}));
    run_one_item(cmwq::system());
    EXPECT_FALSE(cmwq::runtime::configure_standard({}));
    EXPECT_TRUE(has_thread("mine-"));
    EXPECT_FALSE(has_thread("late-"));
}

TEST(configuration, out_of_range_is_misuse_and_the_default_is_used) {
    const support::misuse_recorder recorder;
    cmwq::runtime own{{.max_workers = 0, .worker_stack_size = 1, .thread_name_prefix = "a-long-prefix"}};
    const auto told = support::misuse_recorder::take();
    ASSERT_EQ(told.size(), 3u);
    for (const auto& each : told) {
        EXPECT_EQ(each.code, cmwq::misuse_code::runtime_option_out_of_range);
        EXPECT_NE(each.file.find("configuration_test"), std::string::npos);
    }
    EXPECT_EQ(told[0].sentence,
              "runtime_options::max_workers is out of range; it takes 1 to 65534; the default, 1024, is used");
    run_one_item(own.system());
    EXPECT_TRUE(has_thread("cmwq/"));
}

// ---- hooks ---------------------------------------------------------------------------------------------------------

/// What the hooks of one runtime saw.
struct hook_log {
    std::mutex lock;
    std::set<std::thread::id> inside;
    int started = 0, stopped = 0;
    bool in_order = true;

    static void start(void* self) noexcept {
        auto& log = *static_cast<hook_log*>(self);
        const std::lock_guard hold{log.lock};
        ++log.started;
        log.in_order &= log.inside.insert(std::this_thread::get_id()).second;
    }
    static void stop(void* self) noexcept {
        auto& log = *static_cast<hook_log*>(self);
        const std::lock_guard hold{log.lock};
        ++log.stopped;
        log.in_order &= log.inside.erase(std::this_thread::get_id()) == 1;
    }
    bool is_inside() {
        const std::lock_guard hold{lock};
        return inside.contains(std::this_thread::get_id());
    }
    cmwq::runtime_options options() {
        return {.on_worker_start = &start, .on_worker_stop = &stop, .worker_hook_context = this};
    }
};

TEST(worker_hooks, surround_all_items_of_a_worker) {
    hook_log log;
    std::atomic<int> outside{0};
    std::uint64_t created = 0;
    {
        cmwq::runtime own{log.options()};
        support::gate way_out;
        support::countdown begun{8};
        for (int i = 0; i < 8; ++i) {  // they block: several workers
            ASSERT_TRUE(own.system().try_spawn([&] {
                outside += log.is_inside() ? 0 : 1;
                begun.count_down();
                way_out.pass();
            }));
        }
        EXPECT_TRUE(begun.wait());
        way_out.open();
        own.system().flush();
        created = own.statistics().workers_created;
    }
    EXPECT_EQ(outside, 0);
    EXPECT_TRUE(log.in_order);
    EXPECT_GE(log.started, 8);
    EXPECT_EQ(log.started, log.stopped);
    EXPECT_GE(created, 8u);
}

TEST(worker_hooks, are_called_on_rescuers_too) {
    hook_log log;
    {
        cmwq::runtime own{log.options()};
        auto wq = own.make_queue(cmwq::percpu{.name = "saved", .mem_reclaim = true});
        ASSERT_TRUE(wq);
        ASSERT_TRUE(support::eventually([&] {
            const std::lock_guard hold{log.lock};
            return log.started == 1;
        }));
        EXPECT_EQ(own.statistics().workers_created, 0u);
    }
    EXPECT_EQ(log.started, 1);
    EXPECT_EQ(log.stopped, 1);
}

TEST(worker_hooks, are_told_of_no_item_and_no_queue_and_say_nothing_of_them) {
    struct answers {
        std::atomic<int> hooks{0}, wrong{0};
        static void ask(void* self) noexcept {
            auto& found = *static_cast<answers*>(self);
            cmwq::this_worker::describe("between two items");
            const cmwq::this_worker::blocking_region blocks;
            ++found.hooks;
            found.wrong +=
                cmwq::this_worker::current() == nullptr && cmwq::this_worker::current_queue() == nullptr ? 0 : 1;
        }
    } found;
    {
        cmwq::runtime own{
            {.on_worker_start = &answers::ask, .on_worker_stop = &answers::ask, .worker_hook_context = &found}};
        run_one_item(own.system());
    }
    EXPECT_GE(found.hooks, 2);
    EXPECT_EQ(found.wrong, 0);
}

TEST(worker_hooks, may_enqueue_and_are_outside_of_every_item) {
    struct {
        cmwq::runtime* own = nullptr;
        std::atomic<int> runs{0}, items_seen{0};
        std::atomic<bool> enqueued{false};
    } context;
    {
        const auto enqueue = [](void* raw) noexcept {
            auto& shared = *static_cast<decltype(context)*>(raw);
            shared.items_seen += cmwq::this_worker::current() != nullptr ? 1 : 0;
            if (!shared.enqueued.exchange(true))
                (void)shared.own->system_unbound().try_spawn([&shared] { ++shared.runs; });
        };
        cmwq::runtime own{{.on_worker_start = enqueue, .worker_hook_context = &context}};
        context.own = &own;
        run_one_item(own.system());
        EXPECT_TRUE(support::eventually([&] { return context.runs == 1; }));
    }
    EXPECT_EQ(context.items_seen, 0);
}

}  // namespace
