// SPDX-License-Identifier: Apache-2.0
//
// What the command line says.
#pragma once

#include <string>
#include <vector>

namespace cmwq_sum {

enum class queue_kind { percpu, highpri, unbound, power_efficient };
enum class stats_format { text, json };

struct options {
    std::vector<std::string> paths;
    bool follow_symlinks = false;
    int jobs = 0;  // 0: no limit but the library's own
    queue_kind queue = queue_kind::unbound;
    bool progress = true;
    bool quiet = false;
    bool stats_asked_for = false;
    stats_format stats = stats_format::text;
    std::string stats_file;  // empty: standard error
};

/// Fills `out`. Returns -1 to go on, otherwise the exit status: help or the version was printed, or a complaint.
int parse_command_line(int argc, char** argv, options& out);

const char* name_of(queue_kind kind) noexcept;

}  // namespace cmwq_sum
