// SPDX-License-Identifier: Apache-2.0
//
// Texts that come from outside: CMWQ_… variables, control groups, power supplies, lists of CPUs, files about threads.
// Sanitizers find what reads too far; besides, what is accepted must be what a simple second parser finds, what is
// refused must change nothing, and every answer must be in its range.
#include "backend/cpu_quota.hpp"
#include "backend/kernel_text.hpp"
#include "backend/power.hpp"
#include "engine/environment.hpp"
#include "fuzz/bytes.hpp"

#include <cmwq/cmwq.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

namespace {

namespace fs = std::filesystem;
namespace engine = cmwq::engine;
namespace platform = cmwq::platform;

void check(bool condition, const char* sentence) {
    if (condition) return;
    std::fprintf(stderr, "check failed: %s\n", sentence);
    std::abort();
}

// ---- the environment
// -------------------------------------------------------------------------------------------------

__extension__ using wide = unsigned __int128;

/// Digits and a unit, by hand. None: it is no such text, or beyond 64 bits.
std::optional<wide> number_with_unit(const std::string& text,
                                     std::initializer_list<std::pair<const char*, wide>> units) {
    std::size_t digits = 0;
    wide number = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        number = number * 10 + static_cast<unsigned>(text[digits] - '0');
        if (number >> 64 != 0) return {};
    }
    const std::string unit = text.substr(digits);
    if (digits == 0) return {};
    if (number == 0 && unit.empty()) return 0;
    for (const auto& [name, value] : units) {
        if (unit == name && number * value >> 64 == 0) return number * value;
    }
    return {};
}

std::optional<wide> time_of(const std::string& text) {
    return number_with_unit(
        text,
        {{"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"min", 60'000'000'000}, {"h", 3'600'000'000'000}});
}

std::optional<wide> size_of(const std::string& text) {
    return number_with_unit(text, {{"K", 1u << 10}, {"M", 1u << 20}, {"G", 1u << 30}});
}

bool within(const std::optional<wide>& value, wide least, wide most) {
    return value && *value >= least && *value <= most;
}

bool same(const cmwq::runtime_options& a, const cmwq::runtime_options& b) {
    return a.idle_worker_timeout == b.idle_worker_timeout && a.max_workers == b.max_workers &&
           a.power_efficient == b.power_efficient && a.unbound_cpus == b.unbound_cpus &&
           a.default_affinity == b.default_affinity && a.detect == b.detect &&
           a.report_stalls_after == b.report_stalls_after && a.cpu_hog_after == b.cpu_hog_after &&
           a.timer_advance == b.timer_advance && a.looks_before_sleep == b.looks_before_sleep &&
           a.worker_stack_size == b.worker_stack_size && a.thread_name_prefix == b.thread_name_prefix;
}

/// As the second parser has it; none where there is no second parser.
std::optional<bool> should_accept(const std::string& variable, const std::string& text) {
    constexpr wide ms = 1'000'000, hour = 3'600'000 * ms;
    if (variable == "CMWQ_MAX_WORKERS") return within(number_with_unit(text, {{"", 1}}), 1, 65534);
    if (variable == "CMWQ_LOOKS_BEFORE_SLEEP") return within(number_with_unit(text, {{"", 1}}), 0, 100'000);
    if (variable == "CMWQ_IDLE_WORKER_TIMEOUT") return within(time_of(text), 1'000, 8760 * hour);
    if (variable == "CMWQ_CPU_HOG_AFTER") return within(time_of(text), 10 * ms, hour);
    if (variable == "CMWQ_WORKER_STACK_SIZE") return within(size_of(text), 64 << 10, 1 << 30);
    if (variable == "CMWQ_REPORT_STALLS_AFTER") {
        return within(time_of(text), 0, 0) || within(time_of(text), 10 * ms, 8760 * hour);
    }
    if (variable == "CMWQ_TIMER_ADVANCE") return within(time_of(text), 0, 0) || within(time_of(text), 1'000, ms);
    if (variable == "CMWQ_THREAD_NAME_PREFIX") return !text.empty() && text.size() <= 6;
    return {};
}

void check_value(const std::string& variable, const std::string& text, const cmwq::runtime_options& read) {
    if (variable == "CMWQ_MAX_WORKERS") check(read.max_workers == *number_with_unit(text, {{"", 1}}), "the number");
    if (variable == "CMWQ_IDLE_WORKER_TIMEOUT") {
        check(static_cast<wide>(read.idle_worker_timeout.count()) == *time_of(text), "the time");
    }
    if (variable == "CMWQ_WORKER_STACK_SIZE") check(read.worker_stack_size == *size_of(text), "the size");
}

void read_one(const engine::tunable& one, const std::string& text) {
    const cmwq::runtime_options before;
    cmwq::runtime_options read;
    const bool accepted = one.read(text.c_str(), read);
    const auto should = should_accept(one.variable, text);
    check(!should || *should == accepted, "a value is accepted if it is one");
    check(one.in_range(read), "what is there is in its range");
    check(accepted || same(read, before), "what is refused changes nothing");
    if (accepted) check_value(one.variable, text, read);
    one.reset(read);
    check(same(read, before), "a reset brings the default back");
}

void read_values(fuzz::bytes input) {
    while (!input.empty()) {
        const std::string text = input.line();
        for (const engine::tunable& one : engine::tunables()) read_one(one, text);
    }
}

void read_environment(fuzz::bytes input) {
    for (const engine::tunable& one : engine::tunables()) setenv(one.variable, input.line().c_str(), 1);
    cmwq::runtime_options read;
    engine::read_environment(read);
    for (const engine::tunable& one : engine::tunables()) check(one.in_range(read), "what is there is in its range");
    for (const engine::tunable& one : engine::tunables()) unsetenv(one.variable);
}

// ---- made-up trees of files
// ------------------------------------------------------------------------------------------

class folder {
public:
    folder() : root_{fs::temp_directory_path() / ("cmwq-fuzz-" + std::to_string(getpid()))} {
        fs::create_directories(root_);
    }
    ~folder() { fs::remove_all(root_); }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;

    fs::path write(const std::string& name, const std::string& text) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream{root_ / name, std::ios::binary} << text;
        return root_ / name;
    }
    const char* path() const { return root_.c_str(); }

private:
    fs::path root_;
};

void read_control_groups(fuzz::bytes input) {
    const folder groups;
    const fs::path membership = groups.write("membership", input.line());
    for (const char* file : {"cpu.max", "box/cpu.max", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us",
                             "cpu/box/cpu.cfs_quota_us", "cpu/box/cpu.cfs_period_us"}) {
        (void)groups.write(file, input.line());
    }
    const int cpus = platform::cpu_quota(groups.path(), membership.c_str());
    check(cpus >= 0 && cpus <= 1 << 20, "a quota is some CPUs, or none");
}

void read_power(fuzz::bytes input) {
    const folder root;
    (void)root.write("firmware/acpi/platform_profile", input.line());
    for (const char* file : {"type", "scope", "status", "online"}) {
        for (const char* supply : {"BAT0", "AC"}) {
            (void)root.write(std::string{"class/power_supply/"} + supply + '/' + file, input.line());
        }
    }
    (void)platform::saves_power(root.path());
}

// ---- texts about threads and CPUs
// ------------------------------------------------------------------------------------

void describe_thread(fuzz::bytes input) {
    const std::string line = input.line();
    const bool ends_well = line.size() > 2 && line.find_last_of(')') == line.size() - 3;
    const auto state = platform::state_from_stat(line.c_str());
    if (ends_well && line.back() == 'R') check(state == platform::task_state::running, "R is for running");
    if (ends_well && line.back() == 'S') check(state == platform::task_state::blocked, "S is for sleeping");
    std::string channel = input.line(), call = input.line(), stack = input.line();
    char text[256];
    platform::describe_place(channel.c_str(), call.data(), stack.data(), text);
    check(std::strlen(text) < sizeof text, "a description ends");
    check(std::strncmp(text, "running", 7) == 0 || std::strncmp(text, "blocked", 7) == 0, "it begins with the state");
}

void read_list_of_cpus(fuzz::bytes input) {
    std::string text = input.line() + '\n';
    std::FILE* file = fmemopen(text.data(), text.size(), "r");
    check(file != nullptr, "memory can be read as a file");
    platform::read_cpu_list(file, 4096, [](int cpu) { check(cpu >= 0 && cpu < 4096, "a CPU is in its range"); });
    std::fclose(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr void (*readers[])(fuzz::bytes) = {read_values, read_environment, read_control_groups,
                                                       read_power,  describe_thread,  read_list_of_cpus};
    fuzz::bytes input{data, size};
    readers[input.below(6)](input);
    return 0;
}
