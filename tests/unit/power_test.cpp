// SPDX-License-Identifier: Apache-2.0
//
// Whether the machine saves power, read from made-up /sys trees.
#include "backend/power.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

class made_up_sys {
public:
    made_up_sys() : root_{fs::temp_directory_path() / ("cmwq-sys-" + std::to_string(getpid()))} {
        fs::remove_all(root_);
        fs::create_directories(root_);
    }
    ~made_up_sys() { fs::remove_all(root_); }
    made_up_sys(const made_up_sys&) = delete;
    made_up_sys& operator=(const made_up_sys&) = delete;

    made_up_sys& with(const std::string& path, const std::string& line) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream{root_ / path} << line << '\n';
        return *this;
    }
    made_up_sys& with_mains(const char* online) {
        return with("class/power_supply/AC/type", "Mains").with("class/power_supply/AC/online", online);
    }
    made_up_sys& with_battery(const char* status) {
        return with("class/power_supply/BAT0/type", "Battery").with("class/power_supply/BAT0/status", status);
    }
    made_up_sys& with_profile(const char* profile) { return with("firmware/acpi/platform_profile", profile); }

    bool saves_power() const { return cmwq::platform::saves_power(root_.c_str()); }

private:
    fs::path root_;
};

TEST(power, machine_that_says_nothing_does_not_save) {
    EXPECT_FALSE(made_up_sys{}.saves_power());
}

TEST(power, laptop_saves_on_battery_only) {
    EXPECT_TRUE(made_up_sys{}.with_mains("0").with_battery("Discharging").saves_power());
    EXPECT_FALSE(made_up_sys{}.with_mains("1").with_battery("Charging").saves_power());
    EXPECT_FALSE(made_up_sys{}.with_mains("1").with_battery("Discharging").saves_power());
    EXPECT_FALSE(made_up_sys{}.with_mains("1").with_battery("Full").saves_power());
}

TEST(power, profile_of_the_firmware_comes_first) {
    EXPECT_TRUE(made_up_sys{}.with_profile("low-power").with_mains("1").saves_power());
    EXPECT_FALSE(made_up_sys{}.with_profile("performance").with_battery("Discharging").saves_power());
    EXPECT_TRUE(made_up_sys{}.with_profile("balanced").with_battery("Discharging").saves_power());
    EXPECT_FALSE(made_up_sys{}.with_profile("balanced").with_mains("1").saves_power());
}

TEST(power, battery_of_a_mouse_is_none_of_the_machine) {
    EXPECT_FALSE(
        made_up_sys{}.with_battery("Discharging").with("class/power_supply/BAT0/scope", "Device").saves_power());
}

TEST(power, unreadable_tree_does_not_save) {
    EXPECT_FALSE(cmwq::platform::saves_power("/nowhere"));
}

}  // namespace
