// SPDX-License-Identifier: Apache-2.0
//
// Model backend: data races in runs with weak memory. Two accesses to the same byte of which one writes and one is
// plain must be ordered by happens-before, whether or not the values gave the race away in this run.
#include "backend/scheduler.hpp"
#include "backend/weak_memory.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

// Defined by the linker: reports give places relative to it, as addr2line wants them.
extern "C" const char __executable_start __attribute__((visibility("hidden")));

bool is_read(access_kind kind) {
    return kind == access_kind::plain_read || kind == access_kind::atomic_read;
}

bool is_atomic(access_kind kind) {
    return kind == access_kind::atomic_read || kind == access_kind::atomic_write;
}

bool conflict(const access& a, const access& b) {
    if (a.thread == b.thread || (a.bytes & b.bytes) == 0) return false;
    return !(is_read(a.kind) && is_read(b.kind)) && !(is_atomic(a.kind) && is_atomic(b.kind));
}

/// What is asked of `later` is asked of `earlier` too.
bool replaces(const access& later, const access& earlier) {
    return earlier.thread == later.thread && (earlier.bytes & ~later.bytes) == 0 &&
           (earlier.kind == later.kind || (is_read(earlier.kind) && is_atomic(earlier.kind) == is_atomic(later.kind)) ||
            later.kind == access_kind::plain_write);
}

std::uint8_t byte_mask(std::size_t first, std::size_t size) {
    return static_cast<std::uint8_t>(((1u << size) - 1u) << first);
}

std::string access_text(const access& one) {
    static constexpr const char* verbs[] = {"", "reads", "writes", "reads (atomic)", "writes (atomic)"};
    char text[96];
    const char* base = &__executable_start;
    const auto place = one.where != nullptr ? static_cast<const char*>(one.where) - base : 0;
    std::snprintf(text, sizeof text, "thread %d %s at %#tx", one.thread, verbs[static_cast<int>(one.kind)], place);
    return text;
}

}  // namespace

void weak_memory::report_race(const access& before, const access& now, std::uintptr_t number) {
    if (!race_.empty()) return;
    char text[48];
    std::snprintf(text, sizeof text, " (address %#" PRIxPTR ")", number * granule::size);
    race_ = "data race: " + access_text(now) + ", not ordered after: " + access_text(before) + text;
}

void weak_memory::touch_granule(granule& where, const access& now) {
    const clocks& happened = threads_[now.thread].now.happened;
    access* victim = nullptr;
    for (access& one : where.accesses) {
        if (one.kind == access_kind::none) {
            if (victim == nullptr || victim->kind != access_kind::none) victim = &one;
            continue;
        }
        const bool ordered = one.thread == now.thread || happened[one.thread] >= one.clock;
        if (!ordered && conflict(one, now)) report_race(one, now, where.number);
        if (replaces(now, one)) victim = &one;
    }
    if (victim == nullptr) victim = &where.accesses[random_.below(where.accesses.size())];
    *victim = now;
}

access weak_memory::access_by(int thread, access_kind kind, const void* where) {
    access now;
    now.where = where;
    now.clock = state(thread).now.happened[static_cast<std::size_t>(thread)];
    now.thread = static_cast<std::uint16_t>(thread);
    now.kind = kind;
    return now;
}

void weak_memory::touch(int thread, const void* at, std::size_t size, access_kind kind, const void* where) {
    access now = access_by(thread, kind, where);
    auto first = reinterpret_cast<std::uintptr_t>(at);
    const std::uintptr_t end = first + size;
    while (first < end) {
        const std::uintptr_t offset = first % granule::size;
        const std::size_t length = std::min<std::size_t>(granule::size - offset, end - first);
        now.bytes = byte_mask(offset, length);
        touch_granule(shadow_.at(first / granule::size), now);
        first += length;
    }
}

void weak_memory::plain_access(int thread, const void* at, std::size_t size, access_kind kind, const void* where) {
    touch(thread, at, size, kind, where);
}

void weak_memory::forget_locations(granule& where) {
    for (int i = where.first_location; i >= 0;) {
        location& gone = locations_[static_cast<std::size_t>(i)];
        i = gone.next;
        gone.address = nullptr;
    }
    where.first_location = -1;
}

void weak_memory::memory_begins(const void* at, std::size_t size) {
    if (size == 0) return;
    shadow_.for_each(shadow_memory::number_of(at), shadow_memory::number_of(static_cast<const char*>(at) + size - 1),
                     [this](granule& known) {
                         forget_locations(known);
                         known.accesses = {};
                     });
}

void weak_memory::memory_ends(int thread, const void* at, std::size_t size, const void* where) {
    if (size == 0) return;
    access now = access_by(thread, access_kind::plain_write, where);
    now.bytes = 0xff;
    shadow_.for_each(shadow_memory::number_of(at), shadow_memory::number_of(static_cast<const char*>(at) + size - 1),
                     [&](granule& known) { touch_granule(known, now); });
    memory_begins(at, size);
}

// ---- for instrumented code -----------------------------------------------------------------------------------------

namespace {

void plain(const void* at, std::size_t size, access_kind kind, const void* where) {
    scheduler* run = active_scheduler();
    if (run == nullptr || run->memory() == nullptr) return;
    run->memory()->plain_access(run->current_id(), at, size, kind, where);
    run->fail_if_race();
}

}  // namespace

void plain_read(const void* at, std::size_t size, const void* where) noexcept {
    plain(at, size, access_kind::plain_read, where);
}

void plain_write(const void* at, std::size_t size, const void* where) noexcept {
    plain(at, size, access_kind::plain_write, where);
}

void memory_begins(const void* at, std::size_t size) noexcept {
    scheduler* run = active_scheduler();
    if (run != nullptr && run->memory() != nullptr) run->memory()->memory_begins(at, size);
}

void memory_ends(const void* at, std::size_t size, const void* where) noexcept {
    scheduler* run = active_scheduler();
    if (run == nullptr || run->memory() == nullptr) return;
    run->memory()->memory_ends(run->current_id(), at, size, where);
    run->fail_if_race();
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
