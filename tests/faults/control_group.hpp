// SPDX-License-Identifier: Apache-2.0
//
// A control group of this process's own, made for a test and removed after it. Version 1 hierarchies, or version 2
// where the controller is offered at the root.
#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace faults {

class control_group {
public:
    explicit control_group(const std::string& controller) : parent_{parent_for(controller)} {
        if (parent_.empty()) {
            missing_ = "no hierarchy with the controller " + controller;
            return;
        }
        path_ = parent_ + "/cmwq-test-" + std::to_string(getpid());
        if (mkdir(path_.c_str(), 0755) != 0) {
            missing_ = path_ + ": " + std::strerror(errno);
            path_.clear();
        }
    }
    ~control_group() {
        if (path_.empty()) return;
        (void)leave();
        for (int tries = 0; rmdir(path_.c_str()) != 0 && errno == EBUSY && tries < 100; ++tries) usleep(10'000);
    }
    control_group(const control_group&) = delete;
    control_group& operator=(const control_group&) = delete;

    /// Why it could not be made; empty: it was.
    const std::string& missing() const { return missing_; }
    bool set(const std::string& file, const std::string& value) const { return put(path_ + "/" + file, value); }
    /// Of the parent.
    std::string inherited(const std::string& file) const {
        std::string value;
        std::getline(std::ifstream{parent_ + "/" + file}, value);
        return value;
    }
    /// The whole process, all threads.
    bool enter() const { return set("cgroup.procs", std::to_string(getpid())); }
    bool leave() const { return put(parent_ + "/cgroup.procs", std::to_string(getpid())); }

private:
    static bool put(const std::string& file, const std::string& value) {
        std::ofstream to{file};
        to << value << std::flush;
        return to.good();
    }

    static std::string parent_for(const std::string& controller) {
        const std::string root = "/sys/fs/cgroup/";
        if (std::filesystem::exists(root + controller + "/cgroup.procs")) return root + controller;
        std::string offered;
        std::getline(std::ifstream{root + "cgroup.subtree_control"}, offered);
        return offered.find(controller) != std::string::npos ? "/sys/fs/cgroup" : "";
    }

    std::string parent_, path_, missing_;
};

}  // namespace faults
