// SPDX-License-Identifier: Apache-2.0
#include "backend/power.hpp"

#include <cstdio>
#include <cstring>
#include <dirent.h>

namespace cmwq {
inline namespace v1 {
namespace platform {

namespace {

struct text {
    char is[64] = {};
    bool operator==(const char* other) const noexcept { return std::strcmp(is, other) == 0; }
};

/// The first line of root/folder/name/file; empty where it cannot be read.
text first_line(const char* root, const char* folder, const char* name, const char* file) noexcept {
    char path[512];
    std::snprintf(path, sizeof path, "%s/%s/%s/%s", root, folder, name, file);
    text found;
    if (std::FILE* opened = std::fopen(path, "re")) {
        if (std::fgets(found.is, sizeof found.is, opened) == nullptr) found.is[0] = '\0';
        std::fclose(opened);
    }
    found.is[std::strcspn(found.is, "\n")] = '\0';
    return found;
}

constexpr const char* supplies = "class/power_supply";

/// What the machine is fed from (kernel: Documentation/ABI/testing/sysfs-class-power).
struct feed {
    bool from_outside = false;
    bool from_battery = false;
};

void look_at_supply(const char* root, const char* name, feed& found) noexcept {
    // A supply with the scope "Device" feeds a mouse or the like, not the machine.
    if (first_line(root, supplies, name, "scope") == "Device") return;
    const text type = first_line(root, supplies, name, "type");
    if (type == "Battery") {
        found.from_battery |= first_line(root, supplies, name, "status") == "Discharging";
    } else if (!(type == "")) {
        found.from_outside |= first_line(root, supplies, name, "online") == "1";
    }
}

feed look_at_supplies(const char* root) noexcept {
    feed found;
    char path[512];
    std::snprintf(path, sizeof path, "%s/%s", root, supplies);
    DIR* folder = opendir(path);
    if (folder == nullptr) return found;
    while (const dirent* entry = readdir(folder)) {
        if (entry->d_name[0] != '.') look_at_supply(root, entry->d_name, found);
    }
    closedir(folder);
    return found;
}

}  // namespace

bool saves_power(const char* root) noexcept {
    const text profile = first_line(root, "firmware", "acpi", "platform_profile");
    if (profile == "low-power") return true;
    if (profile == "performance") return false;
    const feed now = look_at_supplies(root);
    return now.from_battery && !now.from_outside;
}

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
