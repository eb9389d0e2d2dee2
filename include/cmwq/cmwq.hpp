// SPDX-License-Identifier: Apache-2.0
//
// cmwq: concurrency-managed workqueues. This header includes all of the public interface.
#pragma once

#include <cmwq/arc.hpp>
#include <cmwq/call_site.hpp>
#include <cmwq/enqueue_result.hpp>
#include <cmwq/fwd.hpp>
#include <cmwq/has_work.hpp>
#include <cmwq/misuse.hpp>
#include <cmwq/options.hpp>
#include <cmwq/owned_queue.hpp>
#include <cmwq/queue.hpp>
#include <cmwq/raw_work.hpp>
#include <cmwq/runtime.hpp>
#include <cmwq/spawn.hpp>
#include <cmwq/system_queues.hpp>
#include <cmwq/this_worker.hpp>
#include <cmwq/work.hpp>
#include <cmwq/work_base.hpp>
#include <cmwq/work_item.hpp>
#include <cmwq/work_pointer.hpp>
