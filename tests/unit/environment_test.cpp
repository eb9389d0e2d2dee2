// SPDX-License-Identifier: Apache-2.0
//
// The table of what the environment can change: every line takes what it says, and nothing else.
#include "engine/environment.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using cmwq::engine::tunable;
using cmwq::engine::tunables;

const tunable& line_of(std::string_view variable) {
    for (const tunable& one : tunables()) {
        if (one.variable == variable) return one;
    }
    ADD_FAILURE() << variable << " is in no line";
    return tunables().front();
}

bool takes(std::string_view variable, const char* text) {
    cmwq::runtime_options into;
    return line_of(variable).read(text, into);
}

TEST(environment, every_line_takes_its_default_and_no_nonsense) {
    for (const tunable& one : tunables()) {
        cmwq::runtime_options into;
        EXPECT_TRUE(one.in_range(into)) << one.variable;
        EXPECT_TRUE(one.read(one.default_value, into)) << one.variable;
        EXPECT_FALSE(one.read("", into)) << one.variable;
        EXPECT_FALSE(one.read("?nonsense?", into)) << one.variable;
        EXPECT_FALSE(one.read("-1-1-1-", into)) << one.variable;
        EXPECT_TRUE(one.in_range(into)) << one.variable;
    }
}

TEST(environment, every_variable_is_the_name_of_its_option) {
    for (const tunable& one : tunables()) {
        if (std::string_view{one.option} == "detect") continue;  // CMWQ_BLOCK_DETECT is older than its option's name
        std::string wanted = "CMWQ_";
        for (const char* c = one.option; *c != '\0'; ++c) wanted += static_cast<char>(std::toupper(*c));
        EXPECT_EQ(one.variable, wanted);
    }
}

TEST(environment, numbers_are_whole_and_in_range) {
    for (const char* good : {"1", "65534", "0008"}) EXPECT_TRUE(takes("CMWQ_MAX_WORKERS", good)) << good;
    for (const char* good : {"0", "1", "100000"}) EXPECT_TRUE(takes("CMWQ_LOOKS_BEFORE_SLEEP", good)) << good;
    for (const char* bad : {"100001", "-1", "off"}) EXPECT_FALSE(takes("CMWQ_LOOKS_BEFORE_SLEEP", bad)) << bad;
    for (const char* bad : {"0", "65535", "-1", "+1", " 1", "1 ", "1.5", "0x10", "99999999999999999999"}) {
        EXPECT_FALSE(takes("CMWQ_MAX_WORKERS", bad)) << bad;
    }
}

TEST(environment, times_have_a_unit) {
    const tunable& line = line_of("CMWQ_IDLE_WORKER_TIMEOUT");
    cmwq::runtime_options into;
    const std::pair<const char*, std::chrono::nanoseconds> good[] = {
        {"1000us", 1ms}, {"250ms", 250ms}, {"5s", 5s}, {"3min", 3min}, {"8760h", 8760h}};
    for (const auto& [text, value] : good) {
        EXPECT_TRUE(line.read(text, into)) << text;
        EXPECT_EQ(into.idle_worker_timeout, value) << text;
    }
    for (const char* bad : {"0", "5", "5 s", "5sec", "0.5s", "999ns", "8761h", "9223372036854775807h", "s"}) {
        EXPECT_FALSE(line.read(bad, into)) << bad;
        EXPECT_EQ(into.idle_worker_timeout, 8760h) << bad;
    }
}

TEST(environment, zero_means_never_where_it_says_so) {
    EXPECT_TRUE(takes("CMWQ_REPORT_STALLS_AFTER", "0"));
    EXPECT_TRUE(takes("CMWQ_TIMER_ADVANCE", "0"));
    EXPECT_FALSE(takes("CMWQ_TIMER_ADVANCE", "2ms"));
    EXPECT_FALSE(takes("CMWQ_CPU_HOG_AFTER", "0"));
}

TEST(environment, sizes_are_in_kibibytes_and_more) {
    const tunable& line = line_of("CMWQ_WORKER_STACK_SIZE");
    cmwq::runtime_options into;
    EXPECT_TRUE(line.read("128K", into));
    EXPECT_EQ(into.worker_stack_size, 128u * 1024);
    EXPECT_TRUE(line.read("1G", into));
    for (const char* bad : {"65536", "1k", "63K", "2G", "1KB"}) EXPECT_FALSE(line.read(bad, into)) << bad;
}

TEST(environment, cpus_are_named_one_by_one_or_from_a_first_to_a_last) {
    const auto named = [](const char* text) {
        cmwq::runtime_options into;
        EXPECT_TRUE(line_of("CMWQ_UNBOUND_CPUS").read(text, into)) << text;
        std::vector<int> found;
        for (int cpu = 0; cpu < cmwq::cpu_mask::max_cpus; ++cpu) {
            if (into.unbound_cpus.contains(cpu)) found.push_back(cpu);
        }
        return found;
    };
    EXPECT_EQ(named("all"), std::vector<int>{});
    EXPECT_EQ(named("3"), std::vector<int>{3});
    EXPECT_EQ(named("0-2"), (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(named("7,0-1,4-4"), (std::vector<int>{0, 1, 4, 7}));
    EXPECT_EQ(named("1023"), std::vector<int>{1023});
    for (const char* bad : {"1024", "0-1024", "3-1", "0-", "-3", "0-x", "0,", ",0", "0,,1", "all,1", "0 1", "0-1-2"}) {
        EXPECT_FALSE(takes("CMWQ_UNBOUND_CPUS", bad)) << bad;
    }
}

TEST(environment, an_option_beyond_its_words_is_out_of_range) {
    cmwq::runtime_options given;
    for (const int beyond : {0, static_cast<int>(cmwq::affinity_scope::system) + 1}) {
        given.default_affinity = static_cast<cmwq::affinity_scope>(beyond);
        EXPECT_FALSE(line_of("CMWQ_DEFAULT_AFFINITY").in_range(given)) << beyond;
    }
}

TEST(environment, every_way_of_detection_has_its_word) {
    using enum cmwq::block_detection;
    const std::pair<const char*, cmwq::block_detection> words[] = {
        {"auto", automatic}, {"canary", canary}, {"batch", batch_canary}, {"watchdog", watchdog}, {"off", off}};
    for (const auto& [text, value] : words) {
        cmwq::runtime_options into;
        EXPECT_TRUE(line_of("CMWQ_BLOCK_DETECT").read(text, into));
        EXPECT_EQ(into.detect, value);
    }
}

}  // namespace
