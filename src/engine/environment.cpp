// SPDX-License-Identifier: Apache-2.0
#include "engine/environment.hpp"

#include "engine/misuse.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

using std::chrono::nanoseconds;

// ---- texts to values -----------------------------------------------------------------------------------------------

/// The number that `text` begins with; what follows it is left in `text`. False: none, or too large.
bool take_number(std::string_view& text, std::uint64_t& number) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end == text.data()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

struct unit {
    std::string_view name;
    std::uint64_t value;
};
constexpr unit times[] = {
    {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"min", 60'000'000'000}, {"h", 60 * 60'000'000'000u}};
constexpr unit sizes[] = {{"K", 1u << 10}, {"M", 1u << 20}, {"G", 1u << 30}};

/// A number and one of the units, nothing else. Zero needs none.
bool parse_with_unit(std::string_view text, std::span<const unit> units, std::uint64_t& value) noexcept {
    std::uint64_t number = 0;
    if (!take_number(text, number)) return false;
    value = 0;
    if (number == 0 && text.empty()) return true;
    for (const unit& one : units) {
        if (text == one.name) return !__builtin_mul_overflow(number, one.value, &value);
    }
    return false;
}

bool parse(std::string_view text, unsigned& value) noexcept {
    std::uint64_t number = 0;
    if (!take_number(text, number) || !text.empty() || number > ~0u) return false;
    value = static_cast<unsigned>(number);
    return true;
}

bool parse(std::string_view text, nanoseconds& value) noexcept {
    std::uint64_t count = 0;
    if (!parse_with_unit(text, times, count) || count > static_cast<std::uint64_t>(nanoseconds::max().count())) {
        return false;
    }
    value = nanoseconds{static_cast<nanoseconds::rep>(count)};
    return true;
}

bool parse(std::string_view text, std::size_t& value) noexcept {
    std::uint64_t bytes = 0;
    if (!parse_with_unit(text, sizes, bytes)) return false;
    value = bytes;
    return true;
}

bool parse(std::string_view text, std::string_view& value) noexcept {
    value = text;
    return true;
}

template <class Value>
struct word {
    std::string_view text;
    Value value;
};

template <class Value>
bool parse_word(std::string_view text, std::span<const word<Value>> words, Value& value) noexcept {
    for (const word<Value>& one : words) {
        if (text != one.text) continue;
        value = one.value;
        return true;
    }
    return false;
}

bool parse(std::string_view text, block_detection& value) noexcept {
    using enum block_detection;
    static constexpr word<block_detection> words[] = {
        {"auto", automatic}, {"canary", canary}, {"batch", batch_canary}, {"watchdog", watchdog}, {"off", off}};
    return parse_word<block_detection>(text, words, value);
}

bool parse(std::string_view text, power_saving& value) noexcept {
    using enum power_saving;
    static constexpr word<power_saving> words[] = {{"auto", automatic}, {"on", on}, {"off", off}};
    return parse_word<power_saving>(text, words, value);
}

bool parse(std::string_view text, affinity_scope& value) noexcept {
    using enum affinity_scope;
    static constexpr word<affinity_scope> words[] = {{"cpu", cpu},     {"smt", smt},
                                                     {"cache", cache}, {"cache_shard", cache_shard},
                                                     {"numa", numa},   {"system", system}};
    return parse_word<affinity_scope>(text, words, value);
}

/// A CPU, or a first and a last one: 3 or 0-3.
bool take_cpus(std::string_view& text, cpu_mask& into) noexcept {
    std::uint64_t first = 0;
    if (!take_number(text, first)) return false;
    std::uint64_t last = first;
    if (text.starts_with('-')) {
        text.remove_prefix(1);
        if (!take_number(text, last)) return false;
    }
    if (first > last || last >= cpu_mask::max_cpus) return false;
    for (; first <= last; ++first) into.add(static_cast<int>(first));
    return true;
}

bool parse(std::string_view text, cpu_mask& value) noexcept {
    cpu_mask named;
    bool understood = text == "all" || take_cpus(text, named);
    while (understood && text.starts_with(',')) {
        text.remove_prefix(1);
        understood = take_cpus(text, named);
    }
    if (!understood || (!text.empty() && text != "all")) return false;
    value = named;
    return true;
}

// ---- one line of the table -----------------------------------------------------------------------------------------

/// Everything of its type is in range.
struct any_value {
    template <class Value>
    bool operator()(const Value&) const noexcept {
        return true;
    }
};

template <auto Least, auto Most>
struct from_to {
    template <class Value>
    bool operator()(const Value& value) const noexcept {
        return value >= Value{Least} && value <= Value{Most};
    }
};

template <auto Least, auto Most>
struct zero_or_from_to {
    template <class Value>
    bool operator()(const Value& value) const noexcept {
        return value == Value{0} || from_to<Least, Most>{}(value);
    }
};

/// What fits beside a worker's own part ("u999:999H") into the 15 characters that Linux shows.
struct short_prefix {
    bool operator()(std::string_view prefix) const noexcept { return !prefix.empty() && prefix.size() <= 6; }
};

struct said_scope {
    bool operator()(affinity_scope scope) const noexcept {
        return scope > affinity_scope::by_default && scope <= affinity_scope::system;
    }
};

template <auto Member, class Range>
constexpr tunable line(const char* variable, const char* option, const char* takes, const char* standard) noexcept {
    return {variable,
            option,
            takes,
            standard,
            [](const char* text, runtime_options& into) noexcept {
                auto value = into.*Member;
                if (!parse(text, value) || !Range{}(value)) return false;
                into.*Member = value;
                return true;
            },
            [](const runtime_options& given) noexcept { return Range{}(given.*Member); },
            [](runtime_options& given) noexcept { given.*Member = runtime_options{}.*Member; }};
}

constexpr std::int64_t millisecond = 1'000'000, second = 1'000 * millisecond, day = 24 * 60 * 60 * second;
constexpr std::size_t kib = 1024, gib = kib * kib * kib;
using options = runtime_options;

constexpr tunable table[] = {
    line<&options::detect, any_value>("CMWQ_BLOCK_DETECT", "detect", "auto, canary, batch, watchdog or off", "auto"),
    line<&options::power_efficient, any_value>("CMWQ_POWER_EFFICIENT", "power_efficient", "auto, on or off", "auto"),
    line<&options::max_workers, from_to<1, 65534>>("CMWQ_MAX_WORKERS", "max_workers", "1 to 65534", "1024"),
    line<&options::idle_worker_timeout, from_to<1000, 365 * day>>("CMWQ_IDLE_WORKER_TIMEOUT", "idle_worker_timeout",
                                                                  "1us to 8760h", "300s"),
    line<&options::worker_stack_size, from_to<64 * kib, gib>>("CMWQ_WORKER_STACK_SIZE", "worker_stack_size",
                                                              "64K to 1G", "256K"),
    line<&options::cpu_hog_after, from_to<10 * millisecond, 3600 * second>>("CMWQ_CPU_HOG_AFTER", "cpu_hog_after",
                                                                            "10ms to 1h", "10ms"),
    line<&options::report_stalls_after, zero_or_from_to<10 * millisecond, 365 * day>>(
        "CMWQ_REPORT_STALLS_AFTER", "report_stalls_after", "0 (never) or 10ms to 8760h", "30s"),
    line<&options::timer_advance, zero_or_from_to<1000, millisecond>>("CMWQ_TIMER_ADVANCE", "timer_advance",
                                                                      "0 (never) or 1us to 1ms", "50us"),
    line<&options::thread_name_prefix, short_prefix>("CMWQ_THREAD_NAME_PREFIX", "thread_name_prefix",
                                                     "1 to 6 characters", "cmwq/"),
    line<&options::unbound_cpus, any_value>("CMWQ_UNBOUND_CPUS", "unbound_cpus", "all, or CPUs as in 0-3,8", "all"),
    line<&options::default_affinity, said_scope>("CMWQ_DEFAULT_AFFINITY", "default_affinity",
                                                 "cpu, smt, cache, cache_shard, numa or system", "cache"),
};
static_assert(std::size(table) <= 32, "one bit each");
constexpr const tunable &detection = table[0], &power = table[1];
static_assert(detection.option == std::string_view{"detect"} && power.option == std::string_view{"power_efficient"});

/// The first time for this line of the table, in this process?
bool first_complaint(const tunable& about) noexcept {
    static constinit atomic<unsigned> told{0};
    const unsigned bit = 1u << (&about - table);
    return (told.fetch_or(bit, memory_order_relaxed) & bit) == 0;
}

void complain(const tunable& about, const char* text) noexcept {
    if (!first_complaint(about)) return;
    char said[256];
    std::snprintf(said, sizeof said, "cmwq: %s is \"%.64s\"; it takes %s; the default, %s, is used", about.variable,
                  text, about.takes, about.default_value);
    platform::say(said);
}

void read_one(const tunable& one, runtime_options& options) noexcept {
    const char* text = std::getenv(one.variable);
    if (text == nullptr || one.read(text, options)) return;
    one.reset(options);
    complain(one, text);
}

}  // namespace

std::span<const tunable> tunables() noexcept {
    return table;
}

void read_environment(runtime_options& options) noexcept {
    for (const tunable& one : table) read_one(one, options);
}

void read_environment_for_automatic(runtime_options& options) noexcept {
    if (options.detect == block_detection::automatic) read_one(detection, options);
    if (options.power_efficient == power_saving::automatic) read_one(power, options);
}

void correct_options(runtime_options& options, const call_site& where) noexcept {
    for (const tunable& one : table) {
        if (one.in_range(options)) continue;
        one.reset(options);
        char said[160];
        std::snprintf(said, sizeof said, "runtime_options::%s is out of range; it takes %s; the default, %s, is used",
                      one.option, one.takes, one.default_value);
        report({misuse_code::runtime_option_out_of_range, nullptr, nullptr, where, said});
    }
}

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
