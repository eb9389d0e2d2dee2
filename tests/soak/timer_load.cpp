// SPDX-License-Identifier: Apache-2.0
//
// Delayed items: armed, moved, cancelled, disabled, flushed, from now to hours from now. None runs before its time.
#include "soak/load.hpp"

#include <thread>

namespace soak {
namespace {

using clock = std::chrono::steady_clock;

account& books() {
    return counts.of(kind::timed);
}

struct timed : cmwq::delayed_work<timed> {
    static void run(timed& self) {
        ++books().ran;
        if (clock::now() < self.not_before) ++counts.early;
    }
    clock::time_point not_before{};  // written only while the item is idle
};

class timer_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        for (int left = 16; left > 0; --left) {
            act(items_[random() % items_.size()], random);
            arm_exactly(exact_[random() % exact_.size()], random);
        }
        std::this_thread::sleep_for(microseconds{random() % 400});
    }

    void end() override {
        for (timed& item : items_) take_back(item);
        for (timed& item : exact_) take_back(item);
    }

private:
    static void take_back(timed& item) { books().cancelled += item.cancel_sync() ? 1 : 0; }

    /// Rarely an hour and more.
    static microseconds some_delay(random_numbers& random) {
        return random() % 16 == 0 ? std::chrono::hours{random() % 1000} : microseconds{random() % 3000};
    }

    void arm_exactly(timed& item, random_numbers& random) {
        if (random() % 4 != 0 && item.busy()) return;
        take_back(item);
        const microseconds wait = some_delay(random);
        item.not_before = clock::now() + wait;
        books().note(w.any(random).enqueue_delayed(item, wait));
    }

    void act(timed& item, random_numbers& random) {
        cmwq::queue& wq = w.any(random);
        switch (random() % 8) {
        case 0:
        case 1: return books().note(wq.enqueue_delayed(item, some_delay(random)));
        case 2:
        case 3: return books().note(!wq.mod_delayed(item, some_delay(random)));  // pending already: refused, so to say
        case 4: books().cancelled += item.cancel() ? 1 : 0; return;
        case 5: return take_back(item);
        case 6:
            books().cancelled += item.disable() ? 1 : 0;
            (void)item.enable();
            return;
        default: (void)item.flush_delayed(); return;
        }
    }

    std::array<timed, 64> items_;
    std::array<timed, 64> exact_;
};

}  // namespace

std::unique_ptr<load> make_timer_load(world& w) {
    return std::make_unique<timer_load>(w);
}

}  // namespace soak
