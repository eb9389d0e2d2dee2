// SPDX-License-Identifier: Apache-2.0
#include "backend/cpu_quota.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

constexpr int longest_path = 4096;

/// One group's limit, in microseconds of CPU time per period.
struct limit {
    long long quota = -1;
    long long period = 0;

    int cpus() const noexcept {
        return quota > 0 && period > 0 ? static_cast<int>(std::min((quota - 1) / period + 1, 1LL << 20)) : 0;
    }
};

/// The numbers at the start of the file; how many there were. "max 100000" has none: no limit.
int read_numbers(const char* group, const char* file, long long& first, long long* second) noexcept {
    char path[longest_path];
    if (std::snprintf(path, sizeof path, "%s/%s", group, file) >= longest_path) return 0;
    std::FILE* opened = std::fopen(path, "re");
    if (opened == nullptr) return 0;
    const int found =
        second != nullptr ? std::fscanf(opened, "%lld %lld", &first, second) : std::fscanf(opened, "%lld", &first);
    std::fclose(opened);
    return found;
}

int limit_of_version_2(const char* group) noexcept {
    limit found;
    return read_numbers(group, "cpu.max", found.quota, &found.period) == 2 ? found.cpus() : 0;
}

int limit_of_version_1(const char* group) noexcept {
    limit found;
    const bool read = read_numbers(group, "cpu.cfs_quota_us", found.quota, nullptr) == 1 &&
                      read_numbers(group, "cpu.cfs_period_us", found.period, nullptr) == 1;
    return read ? found.cpus() : 0;
}

int tighter(int one, int other) noexcept {
    if (one == 0 || other == 0) return std::max(one, other);
    return std::min(one, other);
}

/// Of the group and all around it. A container may be told the path that its group has outside, of which only the end,
/// the mount itself, can be seen: levels that are not there say nothing.
int tightest(const char* mounted, const char* group, int (*limit_of)(const char*)) noexcept {
    char path[longest_path];
    const int root = std::snprintf(path, sizeof path, "%s", mounted);
    if (root >= longest_path ||
        std::snprintf(path + root, sizeof path - static_cast<std::size_t>(root), "%s", group) >= longest_path - root) {
        return 0;
    }
    int found = 0;
    for (;;) {
        found = tighter(found, limit_of(path));
        char* last = std::strrchr(path + root, '/');
        if (last == nullptr) return found;
        *last = '\0';
    }
}

/// Is it in a list such as "cpu,cpuacct"?
bool names_cpu(const char* controllers) noexcept {
    for (const char* at = controllers; at != nullptr; at = std::strchr(at, ',')) {
        if (*at == ',') ++at;
        if (std::strncmp(at, "cpu", 3) == 0 && (at[3] == '\0' || at[3] == ',')) return true;
    }
    return false;
}

/// A line is number:controllers:path; without controllers it is about version 2.
int limit_of_line(const char* groups, char* line) noexcept {
    line[std::strcspn(line, "\n")] = '\0';
    char* controllers = std::strchr(line, ':');
    char* path = controllers != nullptr ? std::strchr(controllers + 1, ':') : nullptr;
    if (path == nullptr) return 0;
    *path++ = '\0';
    ++controllers;
    if (std::strcmp(path, "/") == 0) ++path;
    if (*controllers == '\0') return tightest(groups, path, limit_of_version_2);
    if (!names_cpu(controllers)) return 0;
    char mounted[longest_path];
    if (std::snprintf(mounted, sizeof mounted, "%s/cpu", groups) >= longest_path) return 0;
    return tightest(mounted, path, limit_of_version_1);
}

}  // namespace

int cpu_quota(const char* groups, const char* membership) noexcept {
    std::FILE* lines = std::fopen(membership, "re");
    if (lines == nullptr) return limit_of_version_2(groups);
    int found = 0;
    char line[longest_path];
    while (std::fgets(line, sizeof line, lines) != nullptr) found = tighter(found, limit_of_line(groups, line));
    std::fclose(lines);
    return found;
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
