// SPDX-License-Identifier: Apache-2.0
//
// The platform seam: the only door through which the engine reaches atomics, parking, threads, clocks, CPUs, thread
// state and memory. The same engine sources are compiled against one of two backends, chosen by include path, never by
// the preprocessor:
//
//   platform/linux/backend/   the real thing: inline wrappers that cost nothing
//   platform/model/backend/   a deterministic scheduler: each call below is a scheduling point, time is virtual, the
//                     topology is whatever the test says, thread creation and allocation can be told to fail
//
// What a backend provides, all in namespace cmwq::platform (each file below exists once per backend):
//
//   backend/atomic.hpp    template <class T> class atomic       std::atomic's interface; every order is spelled out
//                         template <class T> class atomic_ref   the same over a plain object (the work word)
//                         void fence_seq_cst()                  full fence of the calling thread
//                         void fence_all_threads()              after it, every other thread of the process has
//                                                               executed a full fence; the slow half of an asymmetric
//                                                               pair
//                         void fence_compiler()                 its fast half: orders nothing in hardware
//                         bool has_fence_all_threads()          may it be relied on here?
//                         void fence_light()                    the fast half where it may, else a full fence
//                         void fence_after_rmw()                full fence, given that the last access was a seq_cst
//                                                               RMW
//                         void pause()                          one step of a bounded spin
//   backend/mutex.hpp     class mutex                           lock, try_lock, unlock; constexpr constructor; not
//                                                               recursive
//   backend/parker.hpp    class parker                          a one-token semaphore for one waiting thread:
//                           void park()                         waits for the token and takes it
//                           bool park_until(nanoseconds when)   as park; false when `when` (on now()'s clock) passed
//                                                               first
//                           bool spin_until(nanoseconds when)   the same, awake, for some microseconds; model:
//                                                               park_until
//                           void unpark()                       gives the token (idempotent while not taken); any
//                                                               thread. The parker may be destroyed by the woken thread
//                                                               at once: unpark does not touch it after the token is
//                                                               visible, except as the address of a futex wake.
//   backend/thread.hpp    struct thread_options                 name, CPU, niceness, policy
//                                                               (platform/thread_options.hpp)
//                         class thread                          bool start(options, void (*)(void*), void*): false =
//                                                               the system refused; void join()
//                         void* thread_slot() / set_thread_slot(void*)   one pointer per thread, null at first
//                         int current_cpu()                     index into topology::cpus, cheap (rseq)
//                         void yield()
//                         void pin_thread(tid, cpu)             -1: all CPUs that the process may use
//                         void leave_idle_policy(tid)           where that is permitted
//                         void take_idle_policy()               the calling thread, where that is permitted
//                         int current_thread_id()               the kernel's thread id; model: the fiber's number
//                         int current_niceness()                of the calling thread, from the process's; model: 0
//   backend/clock.hpp     std::chrono::nanoseconds now()        monotonic
//   backend/power.hpp     bool saves_power()                      does the machine want to save power?
//   backend/topology.hpp  struct topology                       the CPUs of the machine, with node and cache
//                         const topology& discover_topology()   (struct: platform/topology.hpp)
//                         usable_cpus read_usable_cpus()        which of them the process may use now
//                         void use_cpus(cpu_indices)            those that current_cpu() answers with from now on
//                         void offer_as_witness()               the calling thread may run wherever the process may;
//                         void withdraw_as_witness()            until it ends
//   backend/memory.hpp    void* allocate(size, align) noexcept  null when there is none; void deallocate(p, size,
//                                                               align)
//   backend/task_state.hpp  enum class task_state, task_state_of(tid)   is that thread blocked? (unknown where not to
//                                                                       be had)
//                         void close_task_files()               that were kept open for the next question
//                         nanoseconds cpu_time_of(tid)          CPU time it has used
//                         void describe_place(tid, text)        where it stands, for a report
//   backend/detection.hpp   bool start_trial(thread_policy, cpu)  does a thread of that policy run when another blocks?
//                           trial_outcome last_trial()            none until it is known; nobody waits for a trial
//                           void forget_trial()                   in the child of a fork
//   backend/fork.hpp      void at_fork(prepare, in_parent, in_child)   handlers around fork(); none in the model
//                         void renew_after_fork()               in the child, first thing
//                         void end_this_thread()                does not return
//   backend/console.hpp     void say(const char* line)              a line for whoever runs the program
//   backend/probe.hpp       CMWQ_PROBE(name, a, b, c)               a static trace point
//
// Dependency rule: nothing in src/engine includes <atomic>, <thread>, <mutex>, <pthread.h>, <time.h> or a system call
// header. tools/dev/check_platform_seam.py proves it in the test command.
#pragma once

#include "backend/atomic.hpp"
#include "backend/clock.hpp"
#include "backend/console.hpp"
#include "backend/detection.hpp"
#include "backend/fork.hpp"
#include "backend/memory.hpp"
#include "backend/mutex.hpp"
#include "backend/parker.hpp"
#include "backend/power.hpp"
#include "backend/task_state.hpp"
#include "backend/thread.hpp"
#include "backend/topology.hpp"
