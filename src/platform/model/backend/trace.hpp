// SPDX-License-Identifier: Apache-2.0
//
// Model backend: what happened in a run, step by step; its hash, and its text.
#pragma once

#include "backend/step.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

struct fiber;

class trace {
public:
    void clear();

    /// The entry of the step that is about to happen.
    trace_entry& append(int fiber, operation kind, const void* object, std::memory_order order) noexcept {
        if (total_ > 0) hash_entry(at(total_ - 1));
        if (total_ == entries_.size() && total_ < capacity) [[unlikely]]
            grow();
        trace_entry& entry = at(total_++);
        entry = {};
        entry.object = object;
        entry.fiber = static_cast<std::uint16_t>(fiber);
        entry.kind = kind;
        entry.order = static_cast<std::uint8_t>(order);
        return entry;
    }

    /// Completes the hash; nothing may be appended after it.
    std::uint64_t hash() noexcept;

    void set_label(const void* object, const char* name) { labels_[object] = name; }

    /// "mutex 2", or its label. Objects are numbered by their first appearance in the trace.
    std::string object_name(const void* object, const char* kind);

    /// The last `count` steps, one a line; if the end repeats itself, one round of it and what led there.
    /// `name_of(id)` names a thread. With `mark_switches` a line of its own where another thread goes on.
    template <class NameOf>
    void write_last(std::string& text, std::size_t count, bool mark_switches, NameOf name_of) {
        number_objects();
        const repetition end = repetition_at_end();
        const std::uint64_t last = total_ - end.steps;
        for (std::uint64_t i = last > count ? last - count : 0; i < last; ++i) {
            if (!is_kept(i)) continue;
            if (mark_switches && i != 0 && at(i).fiber != at(i - 1).fiber) write_switch(text, name_of(at(i).fiber));
            write_line(text, i, name_of(at(i).fiber));
        }
        if (end.steps != 0) write_repetition(text, end);
    }

    /// The steps since the last call, one a line.
    template <class NameOf>
    void write_new(std::string& text, NameOf name_of) {
        number_objects();
        for (; written_ < total_; ++written_) write_line(text, written_, name_of(at(written_).fiber));
    }

    std::uint64_t size() const { return total_; }

    /// The entry number `index`, one of the last few, for those who count in options::on_step.
    const trace_entry& entry(std::uint64_t index) const { return entries_[index % capacity]; }

private:
    // Enough for the longest run that is not a livelock; of longer ones the end is kept.
    static constexpr std::uint64_t capacity = std::uint64_t{1} << 18;

    /// The last `steps` steps repeat those `period` before them.
    struct repetition {
        std::uint64_t period = 0;
        std::uint64_t steps = 0;
    };

    trace_entry& at(std::uint64_t index) { return entries_[index % capacity]; }
    bool is_kept(std::uint64_t index) const { return index + capacity >= total_; }
    void grow();
    // One multiplication an entry, since it is done at each step; hash() spreads the bits.
    void hash_entry(const trace_entry& entry) noexcept {
        std::uint64_t word = (std::uint64_t{entry.fiber} << 32) | (static_cast<std::uint64_t>(entry.kind) << 16) |
                             (static_cast<std::uint64_t>(entry.result) << 8) | entry.order;
        if (entry.stable) word ^= entry.before * 0x100000001b3u + (entry.after << 40);
        hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15u;
        hash_ ^= hash_ >> 29;
    }
    void number_objects();
    std::uint64_t repeated_steps(std::uint64_t period);
    repetition repetition_at_end();
    static void write_repetition(std::string& text, repetition end);
    int number_of(const void* object);
    void write_line(std::string& text, std::uint64_t index, const char* fiber_name);
    static void write_switch(std::string& text, const char* fiber_name);
    void write_values(std::string& text, const trace_entry& entry);

    std::vector<trace_entry> entries_;  // kept from run to run: grown, never emptied
    std::uint64_t total_ = 0;
    std::uint64_t hash_ = 0;
    std::uint64_t numbered_ = 0;  // entries whose objects have numbers
    std::uint64_t written_ = 0;   // entries that write_new has written
    std::unordered_map<const void*, int> numbers_;
    std::unordered_map<const void*, const char*> labels_;
};

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
