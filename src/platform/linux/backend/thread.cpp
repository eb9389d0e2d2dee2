// SPDX-License-Identifier: Apache-2.0
#include "backend/thread.hpp"

#include "backend/memory.hpp"
#include "backend/topology.hpp"

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace detail {
constinit thread_local void* slot __attribute__((tls_model("initial-exec"))) = nullptr;
constinit thread_local void* slot_for_trace __attribute__((tls_model("initial-exec"))) = nullptr;
}  // namespace detail

namespace {

/// Its destructor is the end of the thread, or near it: what runs later finds the slot null and `over` set.
struct trace_slot_holder {
    void (*give_back)(void*) = nullptr;
    bool over = false;

    constexpr trace_slot_holder() noexcept = default;
    trace_slot_holder(const trace_slot_holder&) = delete;
    trace_slot_holder& operator=(const trace_slot_holder&) = delete;
    ~trace_slot_holder() {
        over = true;
        if (void* held = std::exchange(detail::slot_for_trace, nullptr)) give_back(held);
    }
};
constinit thread_local trace_slot_holder holder;

struct start_record {
    void (*body)(void*);
    void* argument;
    int nice;
    thread_policy policy;
    bool exact_timers;
    char name[16];
};

cpu_set_t mask_for(int cpu) noexcept {
    if (cpu < 0) return allowed_mask();
    cpu_set_t one;
    CPU_ZERO(&one);
    if (os_index_of(cpu) < CPU_SETSIZE) CPU_SET(static_cast<unsigned>(os_index_of(cpu)), &one);
    return one;
}

/// A new thread has the policy of the one that made it, too: made by a real-time thread, an ordinary worker would keep
/// its CPU from everybody.
void leave_real_time() noexcept {
    const sched_param none{};
    const int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
    if (policy == SCHED_FIFO || policy == SCHED_RR) sched_setscheduler(0, SCHED_OTHER, &none);
}

/// What sched_setattr(2) takes, in its first version; the C library of Debian 12 does not declare it.
struct scheduling {
    std::uint32_t size = sizeof(scheduling);
    std::uint32_t policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;  // since Linux 6.12, of an ordinary thread: its slice
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};

/// The least slice there is, 0.1 ms. Its share of the CPU stays the same; its turns come sooner and are shorter. Older
/// kernels take the call and change nothing.
void take_short_slice() noexcept {
    scheduling now;
    if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) != 0) return;
    now.runtime = 100'000;
    (void)syscall(SYS_sched_setattr, 0, &now, 0);
}

void set_policy(thread_policy policy) noexcept {
    if (policy == thread_policy::normal) return leave_real_time();
    const sched_param none{};
    sched_setscheduler(0, policy == thread_policy::idle ? SCHED_IDLE : SCHED_BATCH, &none);
    if (policy == thread_policy::batch) take_short_slice();
}

/// A new thread has the niceness of the one that made it: of a highpri worker, say, or of the watchdog. The process's
/// is that of its first thread.
void set_niceness(int wished) noexcept {
    const int wanted = wished != 0 ? wished : getpriority(PRIO_PROCESS, static_cast<id_t>(getpid()));
    const auto self = static_cast<id_t>(current_thread_id());
    const int now = getpriority(PRIO_PROCESS, self);
    if (now == wanted || setpriority(PRIO_PROCESS, self, wanted) == 0) return;
    rlimit ceiling{};  // in steps upwards from niceness 20
    if (getrlimit(RLIMIT_NICE, &ceiling) != 0 || ceiling.rlim_cur > 40) return;
    const int lowest = 20 - static_cast<int>(ceiling.rlim_cur);
    if (wanted < lowest && lowest < now) setpriority(PRIO_PROCESS, self, lowest);
}

void* thread_main(void* raw) {
    auto* record = static_cast<start_record*>(raw);
    const start_record own = *record;
    deallocate(record, sizeof *record, alignof(start_record));
    pthread_setname_np(pthread_self(), own.name);
    set_niceness(own.nice);
    set_policy(own.policy);
    if (own.exact_timers) prctl(PR_SET_TIMERSLACK, 1ul);
    own.body(own.argument);
    return nullptr;
}

void set_attributes(pthread_attr_t& attributes, const thread_options& options) noexcept {
    // Signals sent to the process are the program's business: its own threads take them, never a worker. Those that a
    // thread raises by its own fault stay open, so that the program's crash handlers see them.
    sigset_t mask;
    sigfillset(&mask);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
        sigdelset(&mask, fault);
    pthread_attr_setsigmask_np(&attributes, &mask);
    pthread_attr_setstacksize(&attributes, options.stack_size);
}

/// Without a CPU: all that the process may use, not those of the thread that makes it, which may be pinned.
void set_affinity(pthread_attr_t& attributes, int cpu) noexcept {
    const cpu_set_t cpus = mask_for(cpu);
    if (CPU_COUNT(&cpus) != 0) pthread_attr_setaffinity_np(&attributes, sizeof cpus, &cpus);
}

bool create(pthread_t& handle, const thread_options& options, bool with_affinity, start_record* record) noexcept {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    set_attributes(attributes, options);
    if (with_affinity) set_affinity(attributes, options.cpu);
    const bool created = pthread_create(&handle, &attributes, thread_main, record) == 0;
    pthread_attr_destroy(&attributes);
    return created;
}

}  // namespace

bool thread::start(const thread_options& options, void (*body)(void*), void* argument) noexcept {
    auto* record = static_cast<start_record*>(allocate(sizeof(start_record), alignof(start_record)));
    if (record == nullptr) return false;
    record->body = body;
    record->argument = argument;
    record->nice = options.nice;
    record->policy = options.policy;
    record->exact_timers = options.exact_timers;
    std::snprintf(record->name, sizeof record->name, "%s", options.name);
    if (create(handle_, options, true, record)) return true;
    // They may have left our mask since it was read.
    if (create(handle_, options, false, record)) return true;
    deallocate(record, sizeof *record, alignof(start_record));
    return false;
}

void thread::join() noexcept {
    pthread_join(handle_, nullptr);
}

void thread::detach() noexcept {
    pthread_detach(handle_);
}

int detail::ask_for_cpu() noexcept {
    return topology_index_of(sched_getcpu());
}

void pin_thread(int thread_id, int cpu) noexcept {
    const cpu_set_t cpus = mask_for(cpu);
    sched_setaffinity(thread_id, sizeof cpus, &cpus);
}

void leave_idle_policy(int thread_id) noexcept {
    const sched_param none{};
    sched_setscheduler(thread_id, SCHED_OTHER, &none);
}

void take_idle_policy() noexcept {
    set_policy(thread_policy::idle);
}

void yield() noexcept {
    sched_yield();
}

int current_niceness() noexcept {
    // -1 is no error here: both threads exist.
    const int process = getpriority(PRIO_PROCESS, static_cast<id_t>(getpid()));
    return getpriority(PRIO_PROCESS, static_cast<id_t>(current_thread_id())) - process;
}

int current_thread_id() noexcept {
    return static_cast<int>(syscall(SYS_gettid));
}

void hold_trace_slot(void* value, void (*give_back)(void*)) noexcept {
    if (holder.over) return give_back(value);
    holder.give_back = give_back;
    detail::slot_for_trace = value;
}

void copy_thread_name(char (&name)[16]) noexcept {
    name[0] = '\0';
    prctl(PR_GET_NAME, name);
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
