// SPDX-License-Identifier: Apache-2.0
#include "backend/trace.hpp"

#include "backend/random.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

/// How an operation reads in a report.
struct operation_text {
    const char* verb;
    const char* object;  ///< what kind of thing it acts on; empty: none
    enum { no_value, old_value, old_and_new, after_only } values;
};

constexpr operation_text texts[] = {
    {"load", "atomic", operation_text::after_only},
    {"store", "atomic", operation_text::after_only},
    {"exchange", "atomic", operation_text::old_and_new},
    {"fetch_add", "atomic", operation_text::old_and_new},
    {"fetch_sub", "atomic", operation_text::old_and_new},
    {"fetch_or", "atomic", operation_text::old_and_new},
    {"fetch_and", "atomic", operation_text::old_and_new},
    {"fetch_xor", "atomic", operation_text::old_and_new},
    {"compare_exchange", "atomic", operation_text::old_and_new},
    {"fence_seq_cst", "", operation_text::no_value},
    {"fence_all_threads", "", operation_text::no_value},
    {"fence_compiler", "", operation_text::no_value},
    {"pause", "", operation_text::no_value},
    {"yield", "", operation_text::no_value},
    {"lock", "mutex", operation_text::no_value},
    {"lock, after waiting", "mutex", operation_text::no_value},
    {"try_lock", "mutex", operation_text::no_value},
    {"unlock", "mutex", operation_text::no_value},
    {"park", "parker", operation_text::no_value},
    {"park_until", "parker", operation_text::after_only},
    {"took the token, after waiting", "parker", operation_text::no_value},
    {"park timed out", "parker", operation_text::no_value},
    {"woke up for nothing", "parker", operation_text::no_value},
    {"unpark", "parker", operation_text::no_value},
    {"starts thread", "", operation_text::after_only},
    {"is refused a thread", "", operation_text::no_value},
    {"ends", "", operation_text::no_value},
    {"join thread", "", operation_text::after_only},
    {"joined thread, after waiting", "", operation_text::after_only},
    {"now", "", operation_text::after_only},
    {"task_state of thread", "", operation_text::after_only},
    {"allocate bytes", "", operation_text::after_only},
    {"is refused memory, bytes", "", operation_text::after_only},
    {"deallocate bytes", "", operation_text::after_only},
    {"sleeps until", "", operation_text::after_only},
    {"burns CPU until", "", operation_text::after_only},
    {"continues at", "", operation_text::after_only},
    {"note", "", operation_text::after_only},
};

const operation_text& text_of(operation kind) {
    return texts[static_cast<std::size_t>(kind)];
}

const char* order_text(std::uint8_t order) {
    switch (static_cast<std::memory_order>(order)) {
    case std::memory_order_relaxed: return "relaxed";
    case std::memory_order_consume: return "consume";
    case std::memory_order_acquire: return "acquire";
    case std::memory_order_release: return "release";
    case std::memory_order_acq_rel: return "acq_rel";
    case std::memory_order_seq_cst: return "seq_cst";
    }
    return "";
}

void append_value(std::string& text, std::uint64_t value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, value < 1'000'000'000 ? "%" PRIu64 : "%#" PRIx64, value);
    text += digits;
}

}  // namespace

void trace::clear() {
    total_ = hash_ = numbered_ = written_ = 0;
    numbers_.clear();
    labels_.clear();
}

void trace::grow() {
    entries_.resize(std::max<std::size_t>(2 * total_, 1024));
}

std::uint64_t trace::hash() noexcept {
    if (total_ > 0) hash_entry(at(total_ - 1));
    return scramble(hash_);
}

int trace::number_of(const void* object) {
    return numbers_.try_emplace(object, static_cast<int>(numbers_.size()) + 1).first->second;
}

void trace::number_objects() {
    for (; numbered_ < total_; ++numbered_) {
        if (is_kept(numbered_) && at(numbered_).object != nullptr && at(numbered_).kind != operation::note) {
            number_of(at(numbered_).object);
        }
    }
}

std::string trace::object_name(const void* object, const char* kind) {
    number_objects();
    std::string text = kind;
    text += ' ';
    if (const auto label = labels_.find(object); label != labels_.end()) return text + '"' + label->second + '"';
    return text + std::to_string(number_of(object));
}

void trace::write_values(std::string& text, const trace_entry& entry) {
    const auto shown = text_of(entry.kind).values;
    if (shown == operation_text::no_value) return;
    text += ' ';
    if (shown == operation_text::old_and_new) {
        append_value(text, entry.before);
        text += " -> ";
    }
    append_value(text, entry.after);
}

void trace::write_switch(std::string& text, const char* fiber_name) {
    text += std::string("  ------ ") + fiber_name + " goes on\n";
}

void trace::write_line(std::string& text, std::uint64_t index, const char* fiber_name) {
    const trace_entry& entry = at(index);
    char head[96];
    std::snprintf(head, sizeof head, "  %6" PRIu64 "  %-14s ", index + 1, fiber_name);
    text += head;
    const operation_text& words = text_of(entry.kind);
    if (entry.kind == operation::note) {
        text += static_cast<const char*>(entry.object);
    } else if (*words.object != '\0') {
        text += object_name(entry.object, words.object) + ' ' + words.verb;
    } else {
        text += words.verb;
    }
    write_values(text, entry);
    if (entry.kind <= operation::compare_exchange) text += std::string(" (") + order_text(entry.order) + ')';
    if (entry.result == verdict::failure) text += " failed";
    if (entry.result == verdict::spurious_failure) text += " failed spuriously";
    if (entry.result == verdict::old_value) text += " old value";
    text += '\n';
}

// ---- repetition: the end of a livelock -----------------------------------------------------------------------------

namespace {

constexpr std::uint64_t longest_period = 32;
constexpr std::uint64_t enough_rounds = 4;

bool same_step(const trace_entry& a, const trace_entry& b) {
    return a.fiber == b.fiber && a.kind == b.kind && a.object == b.object && a.before == b.before &&
           a.after == b.after && a.result == b.result;
}

}  // namespace

std::uint64_t trace::repeated_steps(std::uint64_t period) {
    std::uint64_t i = total_;
    while (i > period && is_kept(i - 1 - period) && same_step(at(i - 1), at(i - 1 - period))) --i;
    return total_ - i;
}

trace::repetition trace::repetition_at_end() {
    for (std::uint64_t period = 1; period <= longest_period && period < total_; ++period) {
        const std::uint64_t steps = repeated_steps(period);
        if (steps >= enough_rounds * period) return {period, steps};
    }
    return {};
}

void trace::write_repetition(std::string& text, repetition end) {
    text += "          and so on: the last " + std::to_string(end.period) + " of these steps again and again, " +
            std::to_string(end.steps) + " steps more\n";
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
