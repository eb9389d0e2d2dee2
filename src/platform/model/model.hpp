// SPDX-License-Identifier: Apache-2.0
//
// cmwq::model: run code under the deterministic scheduler of the model backend.
//
//   model::options how;
//   how.cpus = {.count = 2};
//   const auto result = model::explore(how, {.schedules = 2000}, [] {
//       auto producer = model::spawn("producer", [&] { … });
//       …
//       producer.join();
//       model::check(done == 1, "the item ran exactly once");
//   });
//   EXPECT_FALSE(result.failed) << result.first_failure.report;
//
// A *run* executes the body once, as thread 1, "main", together with all threads that it and the library start. All of
// them are fibers of the calling OS thread. At each operation of the platform contract (atomics, locks, parking, thread
// starts, the clock, memory) the scheduler decides who goes on, by a strategy and a seed: the same seed gives the same
// run. Time is virtual: it passes when nobody can run.
//
// What a run cannot see: operations that bypass the contract. A plain variable is never a scheduling point (a data race
// on it is not found). A std::mutex held across a scheduling point, or the initialisation of a function's static
// variable that contains one, blocks the process. Memory orders are recorded; only with options::weak_memory are they
// interpreted, else all interleavings are sequentially consistent.
//
// A failed run is abandoned where it stands: its threads never continue, the C++ objects on their stacks are not
// destroyed. Memory from platform::allocate is given back, memory from `new` that only those objects own is lost.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {

/// How the next thread is chosen at a scheduling point.
enum class strategy {
    random_walk,  ///< each runnable thread with the same probability
    pct,          ///< the highest of random priorities, lowered at pct_depth - 1 random steps: Burckhardt et al., 2010
    fixed,        ///< as options::choices says; the exhaustive search is made of these
    guided,       ///< the same one for as long as it can go on, else the next by id; but for options::switches
};

/// A decision of strategy::guided that is not the usual one: a thread has been asked `decision` times who goes on after
/// its step, or instead of it as it waits, and this time it is `to`.
struct thread_switch {
    int from = 0;
    std::uint32_t decision = 0;
    int to = 0;
};

/// The CPUs of a run: `count` CPUs dealt out evenly to nodes and last-level caches.
struct cpu_layout {
    int count = 2;
    int nodes = 1;
    int caches = 1;
    int threads_per_core = 1;
};

/// Which calls of a kind fail. Calls are counted from 1; several rules may be set, 0 means not at all.
struct failures {
    std::uint64_t nth = 0;     ///< this one
    std::uint64_t from = 0;    ///< this one and all later ones
    std::uint64_t to = 0;      ///< of those the last one; 0: no end
    double probability = 0.0;  ///< each one, by the run's seed
};

/// Gives one ordered operation of the library a weaker order: does a scenario need it?
struct weakening {
    std::string file;  ///< its path ends in this; empty: nothing is weakened
    unsigned first_line = 0;
    unsigned last_line = 0;
    std::memory_order order = std::memory_order_relaxed;  ///< of a fence: relaxed, it is not there
    bool of_failure = false;                              ///< of a compare-exchange: the order of its failure
};

/// One run. Everything that decides its course is here: equal options give equal runs.
struct options {
    std::uint64_t seed = 1;
    strategy schedule = strategy::random_walk;
    int pct_depth = 2;                ///< depth of the bugs that pct aims at: 1 = priorities only
    std::uint64_t pct_steps = 1'000;  ///< change points lie within this many steps
    double stay = 0.0;                ///< random_walk: probability of going on with the same thread without drawing one
    std::vector<std::uint32_t> choices;   ///< strategy::fixed: index of the thread chosen at each choice; then 0
    std::vector<thread_switch> switches;  ///< strategy::guided
    bool record_switches = false;         ///< outcome::switches_made says how strategy::guided gives the same run
    int max_preemptions = -1;  ///< strategy::fixed: switches away from a thread that could go on; -1: any number

    cpu_layout cpus;
    bool migrate = false;  ///< unpinned threads change CPU at random steps
    /// Threads share the CPUs: of those that burn on one CPU one gets on, in turns; a thread with the idle policy gets
    /// on only while its CPU has nothing else to do. What is done without burning takes no time but step_time, and
    /// waits for no burn. False: as if each thread had a CPU of its own.
    bool share_cpus = false;
    /// With share_cpus: a burn leaves its CPU after so long to another one that waits. 0: it keeps it to its end.
    std::chrono::nanoseconds time_slice{0};
    bool has_fence_all_threads = true;
    bool may_leave_idle_policy = true;  ///< else a thread keeps the idle policy, as that of an unprivileged user does
    failures failing_thread_starts;
    failures failing_allocations;
    /// Waits on a parker that the system disturbs: the thread wakes up for nothing, as by a signal, looks and waits
    /// again; and when it is woken at last, it is held up while others can go on, for held_up_steps at most.
    failures disturbed_waits;
    std::uint64_t held_up_steps = 500;
    /// Once a call was told to fail, a check() that does not hold ends the run, excused: what it says may presuppose
    /// that nothing is refused. fail() fails as ever.
    bool refusals_excuse_checks = false;

    /// Loads read what C++ lets them read, and not only the newest value; data races fail the run.
    bool weak_memory = false;
    double stale_reads = 0.25;        ///< with weak_memory: probability that a load which may read an old value does
    weakening weaken;                 ///< with weak_memory
    bool note_sites = false;          ///< with weak_memory: which ordered operations the run came by (backend/site.hpp)
    double weak_failures = 1.0 / 64;  ///< probability that compare_exchange_weak fails though it could succeed

    std::uint64_t step_limit = 100'000;      ///< more steps are a livelock
    std::chrono::nanoseconds time_limit{0};  ///< more virtual time is a failure; 0: no limit
    std::chrono::nanoseconds step_time{1};   ///< virtual time of one step
    double time_leaps = 0.0;  ///< probability per step that time leaps to the next deadline though threads could run

    bool allow_leaks = false;               ///< memory left at the end of the run is not a failure
    bool allow_unfinished_threads = false;  ///< the run ends with the body; else it ends with the last thread
    bool print_trace = false;               ///< write each step to stderr as it happens
    std::size_t report_steps = 60;          ///< steps shown in a report

    /// Called between any two steps, for invariants. Operations of the contract do not count as steps here.
    std::function<void()> on_step;
    /// Called before time leaps by so much, because everybody waits, or yields again and again, or options::time_leaps.
    std::function<void(std::chrono::nanoseconds)> on_leap;
    /// Called outside of the run, before its first thread starts: sets up state that outlives a run.
    std::function<void()> before_run;
    /// Called when its threads are gone and before memory is checked: drops such state. After a failed run that state
    /// is what the abandoned threads left: do not walk it, overwrite it.
    std::function<void(bool failed)> after_run;
};

/// What became of one run.
struct outcome {
    bool failed = false;
    std::string message;  ///< one sentence
    std::string report;   ///< the sentence, the threads and what they wait for, the last steps
    std::uint64_t steps = 0;
    std::uint64_t trace_hash = 0;  ///< equal for equal runs, whatever the addresses of the objects
    std::chrono::nanoseconds virtual_time{0};
    std::uint64_t switches = 0;       ///< times that another thread went on
    std::uint64_t threads = 0;        ///< threads that were started, main not counted
    std::uint64_t thread_starts = 0;  ///< attempts: the injection points of failing_thread_starts
    std::uint64_t allocations = 0;    ///< attempts: the injection points of failing_allocations
    std::uint64_t waits = 0;          ///< on parkers that had no token: the injection points of disturbed_waits
    std::uint64_t injected = 0;       ///< attempts that were told to fail
    bool excused = false;             ///< options::refusals_excuse_checks: it ended early, by the check of `message`
    std::vector<thread_switch> switches_made;  ///< with options::record_switches
    /// The choices made and how many threads were to choose from (strategy::fixed only).
    std::vector<std::uint32_t> choices, alternatives;
};

/// Runs `body` once. Must not be called from within a run.
outcome run(const options& how, const std::function<void()>& body);

/// How to explore.
struct exploration_plan {
    std::uint64_t schedules = 1'000;  ///< explore: overridden by CMWQ_MODEL_SCHEDULES in the environment
    /// Printed with a failure, after the environment variable that replays it; names the test.
    std::string replay_command = "model_tests";
    /// Asked after each run: has it failed by other means than check()? A test framework's own failures go here.
    std::function<bool()> also_failed;
    bool quiet = false;  ///< print nothing to stderr
    bool shrink = true;  ///< explore: look for a failing run with few switches of threads that says the same
    /// explore: the first schedule once more at the end; that it is another run then, because something outlives a run,
    /// is a failure. Not with weak memory.
    bool first_again = false;
};

/// What an exploration found.
struct exploration {
    bool failed = false;
    outcome first_failure;            ///< if failed
    std::uint64_t schedule_seed = 0;  ///< replays the failure: CMWQ_MODEL_SEED
    outcome shrunk;                   ///< the same failure with few switches, if there was one to be had
    std::string shrunk_replay;        ///< the environment that replays it; empty: none
    std::uint64_t schedules = 0;
    std::uint64_t distinct = 0;  ///< different trace hashes
    std::uint64_t steps = 0;
    std::uint64_t longest = 0;  ///< steps of the longest run
    bool complete = false;      ///< explore_all: every schedule within the bound was run
};

/// Runs `body` under many schedules: random walk and PCT of depth 1, 2, 3 by turns, seeds derived from `how.seed`.
/// With CMWQ_MODEL_BASE_SEED in the environment: from that seed in place of how.seed.
/// Stops at the first failure, shrinks it and prints how to replay it. With CMWQ_MODEL_WEAK=1 in the environment: with
/// weak memory. With CMWQ_MODEL_WEAKEN=FILE:FIRST-LAST:ORDER[:failure]: options::weaken, too. With CMWQ_MODEL_SEED in
/// the environment, and CMWQ_MODEL_SWITCHES for a shrunk one: that schedule alone, with its whole trace.
exploration explore(const options& how, const exploration_plan& plan, const std::function<void()>& body);

/// Runs `body` under every schedule with at most `preemptions` switches away from a thread that could go on (-1: any
/// number), at most plan.schedules of them. For tiny bodies. With CMWQ_MODEL_CHOICES in the environment: that schedule
/// alone, with its whole trace.
exploration explore_all(const options& how, int preemptions, const exploration_plan& plan,
                        const std::function<void()>& body);

/// What fail_each_in_turn found.
struct fault_sweep {
    bool failed = false;
    outcome first_failure;
    std::uint64_t thread_starts = 0;  ///< injection points: calls that were told to fail, once and from there on
    std::uint64_t allocations = 0;
    std::uint64_t waits = 0;
    std::uint64_t runs = 0;
    std::uint64_t excused = 0;  ///< runs that ended early by a check that presupposes that nothing is refused
};

/// Every thread start, every allocation and every wait on a parker is told to fail: for every n until the run has no
/// n-th one, once and from there on (threads: ten in a row, because without any worker nothing can run), each under
/// `schedules` schedules. Stops at the first failure and prints how to replay it: CMWQ_MODEL_FAULT in the environment.
fault_sweep fail_each_in_turn(const options& how, std::uint64_t schedules, const exploration_plan& plan,
                              const std::function<void()>& body);

/// A thread of the test. To be joined, unless the run fails.
class thread {
public:
    thread() = default;
    void join();
    /// As platform::current_thread_id() in that thread.
    int id() const { return id_; }

private:
    friend thread spawn(const char* name, std::function<void()> body, int cpu);
    explicit thread(int id) : id_(id) {}

    int id_ = 0;
};

/// Starts a thread; never fails, not even by options::failing_thread_starts. `cpu`: pinned to that one; -1: starts on
/// the caller's and may move.
thread spawn(const char* name, std::function<void()> body, int cpu = -1);

/// Fails the run unless `condition` holds. Outside of a run: prints the sentence and aborts.
void check(bool condition, const char* sentence);

/// Ends the run if a call of it was told to fail and options::refusals_excuse_checks is set. For a test that cannot go
/// on without what it was refused.
void excuse_refusal();

/// Fails the run.
[[noreturn]] void fail(const char* sentence);

/// The calling thread blocks for that long in virtual time: task_state_of says blocked.
void sleep_for(std::chrono::nanoseconds time);

/// The calling thread computes for that long in virtual time: task_state_of says running. It takes longer where it has
/// to share its CPU (options::share_cpus).
void burn(std::chrono::nanoseconds time);

/// A scheduling point without an operation.
void interrupt();

/// Moves the calling thread to a CPU (index into topology::cpus); one that is not pinned may be moved on.
void set_cpu(int cpu);

/// The system takes a CPU from the process, or gives it (back). The library knows when it looks the next time: at
/// cmwq::refresh_cpus, and once a second while work is pending. Threads stay where they are said to run; but what they
/// enqueue from a CPU that is gone goes to the next one in use.
void take_cpu(int cpu);
void give_cpu(int cpu);

/// The control group's quota, in CPUs; 0: none. Known as above.
void set_cpu_quota(int cpus);

/// What reports call the object at this address, until the end of the run. The text is not copied.
void label(const void* object, const char* name);

/// Adds a line to the trace, with a value. The text is not copied.
void note(const char* text, std::uint64_t value = 0);

/// A random number below `bound`, by the run's seed. Outside of a run: 0.
std::uint64_t random_below(std::uint64_t bound);

/// Is the caller a thread of a run?
bool running();

}  // namespace model
}  // namespace v1
}  // namespace cmwq
