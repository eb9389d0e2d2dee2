// SPDX-License-Identifier: Apache-2.0
//
// The recorder: what ran when, kept in memory while the program runs, for cmwq::write_trace. Off, it costs nothing: the
// switch is a bit of words that the path of an item reads anyway (a queue's `state`, a worker's `attention`), and lies
// behind branches that are there anyway. On, each thread writes 16 bytes per event into a ring of its own.
// Protocol page, and what was tried: docs/design/tracing.md.
#pragma once

#include "engine/queue_state.hpp"

#include <cmwq/trace.hpp>

namespace cmwq {
inline namespace v1 {
namespace engine {

/// What a record says. The events stand between records of time; one that stands right behind such a record happened
/// then, those behind it later, in this order, before the next.
enum class trace_event : std::uint8_t {
    nothing,
    time,        ///< first: ticks
    idle,        ///< the same; what ran has ended
    enqueue,     ///< item, class, queue
    run,         ///< item, class, queue; what ran on this thread before has ended
    guest_run,   ///< the same, inside of what runs
    guest_end,   ///< what it was inside of goes on
    no_run,      ///< the last run is to be forgotten: the item was handed to somebody instead
    text,        ///< seven characters of a description of what runs in `first`, five in `second`; more may follow
    new_thread,  ///< from here on another thread's; first: its number; its name follows as text
};

struct trace_record {
    std::uint64_t first = 0;
    std::uint64_t second = 0;  ///< the event in the lowest byte
};

/// What a buffer holds.
struct recorded_part {
    const trace_record* ring = nullptr;
    std::size_t size = 0;      ///< of the ring
    std::size_t position = 0;  ///< behind the newest
    std::uint64_t wraps = 0;

    std::uint64_t written() const noexcept { return wraps * size + position; }
};

/// The records of one thread at a time, in a ring. Neither buffers nor rings are ever freed or cut anew, so that a
/// thread that was held up in the middle of an event does no harm when it goes on, in whatever trace: what it writes is
/// one record behind the newest, in a ring that is its own, and nobody reads that one.
struct alignas(cache_line) trace_buffer {
    /// Values of `limit` below this one: nothing is recorded, or (of its own for each trace) a trace has begun in which
    /// the buffer was not used yet.
    static constexpr std::uintptr_t first_address = 4096, off = 0;

    /// K A(record): the address of the record to be written next. Never below first_address: as long as it is none, the
    /// thread looks up.
    atomic<std::uintptr_t> next{first_address};
    /// A(record): the address where the thread has to look up: to read the clock, or to begin the ring again.
    atomic<std::uintptr_t> limit{off};
    atomic<std::uint64_t> wraps{0};  // K A(record): how often the ring began again
    std::uint64_t last_reading = 0;  // S
    unsigned covers = 1;             // S: events from one reading of the clock to the next

    // Of the trace: by whoever begins it.
    alignas(cache_line) atomic<trace_record*> ring{nullptr};  // A(record)
    atomic<std::size_t> size{0};                              // A(record)
    atomic<unsigned> most_covered{1};                         // A(record)

    // Under the recorder's lock_.
    bool taken = false;               // V: a thread has it
    int thread_id = 0;                // V: whose it was when the trace began, or who was the first in it
    char thread_name[16] = {};        // V
    std::uintptr_t last_limit = off;  // V: as it was when the trace ended
    recorded_part kept;               // V: of a trace that has ended
};

/// The name that a queue had, for when it is gone.
struct traced_queue {
    queue_id id;
    std::uint64_t since;  ///< ticks: ids are used again
    char name[cmwq_queue::name_size];
};

/// One per process.
class recorder {
public:
    static constexpr unsigned most_threads = 1024;

    constexpr recorder() noexcept = default;
    static recorder& instance() noexcept;

    bool on() const noexcept { return on_.load(memory_order_relaxed); }

    [[nodiscard]] bool start(const trace_options& how) noexcept;
    [[nodiscard]] bool stop() noexcept;
    /// To the file of that name, as JSON. Ends the trace first.
    [[nodiscard]] bool write(const char* file_name) noexcept;
    trace_counts counts() noexcept;
    /// CMWQ_TRACE: begins, and write_at_end writes to that file.
    void begin_for_process(const char* file_name) noexcept;
    void write_at_end() noexcept;

    /// For the calling thread. Null: there is none left, the event is counted.
    trace_buffer* take_buffer() noexcept;
    void give_back(trace_buffer& mine) noexcept;
    void count_missed() noexcept { missed_.fetch_add(1, memory_order_relaxed); }
    /// The queue has its id.
    void add_queue(const cmwq_queue& wq) noexcept;
    void renew_after_fork() noexcept;
    /// As if nothing had ever been recorded. For tests: no thread is in the middle of an event.
    void forget_everything() noexcept;

private:
    bool make_rings(const trace_options& how) noexcept;
    void give_rings(const trace_options& how) noexcept;
    bool stop_locked() noexcept;
    bool make_room_for_queue() noexcept;
    trace_buffer* find_free_buffer() noexcept;

    mutex switch_lock_;  // outermost: start, stop, write
    mutex lock_;         // innermost
    atomic<bool> on_{false};
    atomic<std::uint64_t> missed_{0};                        // T
    atomic<unsigned> nr_free_{0};                            // T: buffers to be had; written under lock_
    struct ring_block* blocks_ = nullptr;                    // Y: the memory of all rings, the last trace's first
    std::uintptr_t session_ = 0;                             // Y: what `limit` begins with
    unsigned nr_rings_ = 0;                                  // V, written under Y
    std::size_t ring_size_ = 0;                              // V, written under Y
    traced_queue* queues_ = nullptr;                         // V
    std::size_t nr_queues_ = 0, room_for_queues_ = 0;        // V
    std::uint64_t first_tick_ = 0, last_tick_ = 0;           // Y
    std::chrono::nanoseconds first_time_{0}, last_time_{0};  // Y
    char file_[256] = {};                                    // Y: where to at the end
    trace_buffer buffers_[most_threads];
};

extern constinit recorder the_recorder;

inline recorder& recorder::instance() noexcept {
    return the_recorder;
}

/// Address and class in 48 bits each, as everywhere in the engine; the queue's id in the 24 bits that are left.
[[gnu::always_inline]] inline void write_event(trace_event what, trace_record& to, const work_base& item,
                                               const work_class& kind, queue_id id) noexcept {
    to.first = reinterpret_cast<std::uintptr_t>(&item) << 16 | (id & 0xffffu);
    to.second = reinterpret_cast<std::uintptr_t>(&kind) << 16 | (id >> 8 & 0xff00u) | static_cast<std::uint64_t>(what);
}

inline constexpr std::size_t prefetch_distance = 16;  ///< records: four lines

/// The record is complete.
inline void publish_record(trace_buffer& mine, const trace_record* written) noexcept {
    // sync record.1: release; pairs with record.2, record.16; publishes the record
    mine.next.store(reinterpret_cast<std::uintptr_t>(written + 1), memory_order_release);
}

/// Where the thread has to look up: its first event, a reading of the clock, the ring's end, or the trace's.
void record_slowly(trace_event what, const work_base& item, const work_class& kind, queue_id id) noexcept;

[[gnu::always_inline]] inline void record(trace_event what, const work_base& item, const work_class& kind,
                                          queue_id id) noexcept {
    auto* mine = static_cast<trace_buffer*>(platform::trace_slot());
    if (mine == nullptr) [[unlikely]]
        return record_slowly(what, item, kind, id);
    const std::uintptr_t next = mine->next.load(memory_order_relaxed);
    if (next >= mine->limit.load(memory_order_relaxed)) [[unlikely]]
        return record_slowly(what, item, kind, id);
    auto* to = reinterpret_cast<trace_record*>(next);
    // The read-modify-writes of an item's path wait for the stores before them: the line should be there by then.
    __builtin_prefetch(to + prefetch_distance, 1);
    write_event(what, *to, item, kind, id);
    publish_record(*mine, to);
}

/// Follows the recorder's being on or off. Under setup_lock; the queue has its id, or is not in use.
void follow_recorder(cmwq_queue& wq) noexcept;

/// The item was claimed and is not published yet.
[[gnu::always_inline]] inline void record_enqueue(const work_base& item, const cmwq_queue& wq) noexcept {
    record(trace_event::enqueue, item, access::kind(item), wq.id);
}
/// The run that was recorded last by this thread will not come.
void record_no_run() noexcept;
/// A work function describes what it does.
void record_text(std::string_view text) noexcept;

/// The worker has `attention`: what waited for its last item's end goes on, and this one is recorded.
void look_up_before_item(worker& me, const work_base& item, const work_class& kind, const cmwq_queue& wq) noexcept;
/// The same where no item follows.
void look_up_between_items(worker& me) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
