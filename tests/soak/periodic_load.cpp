// SPDX-License-Identifier: Apache-2.0
//
// Items that arm themselves at a fixed rate.
#include "soak/load.hpp"

#include <thread>

namespace soak {
namespace {

account& books() {
    return counts.of(kind::periodic);
}

struct periodic : cmwq::delayed_work<periodic> {
    static void run(periodic& self) {
        ++books().ran;
        if (std::chrono::steady_clock::now() < self.next) ++counts.early;
        self.arm();
    }
    void arm() {
        next = rate.next();
        books().note(wq->enqueue_delayed(*this, next));
    }
    cmwq::queue* wq = nullptr;
    cmwq::fixed_rate rate{microseconds{1500}};
    std::chrono::steady_clock::time_point next{};
};

class periodic_load : public load {
public:
    using load::load;

    void begin() override {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            items_[i].wq = &*w.queues[i % w.queues.size()];
            items_[i].arm();
        }
    }
    void step(random_numbers&) override { std::this_thread::sleep_for(milliseconds{5}); }
    void end() override {
        for (periodic& item : items_) {
            books().cancelled += item.disable_sync() ? 1 : 0;
            (void)item.enable();
        }
    }

private:
    std::array<periodic, 16> items_;
};

}  // namespace

std::unique_ptr<load> make_periodic_load(world& w) {
    return std::make_unique<periodic_load>(w);
}

}  // namespace soak
