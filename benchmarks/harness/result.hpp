// SPDX-License-Identifier: Apache-2.0
//
// What one run of one workload found, and the line of JSON by which run.py learns it.
#pragma once

#include "clock.hpp"
#include "process.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

struct result {
    bool complete = false;  // every item ran, once, in order where order is promised
    double items = 0;
    double ns = 0;            // throughput: wall time per item; latency: the median
    double p99_ns = 0;        // latency only
    double call_ns = 0;       // the producer's time per submission; latency: the median of the call
    double cpu_ns = 0;        // CPU time of the whole process per item
    double switches = 0;      // context switches of the whole process during the run
    std::size_t threads = 0;  // of the process at the end of the run (the most seen, where sampled), main included
    std::vector<std::pair<std::string, double>> more;  // what only some workloads have, or only one peer

    /// Adds the figure `key`, for the table or for whoever looks into the JSON.
    void add(std::string key, double value) { more.emplace_back(std::move(key), value); }
};

/// Takes the process's figures when it is made and again in `finish`. Nothing is created or torn down in between.
class region {
public:
    region() noexcept : switches_{context_switches()}, cpu_{process_cpu_ns()}, start_{now_ns()} {}

    std::int64_t start() const noexcept { return start_; }

    /// The items have run: `wall` etc. per item of `items`.
    result finish(double items) const {
        result found;
        found.ns = static_cast<double>(now_ns() - start_) / items;
        found.cpu_ns = static_cast<double>(process_cpu_ns() - cpu_) / items;
        found.switches = static_cast<double>(context_switches() - switches_);
        found.items = items;
        found.threads = threads_now();
        return found;
    }

private:
    long switches_;
    std::int64_t cpu_;
    std::int64_t start_;
};

/// What a peer knows about itself, taken as `region` is. A peer that knows something has a class `figures`, made at the
/// start, with `finish(result&)`.
template <class Peer>
class peer_region {
public:
    void finish(result&) const {}
};

template <class Peer>
    requires requires {
        typename Peer::figures;
    }
class peer_region<Peer> {
public:
    void finish(result& found) const { at_start_.finish(found); }

private:
    typename Peer::figures at_start_;
};

/// The value below which `share` of the samples lie. Reorders the samples.
inline double percentile(std::vector<std::int64_t>& samples, double share) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1));
    std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(rank), samples.end());
    return static_cast<double>(samples[rank]);
}

inline void print(const result& found, std::string_view peer, std::string_view version, std::string_view work) {
#if defined(__OPTIMIZE__) && defined(NDEBUG)
    constexpr bool optimized = true;
#else
    constexpr bool optimized = false;
#endif
    std::printf("{\"peer\": \"%.*s\", \"version\": \"%.*s\", \"work\": \"%.*s\", \"complete\": %s, \"items\": %.0f, "
                "\"ns\": %.3f, \"p99_ns\": %.3f, \"call_ns\": %.3f, \"cpu_ns\": %.3f, \"switches\": %.0f, "
                "\"threads\": %zu, \"compiler\": \"%s\", \"optimized\": %s",
                static_cast<int>(peer.size()), peer.data(), static_cast<int>(version.size()), version.data(),
                static_cast<int>(work.size()), work.data(), found.complete ? "true" : "false", found.items, found.ns,
                found.p99_ns, found.call_ns, found.cpu_ns, found.switches, found.threads, __VERSION__,
                optimized ? "true" : "false");
    for (const auto& [key, value] : found.more) {
        std::printf(", \"%s\": %.3f", key.c_str(), value);
    }
    std::puts("}");
}

}  // namespace bench
