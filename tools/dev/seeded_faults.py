#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Are the model scenarios able to find faults? Each entry of FAULTS breaks the engine in one place; the scenarios named with
it must then fail. A developer's command: a run takes a quarter of an hour and more.

    tools/dev/seeded_faults.py                  all of them, in a copy of the tree
    tools/dev/seeded_faults.py --only NAME...   these
    tools/dev/seeded_faults.py --check-list     does each entry still fit the sources? (seconds; no build)

Exit status 0: every fault was found, but for those that are listed with a reason why they cannot be."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ["CMakeLists.txt", "CHANGELOG.md", "cmake", "include", "src", "tests"]
CONFIGURE = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "-DCMWQ_BUILD_TOOLS=OFF", "-DCMWQ_BUILD_EXAMPLES=OFF",
             "-DCMWQ_BUILD_BENCHMARKS=OFF", "-DCMWQ_INSTALL=OFF"]


@dataclass
class Fault:
    name: str           # what the engine does wrong
    file: str
    old: str            # occurs once, however its lines are broken
    new: str
    scenarios: str      # --gtest_filter of model_tests
    survives: str = ""  # why no scenario can find it


FAULTS = [
    # ---- the state word
    Fault("release_as_plain_store", "src/engine/work_word.hpp",
          "return atomic_ref<std::uint64_t>{access::word(item)}.compare_exchange_strong(seen, next, "
          "memory_order_seq_cst, memory_order_relaxed);",
          "atomic_ref<std::uint64_t>{access::word(item)}.store(next, memory_order_relaxed); return true;",
          "no_lost_event.*:pending_once.*:non_reentrancy.*",
          "a pending word does not change before its release until cancel and disable exist, and the model explores "
          "sequentially consistent interleavings: the lost order is not seen"),
    Fault("refusal_only_loads", "src/engine/work_word.hpp",
          "const bool refused = (seen & work_word::unclaimable) != 0;",
          "const bool refused = (seen & work_word::unclaimable) != 0;\n"
          "        if (refused) return refusal::already_pending;",
          "no_lost_event.*:pending_once.*",
          "wrong on hardware only: in a sequentially consistent interleaving the load is as good as the exchange"),
    Fault("pending_item_is_accepted", "src/engine/work_word.hpp",
          "inline constexpr std::uint64_t unclaimable = pending | cancelling | disable_depth;",
          "inline constexpr std::uint64_t unclaimable = cancelling | disable_depth;", "pending_once.*"),
    Fault("last_worker_not_written", "src/engine/work_word.hpp",
          "(std::uint64_t{me} << work_word::last_worker_shift);", "(std::uint64_t{me & 0} << work_word::last_worker_shift);",
          "non_reentrancy.*"),
    Fault("last_worker_forgotten_by_enqueue", "src/engine/work_word.hpp",
          "(seen & work_word::last_worker) | work_word::pending |", "work_word::pending |", "non_reentrancy.*"),

    # ---- inbox, list and bias
    Fault("inbox_not_turned", "src/engine/inbox.hpp", "turned.push_front(*item);", "turned.push_back(*item);",
          "pool.*:ordered_queue.*"),
    Fault("inbox_not_taken_by_flush_and_thief", "src/engine/worklist.hpp",
          "        fill();\n        publish_size();\n        return items_;",
          "        publish_size();\n        return items_;", "queue_flush.*:wake.*"),
    Fault("inbox_overtaken_by_own_items", "src/engine/worklist.hpp",
          "        fill();\n        items_.push_back(item);", "        items_.push_back(item);", "pool.*"),
    Fault("items_not_announced_on_their_way_to_the_list", "src/engine/worklist.hpp",
          "        listed_.store(items_.size() + 1, memory_order_relaxed);\n", "", "queue_flush.*:no_lost_event.*:wake.*"),
    Fault("revoker_does_not_wait_for_the_owner", "src/engine/worklist.cpp",
          "while (former->inside.load(memory_order_acquire)) platform::yield();",
          "(void)former->inside.load(memory_order_acquire);", "queue_flush.*:item_flush.*:pool.*"),
    Fault("bias_taken_without_revoking", "src/engine/worklist.cpp",
          "    revoke(&me, same_cpu);\n    owner_.store", "    (void)same_cpu;\n    owner_.store",
          "ordered_queue.*:max_active.*:queue_flush.*",
          "a list changes its owner when the former one has rested or blocks: that both are inside takes one that wakes up "
          "in the few steps in which its replacement starts, found blocked by mistake; not found so far"),
    Fault("marks_lost_when_an_item_is_unlinked", "src/engine/item_list.hpp",
          "access::prev_and_home(item) &= home::mark_bits;", "access::prev_and_home(item) = 0;", "queue_flush.*"),

    # ---- wake and idle
    Fault("nobody_woken_by_a_push", "src/engine/wake.cpp",
          "if (nobody_runs(pool) && pool_policy::may_wake_local(0, looking, unseen)) return kick(pool);",
          "(void)&nobody_runs;", "wake.*"),
    Fault("no_second_look_after_the_last_item", "src/engine/worker.cpp",
          "make_up_for(*me.pool, left | counted_in::running);", "(void)left;", "wake.*"),
    Fault("last_look_before_the_collided_items_are_sent_on", "src/engine/worker.cpp",
          "send_on_collided_items(me); make_up_for(*me.pool, left | counted_in::running);",
          "make_up_for(*me.pool, left | counted_in::running); send_on_collided_items(me);", "non_reentrancy.*"),
    Fault("thief_looks_only_at_its_own_pool_again", "src/engine/concurrency.cpp",
          "        kick_all(*pool.scope);\n    } else if", "        kick(pool);\n    } else if", "wake.*:queue_flush.*"),
    Fault("idle_worker_not_looked_for_again", "src/engine/wake.cpp",
          "        if (has_idle(pool)) continue;\n", "", "thread_failure.*:worker_limit.*"),
    Fault("goes_idle_after_giving_the_token_back", "src/engine/worker.cpp",
          "push_idle(me); const unsigned left = leave_counts(me);",
          "const unsigned left = leave_counts(me); push_idle(me);", "thread_failure.*:workers.*:wake.*"),
    Fault("token_not_given_back_when_no_thread_comes", "src/engine/wake.cpp",
          "    give_back_running_token(pool);\n    return false;", "    return false;", "thread_failure.*"),
    Fault("no_thread_and_no_other_try", "src/engine/wake.cpp",
          "        pool.scope->runtime->dog.retry_later();\n", "", "thread_failure.*:memory_failure.*"),
    Fault("place_of_a_refused_thread_not_given_back", "src/engine/manager.cpp",
          "scope.nr_workers.fetch_sub(1, memory_order_relaxed); scope.runtime->counters.worker_creation_failures",
          "scope.runtime->counters.worker_creation_failures", "thread_failure.*:memory_failure.*"),
    Fault("ended_worker_woken", "src/engine/manager.cpp",
          "if (top->idle.compare_exchange_strong(expected, idle_state::busy, memory_order_acq_rel, "
          "memory_order_acquire)) {",
          "if (top->idle.compare_exchange_strong(expected, idle_state::busy, memory_order_acq_rel, "
          "memory_order_acquire) || true) {", "idle.*"),
    Fault("idle_stack_without_version", "src/engine/manager.cpp",
          "return ((old & ~id_bits) + one_version) | top;", "return ((old & ~id_bits) + 0 * one_version) | top;",
          "idle.*:workers.*:wake.*:thread_failure.*",
          "it takes one waker that rests between two steps while others pop two workers and the first of them comes back: "
          "three wakers of one pool, and only one at a time has its running token; not found so far"),
    Fault("surplus_workers_stay", "src/engine/manager.cpp",
          "return pool_policy::too_many_workers(living, pool.nr_idle.load(memory_order_relaxed));",
          "return pool_policy::too_many_workers(living, pool.nr_idle.load(memory_order_relaxed)) && false;", "idle.*"),
    Fault("all_idle_workers_end", "src/engine/manager.cpp",
          "            pool.nr_idle.fetch_sub(1, memory_order_relaxed);  // two", "            // two", "idle.*"),
    Fault("worker_with_a_token_ends_with_the_runtime", "src/engine/manager.cpp",
          "    self.parker.park();\n    return !told_to_end(self);",
          "    self.parker.park();\n    return !told_to_end(self) && pool.list.has_work();", "*:-replay.*:model_backend*"),

    # ---- who counts as running
    Fault("worker_leaves_the_count_twice", "src/engine/concurrency.cpp",
          "const unsigned left = other.counted.exchange(0, memory_order_acq_rel);",
          "const unsigned left = other.counted.load(memory_order_acquire);", "workers.*:wake.*"),
    Fault("worker_does_not_come_back_into_the_count", "src/engine/concurrency.cpp",
          "    me.pool->nr_running.fetch_add(1, memory_order_relaxed);\n", "", "workers.*:wake.*"),
    Fault("wait_inside_the_library_keeps_its_place", "src/engine/concurrency.cpp",
          "if (me_ != nullptr) make_up_for(*me_->pool, leave_counts(*me_));", "(void)0;", "wake.*"),
    Fault("watchdog_not_armed", "src/engine/wake.cpp",
          "pool.scope->runtime->dog.arm(); if (pool_policy::may_wake_neighbour(unseen",
          "if (pool_policy::may_wake_neighbour(unseen", "wake.*:max_active.*:idle.*:workers.*"),
    Fault("watchdog_started_after_its_end", "src/engine/watchdog.cpp",
          "    if (ending_.load(memory_order_relaxed)) return false;\n", "", "non_reentrancy.*",
          "was found while a resting worker armed the watchdog for what it sent on; now it wakes somebody instead, and it "
          "takes another worker that runs the item, and the whole end of the runtime, between two of its steps"),
    Fault("watchdog_never_lies_down", "src/engine/watchdog.cpp", "if (tick()) continue;", "(void)tick(); continue;",
          "idle.*"),
    Fault("long_computation_not_noticed", "src/engine/watchdog.cpp",
          "hogs = platform::cpu_time_of(thread_id).count() - other.seen_cpu_time >= hog_limit.count();", "hogs = false;", "wake.*"),

    # ---- non-reentrancy
    Fault("collision_not_looked_for", "src/engine/execute.cpp",
          "if (last != 0 && last != me.id) { const executed left = ", "if (false) { const executed left = ", "non_reentrancy.*"),
    Fault("collided_item_left_without_a_second_look", "src/engine/collision.cpp",
          "    if (!runs(other, picked.item)) {\n", "    if (false) {\n", "non_reentrancy.*:no_lost_event.*"),
    Fault("collided_item_left_without_a_word", "src/engine/collision.cpp",
          "    other.attention.fetch_or(attention::collided, memory_order_seq_cst);\n", "", "non_reentrancy.*"),
    Fault("collided_items_sent_on_without_end", "src/engine/collision.cpp",
          "for (std::size_t left = nr_collided(me); left != 0; --left) {",
          "for (; nr_collided(me) != 0;) {", "non_reentrancy.*"),
    Fault("collided_items_not_sent_on_by_a_worker_that_rests", "src/engine/worker.cpp",
          "    send_on_collided_items(me);\n", "", "non_reentrancy.*"),
    Fault("collided_items_not_sent_on_before_the_next_item", "src/engine/execute.cpp",
          "if (me.attention.load(memory_order_relaxed) != 0) [[unlikely]] send_on_collided_items(me);", "(void)0;",
          "non_reentrancy.*"),
    Fault("marks_not_handed_over", "src/engine/collision.cpp", "    home::add_marks(*picked.item, waiting);\n", "",
          "queue_flush.*:item_flush.*"),
    Fault("note_not_handed_over", "src/engine/collision.cpp", "picked.waiting | take_note(me);", "picked.waiting;",
          "queue_flush.*:item_flush.*"),
    Fault("ticket_not_handed_over", "src/engine/collision.cpp",
          "if ((waiting & item_mark) != 0) item_flushes::instance().back_to_pending(me);", "(void)0;", "item_flush.*",
          "the worker has the ticket only from the moment on at which nothing but a cancelling or a disabling thread, which "
          "do not exist yet, can keep it from running the item"),
    Fault("collided_item_put_behind_its_seat", "src/engine/collision.cpp", ".push_front(*picked.item);",
          ".push_back(*picked.item);", "ordered_queue.*"),

    # ---- limits and order
    Fault("one_token_too_many", "src/engine/workqueue.cpp", "open_seat(wq.seats[seat], *wq.scope, wq.max_active)",
          "open_seat(wq.seats[seat], *wq.scope, wq.max_active + 1)", "max_active.*:ordered_queue.*"),
    Fault("limit_ignored", "src/engine/workqueue.cpp",
          "return wq.one_at_a_time || wq.max_active < wq.runtime->options.max_workers;", "return wq.one_at_a_time;",
          "max_active.*"),
    Fault("one_seat_for_all_cpus", "src/engine/workqueue.cpp", "wq.scope->unbound() ? 1 : wq.scope->nr_pools;",
          "1;", "max_active.*"),
    Fault("token_rests_without_a_second_look", "src/engine/pool_workqueue.cpp", "    if (seat.items.has_work()) {\n",
          "    if (false) {\n", "wake.*:ordered_queue.*:queue_flush.*"),
    Fault("token_stays_away_after_its_turn", "src/engine/pool_workqueue.cpp",
          "break; } } enqueue_to_scope(scope, carrier);", "break; } } (void)scope;", "ordered_queue.*"),
    Fault("seat_closed_under_its_token", "src/engine/pool_workqueue.cpp", "if (wait) wait_for(all_idle,",
          "if (false) wait_for(all_idle,",
          "queue_destruction.*:drain.*:ordered_queue.*:max_active.*"),

    # ---- flush and drain
    Fault("flush_passes_over_running_items", "src/engine/flush.cpp",
          "const std::size_t running = note_running(wq, self);",
          "(void)&note_running; (void)self; const std::size_t running = 0;", "queue_flush.*"),
    Fault("flush_looks_at_lists_before_running_items", "src/engine/flush.cpp",
          "const std::size_t running = note_running(wq, self); std::size_t listed = 0; "
          "held.for_each([&](item_list& items) { listed += mark_list(items, wq.id); });",
          "std::size_t listed = 0; held.for_each([&](item_list& items) { listed += mark_list(items, wq.id); });\n"
          "    const std::size_t running = note_running(wq, self);", "drain.*:queue_flush.*"),
    Fault("flush_passes_over_seats", "src/engine/held_lists.hpp",
          "        for (int seat = 0; seat < wq_.nr_seats; ++seat) visit(wq_.seats[seat].items.take_inbox());\n", "",
          "queue_flush.*"),
    Fault("flush_passes_over_collided_items", "src/engine/held_lists.hpp",
          "registry::instance().for_each_worker([&](worker& other) { visit(other.collided_items); });", "(void)0;",
          "queue_flush.*:item_flush.*"),
    Fault("flush_waits_for_a_note_that_came_too_late", "src/engine/flush.cpp",
          "    platform::fence_all_threads();\n", "    if (found != 0) return found;\n", "queue_flush.*"),
    Fault("late_mark_told_to_one_of_two", "src/engine/flush_item.cpp",
          "    item_flushes::instance().instance_done(runner, number);\n    return found::ticket;",
          "    return found::nothing;", "item_flush.*"),
    Fault("item_between_claim_and_list_taken_for_idle", "src/engine/flush_item.cpp",
          "wait_for_pending(item, ticket) : found::in_between;", "wait_for_pending(item, ticket) : found::nothing;",
          "item_flush.*"),
    Fault("later_flushers_share_the_round_in_progress", "src/engine/flush.cpp",
          "    cmwq_flush_waiter* followers = me.followers;\n",
          "    cmwq_flush_waiter* followers = me.followers;\n"
          "    release_followers(std::exchange(wq.next_round, nullptr), found);\n",
          "queue_flush.*"),
    Fault("drain_refuses_nobody", "src/engine/flush.cpp",
          "if (wq.nr_drainers++ == 0) wq.state.fetch_or(cmwq_queue::draining, memory_order_release);",
          "++wq.nr_drainers;", "drain.*"),
    Fault("drain_is_one_round", "src/engine/flush.cpp", "    while (flush_queue(wq) != 0) {\n    }", "    flush_queue(wq);",
          "drain.*"),
    Fault("drain_refuses_its_own_items", "src/engine/submit.cpp", "|| called_from_own_item(wq)) return refusal::none;",
          "|| (called_from_own_item(wq) && false)) return refusal::none;", "drain.*"),
    Fault("queue_destroyed_undrained", "src/engine/workqueue.cpp",
          "    drain_queue(wq);\n    remove_from_runtime(wq);", "    remove_from_runtime(wq);",
          "queue_destruction.*:ordered_queue.*"),

    # ---- owners
    Fault("refused_owner_kept", "include/cmwq/detail/enqueue.hpp",
          "why == refusal::none ? P{} : work_pointer_traits<P>::from_raw(item)", "P{}", "ownership.*"),
    Fault("second_owner_over_the_first", "include/cmwq/detail/access.hpp",
          "        item.next_kept_ = !item.next_kept_;\n", "", "ownership.*"),
]


def pattern(text):
    """Finds the text whatever its spaces and line breaks are: the formatter may move them."""
    return re.compile(r"\s*".join(re.escape(token) for token in re.findall(r"\w+|[^\w\s]", text)))


def fits(fault):
    return len(pattern(fault.old).findall((ROOT / fault.file).read_text())) == 1


def check_list():
    stale = [f for f in FAULTS if not fits(f)]
    for fault in stale:
        print(f"{fault.file}: the text of {fault.name} does not occur exactly once")
    print(f"{len(FAULTS)} faults, {len(stale)} of them stale")
    return 1 if stale else 0


def copy_tree(to):
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # The backend's own tests say nothing about the engine.
            shutil.copytree(source, to / part, ignore=shutil.ignore_patterns("model_backend_*_test.cpp"))
        else:
            shutil.copy2(source, to / part)


def build(tree, log):
    return subprocess.run(["cmake", "--build", str(tree / "build"), "--target", "model_tests", "-j2"], stdout=log,
                          stderr=subprocess.STDOUT).returncode == 0


def configure(tree, log):
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    subprocess.run(["cmake", "-S", str(tree), "-B", str(tree / "build"), *CONFIGURE, *launcher], stdout=log,
                   stderr=subprocess.STDOUT, check=True)


def scenarios_pass(tree, which, schedules, log):
    """A crash and a hang are failures too."""
    command = [str(tree / "build/tests/model_tests"), f"--gtest_filter={which}", "--gtest_fail_fast"]
    try:
        return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=120,
                              env={**os.environ, "CMWQ_MODEL_SCHEDULES": str(schedules)}).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def try_fault(tree, fault, schedules, log):
    """'found', 'survived', or 'not built'."""
    path = tree / fault.file
    sound = path.read_text()
    path.write_text(pattern(fault.old).sub(lambda _: fault.new, sound))
    try:
        if not build(tree, log):
            return "not built"
        return "survived" if scenarios_pass(tree, fault.scenarios, schedules, log) else "found"
    finally:
        path.write_text(sound)


def run(chosen, schedules, log_path):
    bad = 0
    with tempfile.TemporaryDirectory(prefix="cmwq-faults-") as folder, open(log_path, "w") as log:
        tree = pathlib.Path(folder)
        copy_tree(tree)
        configure(tree, log)
        if not build(tree, log) or not scenarios_pass(tree, "*:-model_backend*", schedules, log):
            print(f"the tree fails without a fault: see {log_path}")
            return 1
        for fault in chosen:
            log.write(f"\n======== {fault.name}\n")
            log.flush()
            begun = time.monotonic()
            result = try_fault(tree, fault, schedules, log)
            expected = "survived" if fault.survives else "found"
            bad += result != expected
            note = f"  ({fault.survives})" if fault.survives else ""
            mark = " " if result == expected else "!"
            print(f"{mark} {result:9} {time.monotonic() - begun:4.0f} s  {fault.name}{note}", flush=True)
    print(f"{len(chosen)} faults, {bad} not as expected")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--schedules", type=int, default=8000, help="of each scenario (8000)")
    parser.add_argument("--log", default="seeded_faults.log", help="what the compiler and the scenarios said")
    parser.add_argument("--check-list", action="store_true")
    arguments = parser.parse_args()
    stale = check_list()
    if stale or arguments.check_list:
        return stale
    chosen = [f for f in FAULTS if not arguments.only or f.name in arguments.only]
    chosen.sort(key=lambda fault: fault.file.endswith(".hpp"))  # those that rebuild one file first
    return run(chosen, arguments.schedules, arguments.log)


if __name__ == "__main__":
    sys.exit(main())
