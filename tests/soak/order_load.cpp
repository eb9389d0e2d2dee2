// SPDX-License-Identifier: Apache-2.0
//
// Items of one ordered queue, each with its number: they must run in the order of the numbers.
#include "soak/load.hpp"
#include "soak/owned_item.hpp"

#include <thread>

namespace soak {
namespace {

// Touched by the items only, and these run one after the other.
unsigned next_number = 0;

void expect_next(unsigned number) {
    if (number != next_number++) ++counts.out_of_order;
    if (number % 4096 == 0) std::this_thread::sleep_for(microseconds{300});
}

using numbered = owned_item<kind::order, &expect_next>;

class order_load : public load {
public:
    explicit order_load(world& in)
        : load{in}, wq_{in.own.make_queue(cmwq::ordered{.name = "numbers", .freezable = true})} {}

    void step(random_numbers& random) override {
        if (w.is_full()) return std::this_thread::sleep_for(microseconds{200});
        for (unsigned left = 1 + random() % 64; left > 0; --left) enqueue_new<numbered, kind::order>(*wq_, number_++);
        if (random() % 64 == 0) wq_->drain();
        std::this_thread::sleep_for(microseconds{random() % 200});
    }
    void end() override { wq_->drain(); }

private:
    cmwq::owned_queue wq_;
    unsigned number_ = 0;
};

}  // namespace

std::unique_ptr<load> make_order_load(world& w) {
    return std::make_unique<order_load>(w);
}

}  // namespace soak
