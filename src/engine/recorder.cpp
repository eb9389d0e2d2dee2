// SPDX-License-Identifier: Apache-2.0
#include "engine/recorder.hpp"

#include "engine/collision.hpp"
#include "engine/fork.hpp"
#include "engine/memory.hpp"
#include "engine/registry.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

namespace cmwq {
inline namespace v1 {
namespace engine {

constinit recorder the_recorder;

// ---- the events ----------------------------------------------------------------------------------------------------

namespace {

trace_buffer* buffer_of_this_thread() noexcept {
    if (void* mine = platform::trace_slot()) return static_cast<trace_buffer*>(mine);
    return recorder::instance().take_buffer();
}

/// The calling thread's, if it has recorded anything in its life; else what follows an event has nothing to follow.
trace_buffer* buffer_if_any() noexcept {
    return static_cast<trace_buffer*>(platform::trace_slot());
}

std::uintptr_t address(const trace_record* record) noexcept {
    return reinterpret_cast<std::uintptr_t>(record);
}

/// The owner's side of a buffer where it looks up. All steps are taken back to "nothing is recorded" if the trace ends
/// meanwhile, even if another has begun by then.
class slow_writer {
public:
    explicit slow_writer(trace_buffer& mine) noexcept : mine_{mine} {
        // sync record.6: acquire; pairs with record.7; sees what the trace is to be like
        limit_ = mine.limit.load(memory_order_acquire);
        // sync record.8: acquire; pairs with record.9; of another trace: then the limit has changed, too
        ring_ = mine.ring.load(memory_order_acquire);
        // sync record.10: acquire; pairs with record.11; as record.8
        end_ = ring_ + mine.size.load(memory_order_acquire);
        if (limit_ == trace_buffer::off || mine.limit.load(memory_order_relaxed) != limit_) return;
        if (limit_ >= trace_buffer::first_address) {
            to_ = reinterpret_cast<trace_record*>(mine.next.load(memory_order_relaxed));
            wrap();
        } else {
            begin();
        }
    }

    bool is_on() const noexcept { return to_ != nullptr; }
    trace_record& record() noexcept { return *to_; }

    /// The record is complete. To be followed by another look at is_on.
    void publish() noexcept {
        publish_record(mine_, to_++);
        wrap();
    }

    void put_time(trace_event what) noexcept {
        const std::uint64_t now = platform::ticks();
        const unsigned covers = what == trace_event::idle ? 0 : covers_after(now - mine_.last_reading);
        mine_.last_reading = now;
        *to_ = {now, static_cast<std::uint64_t>(what)};
        publish_record(mine_, to_++);
        set_limit(std::min(address(to_ + covers), address(end_)));
        wrap();
    }

private:
    /// The thread's first event in this trace.
    void begin() noexcept {
        mine_.last_reading = 0;
        mine_.covers = 1;
        mine_.wraps.store(0, memory_order_relaxed);
        to_ = ring_;
        // sync record.12: release; pairs with record.2; sees no wraps of an earlier trace
        mine_.next.store(address(ring_), memory_order_release);
        set_limit(address(ring_));
    }

    /// Goes on at the ring's beginning if it is at its end; the next event looks up, wherever the limit was.
    void wrap() noexcept {
        if (to_ != end_) return;
        mine_.wraps.store(mine_.wraps.load(memory_order_relaxed) + 1, memory_order_relaxed);
        to_ = ring_;
        // sync record.5: release; pairs with record.2; who sees the ring begin again sees that it did
        mine_.next.store(address(ring_), memory_order_release);
        set_limit(address(ring_));
    }

    void set_limit(std::uintptr_t limit) noexcept {
        // sync record.13: release read-modify-write; pairs with record.14, record.15; who ends the trace, or asks how
        // far it is, sees that it was used
        if (mine_.limit.compare_exchange_strong(limit_, limit, memory_order_release, memory_order_relaxed)) {
            limit_ = limit;
        } else {
            to_ = nullptr;
        }
    }

    /// Reading the clock costs more than all the rest. While events come fast, one reading covers several.
    unsigned covers_after(std::uint64_t passed) noexcept {
        if (passed >= platform::ticks_per_microsecond) {
            mine_.covers = 1;
        } else if (2 * passed < platform::ticks_per_microsecond) {
            mine_.covers = std::min(2 * mine_.covers, mine_.most_covered.load(memory_order_relaxed));
        }
        return mine_.covers;
    }

    trace_buffer& mine_;
    std::uintptr_t limit_;
    trace_record* ring_;
    trace_record* end_;
    trace_record* to_ = nullptr;
};

void put(slow_writer& to, trace_event what, std::uint64_t first) noexcept {
    if (!to.is_on()) return;
    to.record() = {first, static_cast<std::uint64_t>(what)};
    to.publish();
}

constexpr std::size_t characters_per_record = 15;

void put_text(slow_writer& to, std::string_view text) noexcept {
    while (!text.empty() && to.is_on()) {
        char packed[16] = {static_cast<char>(trace_event::text)};
        text.remove_prefix(text.copy(packed + 1, characters_per_record));
        std::uint64_t words[2];
        std::memcpy(words, packed, sizeof words);
        to.record() = {words[1], words[0]};
        to.publish();
    }
}

}  // namespace

[[gnu::noinline]] void record_slowly(trace_event what, const work_base& item, const work_class& kind,
                                     queue_id id) noexcept {
    trace_buffer* mine = buffer_of_this_thread();
    if (mine == nullptr) return;
    slow_writer to{*mine};
    if (to.is_on()) to.put_time(trace_event::time);
    if (!to.is_on()) return recorder::instance().count_missed();
    write_event(what, to.record(), item, kind, id);
    to.publish();
}

void record_no_run() noexcept {
    trace_buffer* mine = buffer_if_any();
    if (mine == nullptr) return;
    slow_writer to{*mine};
    put(to, trace_event::no_run, 0);
}

void record_text(std::string_view text) noexcept {
    trace_buffer* mine = buffer_if_any();
    if (mine == nullptr) return;
    slow_writer to{*mine};
    put_text(to, text);
}

/// What ran has ended, and nothing follows at once.
static void record_end(trace_buffer& mine, bool of_guest) noexcept {
    slow_writer to{mine};
    if (to.is_on()) to.put_time(of_guest ? trace_event::time : trace_event::idle);
    if (of_guest) put(to, trace_event::guest_end, 0);
}

void look_up_before_item(worker& me, const work_base& item, const work_class& kind, const cmwq_queue& wq) noexcept {
    const unsigned asked = me.attention.load(memory_order_relaxed);
    if ((asked & ~attention::recorded) != 0) [[unlikely]]
        send_on_collided_items(me);
    if ((asked & attention::recorded) == 0) [[unlikely]]
        return;
    if (me.is_guest) [[unlikely]]
        return record_slowly(trace_event::guest_run, item, kind, wq.id);
    record(trace_event::run, item, kind, wq.id);
}

void look_up_between_items(worker& me) noexcept {
    const unsigned asked = me.attention.load(memory_order_relaxed);
    trace_buffer* mine = buffer_if_any();
    if ((asked & attention::recorded) != 0 && mine != nullptr) record_end(*mine, me.is_guest);
    if ((asked & ~attention::recorded) != 0) send_on_collided_items(me);
}

void follow_recorder(cmwq_queue& wq) noexcept {
    const bool recorded = (wq.state.load(memory_order_relaxed) & cmwq_queue::recorded) != 0;
    const bool on = recorder::instance().on();
    if (recorded == on || wq.id == 0) return;
    if (on) {
        recorder::instance().add_queue(wq);
        wq.state.fetch_or(cmwq_queue::recorded, memory_order_relaxed);
    } else {
        wq.state.fetch_and(~cmwq_queue::recorded, memory_order_relaxed);
    }
}

// ---- buffers -------------------------------------------------------------------------------------------------------

/// One that nobody used in this trace, or else one whose thread has ended. Under lock_.
trace_buffer* recorder::find_free_buffer() noexcept {
    trace_buffer* used = nullptr;
    for (unsigned i = 0; i < nr_rings_; ++i) {
        trace_buffer& each = buffers_[i];
        if (each.taken) continue;
        if (each.limit.load(memory_order_relaxed) < trace_buffer::first_address) return &each;
        if (used == nullptr) used = &each;
    }
    return used;
}

trace_buffer* recorder::take_buffer() noexcept {
    count_missed();
    if (nr_free_.load(memory_order_relaxed) == 0) return nullptr;
    trace_buffer* mine = nullptr;
    bool fresh = false;
    char name[16];
    platform::copy_thread_name(name);
    {
        locked hold{lock_};
        mine = find_free_buffer();
        if (mine == nullptr) return nullptr;
        nr_free_.fetch_sub(1, memory_order_relaxed);
        mine->taken = true;
        fresh = mine->limit.load(memory_order_relaxed) < trace_buffer::first_address;
        if (fresh) {
            mine->thread_id = platform::current_thread_id();
            std::memcpy(mine->thread_name, name, sizeof name);
        }
    }
    platform::hold_trace_slot(mine,
                              [](void* held) { recorder::instance().give_back(*static_cast<trace_buffer*>(held)); });
    if (platform::trace_slot() == nullptr) return nullptr;  // the thread is at its end
    missed_.fetch_sub(1, memory_order_relaxed);
    if (fresh) return mine;
    slow_writer to{*mine};
    put(to, trace_event::new_thread, static_cast<std::uint64_t>(platform::current_thread_id()));
    put_text(to, name);
    return mine;
}

void recorder::give_back(trace_buffer& mine) noexcept {
    locked hold{lock_};
    mine.taken = false;
    if (mine.limit.load(memory_order_relaxed) != trace_buffer::off) nr_free_.fetch_add(1, memory_order_relaxed);
}

/// Rings of one size are cut from one block, which stays: a thread may still be in the middle of an event of a trace
/// that has long ended.
struct ring_block {
    ring_block* others = nullptr;
    unsigned threads = 0;
    std::size_t size = 0;
    trace_record* records = nullptr;
};

namespace {

ring_block* make_block(unsigned threads, std::size_t size) noexcept {
    auto* made = create<ring_block>();
    if (made == nullptr) return nullptr;
    made->threads = threads;
    made->size = size;
    made->records = create_array<trace_record>(threads * size);  // written here, so that it is there when it is needed
    if (made->records != nullptr) return made;
    destroy(made);
    return nullptr;
}

/// Takes the block with rings of that size out of the list; null: there is none.
ring_block* take_block(ring_block** list, unsigned threads, std::size_t size) noexcept {
    for (ring_block** link = list; *link != nullptr; link = &(*link)->others) {
        ring_block* found = *link;
        if (found->threads != threads || found->size != size) continue;
        *link = found->others;
        return found;
    }
    return nullptr;
}

/// Consistent while its thread goes on writing.
recorded_part look_at(const trace_buffer& buffer, std::uintptr_t limit) noexcept {
    recorded_part part;
    if (limit < trace_buffer::first_address) return part;
    part.ring = buffer.ring.load(memory_order_relaxed);
    part.size = buffer.size.load(memory_order_relaxed);
    std::uintptr_t next = 0;
    do {
        part.wraps = buffer.wraps.load(memory_order_relaxed);
        // sync record.2: acquire; pairs with record.1, record.5, record.12; sees the records
        next = buffer.next.load(memory_order_acquire);
    } while (buffer.wraps.load(memory_order_relaxed) != part.wraps);
    part.position = (next - address(part.ring)) / sizeof(trace_record);
    // At the end of the ring this may be between the two stores of `wrap`: the same records, counted once too often.
    return part;
}

}  // namespace

bool recorder::make_rings(const trace_options& how) noexcept {
    const unsigned threads = std::clamp(how.threads, 1u, most_threads);
    const std::size_t size = std::bit_ceil(std::clamp<std::size_t>(how.records_per_thread, 64, std::size_t{1} << 26));
    ring_block* block = take_block(&blocks_, threads, size);
    if (block == nullptr) block = make_block(threads, size);
    if (block == nullptr) return false;
    block->others = blocks_;
    blocks_ = block;
    locked hold{lock_};
    nr_rings_ = threads;
    ring_size_ = size;
    return true;
}

void recorder::give_rings(const trace_options& how) noexcept {
    locked hold{lock_};
    nr_queues_ = 0;
    missed_.store(0, memory_order_relaxed);
    unsigned nr_free = 0;
    for (unsigned i = 0; i < nr_rings_; ++i) {
        trace_buffer& each = buffers_[i];
        nr_free += each.taken ? 0 : 1;
        each.most_covered.store(how.exact ? 1 : 16, memory_order_relaxed);
        each.kept = {};
        // sync record.9: release; pairs with record.8; the limit was switched off before
        each.ring.store(blocks_->records + i * ring_size_, memory_order_release);
        each.size.store(ring_size_, memory_order_release);  // sync record.11: release; pairs with record.10; likewise
        // sync record.7: release; pairs with record.6; publishes the ring and what is said about it
        each.limit.store(session_, memory_order_release);
    }
    nr_free_.store(nr_free, memory_order_relaxed);
}

// ---- on and off ----------------------------------------------------------------------------------------------------

namespace {

/// The same moment by both clocks, as near as one comes in a few attempts.
void read_clocks(std::uint64_t& ticks, std::chrono::nanoseconds& time) noexcept {
    std::uint64_t least = ~std::uint64_t{0};
    for (int i = 0; i < 5; ++i) {
        const std::uint64_t before = platform::ticks();
        const std::chrono::nanoseconds now = platform::now();
        const std::uint64_t after = platform::ticks();
        if (after - before >= least) continue;
        least = after - before;
        ticks = before + least / 2;
        time = now;
    }
}

}  // namespace

bool recorder::start(const trace_options& how) noexcept {
    locked hold{switch_lock_};
    if (on()) return false;
    {
        locked hold{lock_};  // a thread that looks for a buffer may be late, and goes over those of the last trace
        nr_rings_ = 0;
    }
    if (!make_rings(how)) return false;
    session_ = session_ % (trace_buffer::first_address - 1) + 1;
    read_clocks(first_tick_, first_time_);
    give_rings(how);
    on_.store(true, memory_order_relaxed);
    follow_recorder_everywhere();
    registry::instance().tell_all_workers(attention::recorded, true);
    return true;
}

bool recorder::stop_locked() noexcept {
    if (!on()) return false;
    on_.store(false, memory_order_relaxed);
    registry::instance().tell_all_workers(attention::recorded, false);
    follow_recorder_everywhere();
    locked hold{lock_};
    for (unsigned i = 0; i < nr_rings_; ++i) {
        // sync record.14: acquire read-modify-write; pairs with record.13; a buffer that was used is known to be
        buffers_[i].last_limit = buffers_[i].limit.exchange(trace_buffer::off, memory_order_acquire);
    }
    // sync record.16: fence_all_threads; pairs with record.1; each thread's next look at its limit sees that it is off,
    // and what it published before is seen below. Without it the records that its processor still holds back would be
    // missed, and written where others are read
    platform::fence_all_threads();
    for (unsigned i = 0; i < nr_rings_; ++i) buffers_[i].kept = look_at(buffers_[i], buffers_[i].last_limit);
    nr_free_.store(0, memory_order_relaxed);
    read_clocks(last_tick_, last_time_);
    return true;
}

bool recorder::stop() noexcept {
    locked hold{switch_lock_};
    return stop_locked();
}

trace_counts recorder::counts() noexcept {
    trace_counts all;
    locked hold{lock_};
    all.missed = missed_.load(memory_order_relaxed);
    for (unsigned i = 0; i < nr_rings_; ++i) {
        // sync record.15: acquire; pairs with record.13; as record.14: else `next` may be as before the ring began
        const std::uintptr_t limit = buffers_[i].limit.load(memory_order_acquire);
        const std::uint64_t written = on() ? look_at(buffers_[i], limit).written() : buffers_[i].kept.written();
        all.records += written;
        if (written > ring_size_) all.overwritten += written - ring_size_;
    }
    return all;
}

bool recorder::make_room_for_queue() noexcept {
    if (nr_queues_ < room_for_queues_) return true;
    const std::size_t room = std::max<std::size_t>(64, 2 * room_for_queues_);
    auto* more = create_array<traced_queue>(room);
    if (more == nullptr) return false;
    std::copy_n(queues_, nr_queues_, more);
    if (queues_ != nullptr) destroy_array(queues_, room_for_queues_);
    queues_ = more;
    room_for_queues_ = room;
    return true;
}

void recorder::add_queue(const cmwq_queue& wq) noexcept {
    locked hold{lock_};
    if (!make_room_for_queue()) return;  // it will be told by its number
    traced_queue& added = queues_[nr_queues_++];
    added.id = wq.id;
    added.since = platform::ticks();
    std::memcpy(added.name, wq.name, sizeof added.name);
}

void recorder::forget_everything() noexcept {
    while (ring_block* block = blocks_) {
        blocks_ = block->others;
        destroy_array(block->records, block->threads * block->size);
        destroy(block);
    }
    if (queues_ != nullptr) destroy_array(queues_, room_for_queues_);
    new (this) recorder;
}

void recorder::renew_after_fork() noexcept {
    platform::forget_trace_slot();
    ring_block* const inherited = blocks_;
    traced_queue* const names = queues_;
    new (this) recorder;
    blocks_ = inherited;  // nobody is in the middle of anything here
    queues_ = names;
}

namespace {

/// When the library is loaded: the first item may come from a static constructor.
[[gnu::constructor]] void begin_trace_of_process() noexcept {
    if (const char* file_name = std::getenv("CMWQ_TRACE")) recorder::instance().begin_for_process(file_name);
}

/// After the program's own destructors, whose items are in it.
[[gnu::destructor]] void write_trace_of_process() noexcept {
    recorder::instance().write_at_end();
}

}  // namespace

}  // namespace engine

bool start_trace(const trace_options& options) noexcept {
    return engine::recorder::instance().start(options);
}

bool stop_trace() noexcept {
    return engine::recorder::instance().stop();
}

trace_counts traced() noexcept {
    return engine::recorder::instance().counts();
}

}  // namespace v1
}  // namespace cmwq
