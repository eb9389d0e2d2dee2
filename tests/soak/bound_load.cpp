// SPDX-License-Identifier: Apache-2.0
//
// More items than bounded queues have room for: they are refused, wait, or run in the enqueuer.
#include "soak/behaviour.hpp"
#include "soak/load.hpp"
#include "soak/owned_item.hpp"

namespace soak {
namespace {

// No exceptions: an item that runs in its enqueuer would throw there.
void stay_a_moment(unsigned number) {
    if (number % 512 == 0) std::this_thread::sleep_for(microseconds{500});
}

using item = owned_item<kind::bounded, &stay_a_moment>;

class bound_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        cmwq::queue& wq = *w.bounded[random() % w.bounded.size()];
        for (int left = 100; left > 0; --left) {
            enqueue_new<item, kind::bounded>(wq, static_cast<unsigned>(random() >> 2));
        }
        std::this_thread::sleep_for(microseconds{random() % 1000});
    }
};

}  // namespace

std::unique_ptr<load> make_bound_load(world& w) {
    return std::make_unique<bound_load>(w);
}

}  // namespace soak
