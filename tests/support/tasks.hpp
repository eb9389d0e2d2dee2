// SPDX-License-Identifier: Apache-2.0
//
// The threads of this process as the kernel sees them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace support {

struct task {
    std::string name;
    std::string state;           ///< the kernel's letter: "S" sleeps, "R" runs or waits for a CPU
    std::uint64_t cpu_time = 0;  ///< nanoseconds on a CPU
    std::uint64_t switches = 0;  ///< times it left a CPU, of its own will or not

    bool operator==(const task&) const = default;
};

namespace detail {

inline void read_status(const std::string& folder, task& found) {
    std::ifstream status{folder + "/status"};
    for (std::string word; status >> word;) {
        std::uint64_t count = 0;
        if (word == "State:") {
            status >> found.state;
        } else if (word.find("ctxt_switches:") != std::string::npos && status >> count) {
            found.switches += count;
        }
    }
}

inline task read_task(const std::string& folder) {
    task found;
    std::ifstream{folder + "/comm"} >> found.name;
    std::ifstream{folder + "/schedstat"} >> found.cpu_time;
    read_status(folder, found);
    return found;
}

}  // namespace detail

/// The calling thread's id.
inline int calling_task() {
    return static_cast<int>(syscall(SYS_gettid));
}

/// Every thread but the calling one, by its id.
inline std::map<int, task> other_tasks() {
    std::map<int, task> found;
    const int self = calling_task();
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/task"}) {
        const int id = std::stoi(entry.path().filename().string());
        if (id != self) {
            found.emplace(id, detail::read_task(entry.path().string()));
        }
    }
    return found;
}

/// As other_tasks, those of the library only, by the beginning of their names.
inline std::map<int, task> library_tasks(const std::string& prefix = "cmwq/") {
    std::map<int, task> found = other_tasks();
    std::erase_if(found, [&](const auto& each) { return each.second.name.rfind(prefix, 0) != 0; });
    return found;
}

/// Does the thread sleep in the kernel, and not only for the moment that a lock takes?
inline bool is_waiting(int id) {
    const std::string folder = "/proc/self/task/" + std::to_string(id);
    const task before = detail::read_task(folder);
    if (before.state != "S") {
        return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return detail::read_task(folder) == before;
}

}  // namespace support
