// SPDX-License-Identifier: Apache-2.0
#include "backend/site.hpp"

#include "backend/scheduler.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

namespace {

constexpr std::pair<const char*, std::memory_order> orders[] = {
    {"relaxed", std::memory_order_relaxed}, {"acquire", std::memory_order_acquire},
    {"release", std::memory_order_release}, {"acq_rel", std::memory_order_acq_rel},
    {"seq_cst", std::memory_order_seq_cst},
};

// Files are told apart by the addresses of their names: a header's has several.
std::set<std::pair<const char*, unsigned>>& reached() {
    thread_local std::set<std::pair<const char*, unsigned>> all;
    return all;
}

bool is_meant(const weakening& what, site where) {
    if (what.file.empty() || where.line < what.first_line || where.line > what.last_line) return false;
    return std::string_view(where.file).ends_with(what.file);
}

}  // namespace

std::memory_order order_in_weak_run(std::memory_order own, site where, role what) noexcept {
    const options& how = active_scheduler()->how();
    if (how.note_sites) reached().emplace(where.file, where.line);
    const bool of_failure = what == role::failure;
    return of_failure == how.weaken.of_failure && is_meant(how.weaken, where) ? how.weaken.order : own;
}

bool fence_stands_here(site where) noexcept {
    return order_here(std::memory_order_seq_cst, where) == std::memory_order_seq_cst;
}

weakening read_weakening(const char* text) {
    weakening what;
    char file[256], order[16], role[16] = "";
    const int read =
        std::sscanf(text, "%255[^:]:%u-%u:%15[a-z_]:%15[a-z]", file, &what.first_line, &what.last_line, order, role);
    const auto known = std::find_if(std::begin(orders), std::end(orders),
                                    [&](const auto& one) { return std::strcmp(one.first, order) == 0; });
    if (read < 4 || known == std::end(orders)) die("CMWQ_MODEL_WEAKEN is not FILE:FIRST-LAST:ORDER[:failure]");
    what.file = file;
    what.order = known->second;
    what.of_failure = std::strcmp(role, "failure") == 0;
    return what;
}

std::vector<std::string> take_sites_reached() {
    std::vector<std::string> texts;
    for (const auto& [file, line] : std::exchange(reached(), {})) texts.push_back(file + (':' + std::to_string(line)));
    return texts;
}

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
