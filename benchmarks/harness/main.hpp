// SPDX-License-Identifier: Apache-2.0
//
// The main function of a peer's program. One process runs one workload once; run.py repeats and compares.
//
// A peer is a struct with
//   name, version()             for the table
//   runs(workload)              constexpr: which workloads make sense for it
//   template <class Work> class subject
//       task                    has a member `payload`; the caller-owned item, or a copy of 8 bytes
//       subject(settings)       makes the pool: settings.workers threads, ordered if Work::ordered
//       submit(payload)         any thread, workers included: runs Work::run(*this, task)
//       resubmit(task)          from Work::run: the same item again
//       spawn(payload)          only for P3: the same as submit, as a closure that the peer stores
//       enter, help, reap       optional, see workloads/drain.hpp
//       make_queues, submit_to  optional, see workloads/growth.hpp
//   figures                     optional: what the peer knows about itself, see harness/result.hpp
#pragma once

#include "../workloads/drain.hpp"
#include "../workloads/footprint.hpp"
#include "../workloads/growth.hpp"
#include "../workloads/inside.hpp"
#include "../workloads/latency.hpp"
#include "../workloads/light.hpp"
#include "../workloads/mix.hpp"
#include "../workloads/probe.hpp"
#include "../workloads/waiters.hpp"
#include "arguments.hpp"

#include <sys/prctl.h>

namespace bench {

/// Light load is for those who can be woken for one item, growth for those whose items can enqueue themselves, or who
/// have queues.
template <class Peer>
constexpr bool runs(workload which) {
    if (which == workload::light) return Peer::runs(workload::p6);
    if (which == workload::growth_items) return Peer::runs(workload::p5_self);
    if (which == workload::growth_queues) return Peer::runs(workload::p8) && has_queues<Peer>;
    return Peer::runs(which);
}

template <class Peer, workload Which>
result measure(const settings& sizes) {
    if constexpr (!runs<Peer>(Which)) {
        return {};
    } else if constexpr (Which == workload::p1) {
        return measure_drain<drain, false, Peer>(sizes);
    } else if constexpr (Which == workload::p2_2) {
        return measure_drain_from<Peer>(sizes, 2);
    } else if constexpr (Which == workload::p2_4) {
        return measure_drain_from<Peer>(sizes, 4);
    } else if constexpr (Which == workload::p3) {
        return measure_drain<drain, true, Peer>(sizes);
    } else if constexpr (Which == workload::p4) {
        return measure_inside<tree, Peer>(sizes, sizes.tree_levels, (std::size_t{1} << sizes.tree_levels) - 1);
    } else if constexpr (Which == workload::p5_self) {
        return measure_inside<self_hops, Peer>(sizes, sizes.items, sizes.items);
    } else if constexpr (Which == workload::p5_chain) {
        return measure_inside<chain, Peer>(sizes, sizes.items, sizes.items);
    } else if constexpr (Which == workload::p6) {
        return measure_ping<Peer>(sizes);
    } else if constexpr (Which == workload::p7) {
        return measure_round_trip<Peer>(sizes);
    } else if constexpr (Which == workload::p8) {
        return measure_drain<ordered_drain, false, Peer>(sizes);
    } else if constexpr (Which == workload::p9) {
        return measure_mix<Peer>(sizes);
    } else if constexpr (Which == workload::p10_blocked) {
        return measure_probe<Peer>(sizes, false);
    } else if constexpr (Which == workload::p10_fresh) {
        return measure_probe<Peer>(sizes, true);
    } else if constexpr (Which == workload::p11) {
        return measure_waiters<Peer>(sizes);
    } else if constexpr (Which == workload::p14) {
        return measure_footprint<Peer>(sizes);
    } else if constexpr (Which == workload::light) {
        return measure_light<Peer>(sizes);
    } else if constexpr (Which == workload::growth_items) {
        return measure_in_flight<Peer>(sizes);
    } else if constexpr (Which == workload::growth_queues) {
        return measure_queues<Peer>(sizes);
    } else {
        return measure_idle<Peer>(sizes);
    }
}

template <class Peer, std::size_t... Index>
int run_named(std::string_view name, const settings& sizes, std::index_sequence<Index...>) {
    bool known = false;
    bool complete = false;
    const auto try_one = [&]<std::size_t I>() {
        if (name == workloads[I].name && runs<Peer>(workloads[I].value)) {
            const result found = measure<Peer, workloads[I].value>(sizes);
            print(found, Peer::name, Peer::version(), name);
            known = true;
            complete = found.complete;
        }
    };
    (try_one.template operator()<Index>(), ...);
    if (!known) {
        std::fprintf(stderr, "%s has no workload %.*s\n", Peer::name, static_cast<int>(name.size()), name.data());
    }
    return complete ? 0 : 1;
}

template <class Peer>
int list_workloads() {
    for (const named_workload& each : workloads) {
        if (runs<Peer>(each.value)) {
            std::printf("%.*s\n", static_cast<int>(each.name.size()), each.name.data());
        }
    }
    return 0;
}

/// `--list` prints the workloads of this peer, `--work NAME` runs one, with the sizes that arguments.hpp knows. Exit
/// status 0: all its items ran, or the answer is that they did not within the limit.
template <class Peer>
int main_for(int argc, char** argv) {
    const std::span arguments{argv + 1, static_cast<std::size_t>(argc) - 1};
    if (arguments.size() == 1 && std::string_view{arguments[0]} == "--list") {
        return list_workloads<Peer>();
    }
    settings sizes;
    std::string_view name;
    if (!parse(arguments, name, sizes)) {
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1UL);  // else the waiter oversleeps by 50 µs, twice that of what it waits for
    const int status = run_named<Peer>(name, sizes, std::make_index_sequence<workloads.size()>{});
    std::fflush(nullptr);
    std::_Exit(status);  // threads of a pool that is never torn down may still be there
}

}  // namespace bench
