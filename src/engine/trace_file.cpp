// SPDX-License-Identifier: Apache-2.0
//
// What was recorded, as a file: the JSON that chrome://tracing and Perfetto read. Runs are slices on the line of their
// thread, enqueues are instants.
#include "engine/recorder.hpp"
#include "engine/report_names.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace engine {

namespace {

/// Ticks as microseconds since the trace began.
struct time_scale {
    std::uint64_t begin, end;
    double per_tick;

    double operator()(std::uint64_t ticks) const noexcept {
        return (static_cast<double>(ticks) - static_cast<double>(begin)) * per_tick;
    }
};

/// The queues' names, sorted by id and by time.
struct queue_names {
    const traced_queue* first;
    const traced_queue* last;

    const char* find(queue_id id, std::uint64_t when) const noexcept {
        const auto later = [when](queue_id wanted, const traced_queue& each) {
            return wanted < each.id || (wanted == each.id && when < each.since);
        };
        const traced_queue* found = std::upper_bound(first, last, id, later);
        return found != first && found[-1].id == id ? found[-1].name : nullptr;
    }
};

struct moment {
    double us = 0;
    std::uint64_t ticks = 0;
    bool exact = true;
};

/// A run whose end has not been read yet.
struct open_slice {
    bool open = false;
    moment begin;
    std::uint64_t item = 0;
    const work_class* kind = nullptr;
    queue_id queue = 0;
    char text[32] = {};
};

trace_event event_of(const trace_record& record) noexcept {
    return static_cast<trace_event>(record.second & 0xff);
}
bool is_time(const trace_record& record) noexcept {
    return event_of(record) == trace_event::time || event_of(record) == trace_event::idle;
}
bool takes_time(const trace_record& record) noexcept {
    const trace_event what = event_of(record);
    return what >= trace_event::enqueue && what <= trace_event::guest_end;
}
queue_id queue_of(const trace_record& record) noexcept {
    return static_cast<queue_id>((record.first & 0xffff) | (record.second & 0xff00) << 8);
}
const work_class* kind_of(const trace_record& record) noexcept {
    return reinterpret_cast<const work_class*>(record.second >> 16);
}

class json_file {
public:
    explicit json_file(const char* name) noexcept : file_{std::fopen(name, "w")} {}
    ~json_file() {
        if (file_ != nullptr) std::fclose(file_);
    }
    json_file(const json_file&) = delete;
    json_file& operator=(const json_file&) = delete;

    bool is_open() const noexcept { return file_ != nullptr; }
    /// False: not all of it could be written.
    bool close() noexcept {
        const bool whole = std::ferror(file_) == 0;
        return std::fclose(std::exchange(file_, nullptr)) == 0 && whole;
    }

    void begin() noexcept { std::fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", file_); }
    void end(const trace_counts& all) noexcept {
        std::fprintf(file_, "\n],\"otherData\":{\"records\":%llu,\"overwritten\":%llu,\"missed\":%llu}}\n",
                     as_printed(all.records), as_printed(all.overwritten), as_printed(all.missed));
    }

    void name_thread(int track, const char* name) noexcept {
        open_event("M", "thread_name", track);
        std::fputs(",\"args\":{\"name\":", file_);
        put_string(name);
        std::fputs("}}", file_);
    }

    void instant(int track, const char* kind, const moment& when, const char* queue, std::uint64_t item) noexcept {
        open_event("i", "enqueue ", track, kind);
        std::fprintf(file_, ",\"s\":\"t\",\"ts\":%.3f", when.us);
        put_arguments(queue, item, when.exact);
    }

    /// `ended`: else it was still running when the trace ended.
    void slice(int track, const open_slice& run, const moment& end, const char* name, const char* kind,
               const char* queue, bool ended) noexcept {
        open_event("X", name, track);
        std::fprintf(file_, ",\"ts\":%.3f,\"dur\":%.3f", run.begin.us, std::max(0.0, end.us - run.begin.us));
        if (!ended) std::fputs(",\"cname\":\"grey\"", file_);
        put_arguments(queue, run.item, run.begin.exact && end.exact, kind, ended);
    }

private:
    static unsigned long long as_printed(std::uint64_t number) noexcept { return number; }

    void open_event(const char* phase, const char* name, int track, const char* rest = "") noexcept {
        std::fprintf(file_, "%s\n{\"ph\":\"%s\",\"pid\":1,\"tid\":%d,\"name\":", first_ ? "" : ",", phase, track);
        first_ = false;
        put_string(name, rest);
    }

    void put_arguments(const char* queue, std::uint64_t item, bool exact, const char* kind = nullptr,
                       bool ended = true) noexcept {
        std::fputs(",\"args\":{\"queue\":", file_);
        put_string(queue);
        std::fprintf(file_, ",\"item\":\"0x%llx\"", as_printed(item));
        if (kind != nullptr) {
            std::fputs(",\"class\":", file_);
            put_string(kind);
        }
        if (!exact) std::fputs(",\"time\":\"about\"", file_);
        if (!ended) std::fputs(",\"end\":\"still running\"", file_);
        std::fputs("}}", file_);
    }

    void put_string(const char* text, const char* rest = "") noexcept {
        std::fputc('"', file_);
        put_escaped(text);
        put_escaped(rest);
        std::fputc('"', file_);
    }
    void put_escaped(const char* text) noexcept {
        for (; *text != '\0'; ++text) {
            const auto c = static_cast<unsigned char>(*text);
            if (c == '"' || c == '\\') {
                std::fprintf(file_, "\\%c", c);
            } else if (c < 0x20 || c >= 0x7f) {
                std::fprintf(file_, "\\u%04x", c);  // a cut character of UTF-8 would make the file invalid
            } else {
                std::fputc(c, file_);
            }
        }
    }

    std::FILE* file_;
    bool first_ = true;
};

/// Reads one thread's records in the order of writing.
class track_writer {
public:
    track_writer(json_file& file, const recorded_part& part, const time_scale& scale, const queue_names& names,
                 int track) noexcept
        : file_{file}, part_{part}, scale_{scale}, names_{names}, track_{track} {}

    void write() noexcept {
        std::size_t at = 0;
        while (at < count() && !is_time(record(at))) ++at;  // what had its time before is overwritten
        while (at < count()) at = write_between_readings(at);
        const moment end{scale_(scale_.end), scale_.end, true};
        close(inner_, end, false);
        close(outer_, end, false);
    }

private:
    /// The oldest is where the thread writes next: an event that was on its way when the trace ended may do it still.
    std::size_t count() const noexcept {
        if (part_.wraps == 0 || part_.position == part_.size) return part_.position;
        return part_.size - 1;
    }
    const trace_record& record(std::size_t index) const noexcept {
        const bool from_middle = part_.wraps != 0 && part_.position != part_.size;
        const std::size_t first = from_middle ? part_.position + 1 : 0;
        return part_.ring[(first + index) % part_.size];
    }

    /// `at`: a reading of the clock. Returns where the next one is.
    std::size_t write_between_readings(std::size_t at) noexcept {
        const std::uint64_t begin = record(at).first;
        if (event_of(record(at)) == trace_event::idle) close(outer_, {scale_(begin), begin, true}, true);
        std::size_t next = at + 1, events = 0, done = 0;
        for (; next < count() && !is_time(record(next)); ++next) events += takes_time(record(next)) ? 1 : 0;
        const std::uint64_t end = next < count() ? record(next).first : begin;
        for (++at; at < next; ++at) {
            const std::uint64_t ticks = begin + (end - begin) * done / std::max<std::size_t>(events, 1);
            const bool exact = done == 0 || (next < count() && scale_(end) - scale_(begin) < 1);
            write_event(record(at), {scale_(ticks), ticks, exact});
            if (takes_time(record(at))) ++done;
        }
        return next;
    }

    void write_event(const trace_record& what, const moment& when) noexcept {
        if (naming_ && event_of(what) != trace_event::text) {
            file_.name_thread(track_, thread_);
            naming_ = false;
        }
        switch (event_of(what)) {
        case trace_event::enqueue: return write_enqueue(what, when);
        case trace_event::run: close(outer_, when, true); return open(outer_, what, when);
        case trace_event::guest_run: return open(inner_, what, when);
        case trace_event::guest_end: return close(inner_, when, true);
        case trace_event::no_run: (inner_.open ? inner_ : outer_).open = false; return;
        case trace_event::text: return add_text(what);
        case trace_event::new_thread: return begin_thread(what);
        default: return;
        }
    }

    void write_enqueue(const trace_record& what, const moment& when) noexcept {
        char queue[24];
        file_.instant(track_, name_of(*kind_of(what)), when, name_of_queue(queue_of(what), when.ticks, queue),
                      what.first >> 16);
    }

    void open(open_slice& run, const trace_record& what, const moment& when) noexcept {
        run = {true, when, what.first >> 16, kind_of(what), queue_of(what), {}};
    }

    void close(open_slice& run, const moment& end, bool ended) noexcept {
        if (!std::exchange(run.open, false)) return;
        const char* kind = name_of(*run.kind);
        char queue[24];
        file_.slice(track_, run, end, run.text[0] != '\0' ? run.text : kind, kind,
                    name_of_queue(run.queue, run.begin.ticks, queue), ended);
    }

    void add_text(const trace_record& what) noexcept {
        char packed[17] = {};
        std::memcpy(packed, &what.second, 8);
        std::memcpy(packed + 8, &what.first, 8);
        if (naming_) return add_to(thread_, sizeof thread_, packed + 1);
        open_slice& run = inner_.open ? inner_ : outer_;
        if (run.open) add_to(run.text, sizeof run.text, packed + 1);
    }
    static void add_to(char* text, std::size_t size, const char* packed) noexcept {
        const std::size_t length = std::strlen(text);
        std::snprintf(text + length, size - length, "%s", packed);
    }

    void begin_thread(const trace_record& what) noexcept {
        outer_.open = inner_.open = false;
        track_ = static_cast<int>(what.first);
        thread_[0] = '\0';
        naming_ = true;
    }

    const char* name_of_queue(queue_id id, std::uint64_t when, char (&space)[24]) const noexcept {
        if (const char* known = names_.find(id, when)) return known;
        std::snprintf(space, sizeof space, "queue %u", id);
        return space;
    }

    json_file& file_;
    const recorded_part& part_;
    const time_scale& scale_;
    const queue_names& names_;
    int track_;
    bool naming_ = false;
    char thread_[16] = {};
    open_slice outer_, inner_;
};

}  // namespace

bool recorder::write(const char* file_name) noexcept {
    locked hold{switch_lock_};
    (void)stop_locked();
    if (session_ == 0) return false;
    json_file file{file_name};
    if (!file.is_open()) return false;
    const trace_counts all = counts();
    locked hold_too{lock_};
    std::sort(queues_, queues_ + nr_queues_, [](const traced_queue& a, const traced_queue& b) {
        return a.id != b.id ? a.id < b.id : a.since < b.since;
    });
    const queue_names names{queues_, queues_ + nr_queues_};
    const double passed = static_cast<double>((last_time_ - first_time_).count());
    const std::uint64_t ticks = last_tick_ - first_tick_;
    const time_scale scale{first_tick_, last_tick_, ticks != 0 ? passed / static_cast<double>(ticks) / 1000 : 0};
    file.begin();
    for (unsigned i = 0; i < nr_rings_; ++i) {
        if (buffers_[i].kept.ring == nullptr) continue;
        file.name_thread(buffers_[i].thread_id, buffers_[i].thread_name);
        track_writer{file, buffers_[i].kept, scale, names, buffers_[i].thread_id}.write();
    }
    file.end(all);
    return file.close();
}

void recorder::begin_for_process(const char* file_name) noexcept {
    if (!start({})) return;
    locked hold{switch_lock_};
    std::snprintf(file_, sizeof file_, "%s", file_name);
}

void recorder::write_at_end() noexcept {
    if (file_[0] == '\0' || write(file_)) return;
    char said[320];
    std::snprintf(said, sizeof said, "cmwq: CMWQ_TRACE: %s cannot be written", file_);
    platform::say(said);
}

}  // namespace engine

bool write_trace(const char* file_name) noexcept {
    return engine::recorder::instance().write(file_name);
}

}  // namespace v1
}  // namespace cmwq
