// SPDX-License-Identifier: Apache-2.0
//
// A queue with children and grandchildren: never do more of their items run at once than the parent allows.
#include "soak/behaviour.hpp"
#include "soak/load.hpp"
#include "soak/owned_item.hpp"

namespace soak {
namespace {

std::atomic<int> inside{0};

void count_inside(unsigned number) {
    if (++inside > world::family_limit) ++counts.too_many;
    if (number % 256 == 0) std::this_thread::sleep_for(microseconds{500});
    --inside;
}

using item = owned_item<kind::nested, &count_inside>;

class family_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        if (w.is_full()) return std::this_thread::sleep_for(microseconds{200});
        cmwq::queue* const family[] = {&*w.parent, &*w.child, &*w.in_order, &*w.grandchild};
        for (int left = 64; left > 0; --left) {
            enqueue_new<item, kind::nested>(*family[random() % 4], static_cast<unsigned>(random() >> 2));
        }
        if (random() % 32 == 0) family[random() % 4]->flush();
        std::this_thread::sleep_for(microseconds{random() % 500});
    }
};

}  // namespace

std::unique_ptr<load> make_family_load(world& w) {
    return std::make_unique<family_load>(w);
}

}  // namespace soak
