// SPDX-License-Identifier: Apache-2.0
//
// A few items that several threads enqueue everywhere, cancel, disable and wait for, all at once. None runs twice at
// once, and none runs while it is disabled.
#include "soak/behaviour.hpp"
#include "soak/load.hpp"

namespace soak {
namespace {

account& books() {
    return counts.of(kind::shared);
}

struct popular : cmwq::work<popular> {
    static void run(popular& self) {
        ++books().ran;
        if (++self.inside != 1) ++counts.overlaps;
        if (++self.runs % 1024 == 0) std::this_thread::sleep_for(microseconds{100});
        --self.inside;
    }
    std::atomic<int> inside{0};
    unsigned runs = 0;
};

std::array<popular, 6> items;  // of all loads of this kind

class shared_item_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        for (int left = 16; left > 0; --left) act(items[random() % items.size()], random);
        std::this_thread::sleep_for(microseconds{random() % 100});
    }

private:
    void act(popular& item, random_numbers& random) {
        switch (random() % 16) {
        case 0: books().cancelled += item.cancel() ? 1 : 0; return;
        case 1: books().cancelled += item.cancel_sync() ? 1 : 0; return;
        case 2: return disable_for_a_moment(item);
        case 3: (void)item.flush(); return;
        case 4: w.any(random).flush(); return;
        default: return books().note(w.any(random).enqueue(item));
        }
    }

    static void disable_for_a_moment(popular& item) {
        books().cancelled += item.disable_sync() ? 1 : 0;
        if (item.inside != 0) ++counts.overlaps;
        (void)item.enable();
    }
};

}  // namespace

std::unique_ptr<load> make_shared_item_load(world& w) {
    return std::make_unique<shared_item_load>(w);
}

}  // namespace soak
