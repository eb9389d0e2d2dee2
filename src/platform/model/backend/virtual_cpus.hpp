// SPDX-License-Identifier: Apache-2.0
//
// Model backend: the CPUs of a run with options::share_cpus. Each has a line of threads that burn; the first one has
// the CPU.
#pragma once

#include "backend/fiber.hpp"

#include <cstdint>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

class virtual_cpus {
public:
    /// `slice`: how long the first one keeps a CPU that others wait for; 0: to the end of its burn.
    virtual_cpus(int count, std::int64_t slice);

    /// `f` goes to the end of the line of its CPU, or of the shortest line if it is not pinned, with f.burn_left to
    /// burn.
    void add(fiber& f);
    /// `f` has been pinned or released: its CPU may be another one now.
    void place_again(fiber& f);

    /// How long until a burn ends or a CPU goes from one to the next; no_deadline: nobody burns.
    std::int64_t next_change() const;
    /// So much time passes, no more than next_change(). Those whose burn is over have left the line and are appended.
    void pass(std::int64_t time, std::vector<fiber*>& ended);

    /// Does somebody burn there who comes before threads with the idle policy?
    bool keeps_idle_policy_waiting(int cpu) const;

private:
    struct line {
        std::vector<fiber*> burning;  // [0] has the CPU
        std::int64_t slice_left = 0;
    };

    line& line_for(fiber& f);
    void let_go_on(line& at);
    void pass_on(line& at, std::int64_t time, std::vector<fiber*>& ended);
    void fill_free_cpus();
    void move_waiting_burn_to(int cpu);

    std::vector<line> lines_;
    std::int64_t slice_;
};

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
