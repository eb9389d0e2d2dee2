// SPDX-License-Identifier: Apache-2.0
//
// cmwq: concurrency-managed workqueues. This header includes all of the public interface, from the item to the process:
//
//   work.hpp          a class becomes an item: work<T, Id>, shared_work, holding; how run is written: work_item.hpp;
//                     flush, cancel, disable one item: what these return: cancel_output.hpp
//   has_work.hpp      CMWQ_HAS_WORK, and the way from an object to its work and back
//   work_pointer.hpp  which pointers carry items, and how to add one; arc.hpp: the shared owner made for it
//   scoped_work.hpp   items with their own function, whose destructor cancels and waits: scoped_work, bound_work
//   queue.hpp         enqueue, try_spawn, flush, drain; what they return: enqueue_result.hpp, spawn.hpp
//   delayed_work.hpp  items with a timer; delay.hpp: what a delay may be; fixed_rate.hpp: periodic ones
//   attributes.hpp    where the items of an unbound queue may run
//   owned_queue.hpp   queues of one's own, made from options.hpp; system_queues.hpp: those that are always there
//   freeze.hpp        a time in which nothing of the freezable queues runs
//   cpus.hpp          which CPUs there are, for enqueue_on and enqueue_node
//   runtime.hpp       workers and pools, for programs that want more than one set or other settings
//   this_worker.hpp   what a work function may ask about where it runs
//   trace.hpp         what the items do, as a picture
//   misuse.hpp        what happens when a contract is broken, and to whom it is told: call_site.hpp
//   work_base.hpp     the untyped item, and raw_work.hpp the level below types: awaiters, operation states
#pragma once

#include <cmwq/arc.hpp>
#include <cmwq/attributes.hpp>
#include <cmwq/call_site.hpp>
#include <cmwq/cancel_output.hpp>
#include <cmwq/cpus.hpp>
#include <cmwq/delay.hpp>
#include <cmwq/delayed_work.hpp>
#include <cmwq/enqueue_result.hpp>
#include <cmwq/fixed_rate.hpp>
#include <cmwq/freeze.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/has_work.hpp>
#include <cmwq/left_item.hpp>
#include <cmwq/misuse.hpp>
#include <cmwq/options.hpp>
#include <cmwq/owned_queue.hpp>
#include <cmwq/queue.hpp>
#include <cmwq/raw_work.hpp>
#include <cmwq/runtime.hpp>
#include <cmwq/scoped_work.hpp>
#include <cmwq/spawn.hpp>
#include <cmwq/system_queues.hpp>
#include <cmwq/this_worker.hpp>
#include <cmwq/trace.hpp>
#include <cmwq/work.hpp>
#include <cmwq/work_base.hpp>
#include <cmwq/work_item.hpp>
#include <cmwq/work_pointer.hpp>
