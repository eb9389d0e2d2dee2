// SPDX-License-Identifier: Apache-2.0
//
// What one run of one workload found, and the line of JSON by which run.py learns it.
#pragma once

#include "clock.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <sys/resource.h>
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
    std::size_t threads = 0;  // of the process at the end of the run, the main thread included
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
        found.threads = thread_count_now();
        return found;
    }

private:
    static long context_switches() noexcept {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_nvcsw + usage.ru_nivcsw;
    }

    static std::size_t thread_count_now() {
        const std::filesystem::directory_iterator tasks{"/proc/self/task"};
        return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
    }

    long switches_;
    std::int64_t cpu_;
    std::int64_t start_;
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
                "\"threads\": %zu, \"compiler\": \"%s\", \"optimized\": %s}\n",
                static_cast<int>(peer.size()), peer.data(), static_cast<int>(version.size()), version.data(),
                static_cast<int>(work.size()), work.data(), found.complete ? "true" : "false", found.items, found.ns,
                found.p99_ns, found.call_ns, found.cpu_ns, found.switches, found.threads, __VERSION__,
                optimized ? "true" : "false");
}

}  // namespace bench
