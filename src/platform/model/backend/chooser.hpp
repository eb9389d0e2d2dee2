// SPDX-License-Identifier: Apache-2.0
//
// Model backend: who goes on at a scheduling point.
#pragma once

#include "backend/fiber.hpp"
#include "backend/random.hpp"
#include "model.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace cmwq {
inline namespace v1 {
namespace model {
namespace detail {

class chooser {
public:
    virtual ~chooser() = default;

    /// A fiber has been started or, with `again`, has become runnable after it waited.
    virtual void fiber_ready(fiber&, bool /*again*/) {}
    /// `fiber` asked others to go first.
    virtual void fiber_yields(fiber&) {}
    /// One of `runnable`, which is not empty. `current`: the fiber at the scheduling point, null when it cannot go on.
    virtual fiber* choose(const std::vector<fiber*>& runnable, fiber* current) = 0;
    /// What choose() did, for outcome::choices.
    virtual void describe(outcome&) const {}
};

std::unique_ptr<chooser> make_chooser(const options& how);

}  // namespace detail
}  // namespace model
}  // namespace v1
}  // namespace cmwq
