// SPDX-License-Identifier: Apache-2.0
//
// Limits, attributes, the mask of unbound CPUs and freezes change while items flow.
#include "soak/load.hpp"

#include <thread>

namespace soak {
namespace {

class change_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        ++counts.changes;
        switch (random() % 5) {
        case 0:
        case 1: change_limits(random); break;
        case 2: change_attributes(random); break;
        case 3: (void)w.own.set_unbound_cpus(some_cpus(random)); break;
        default: freeze_for_a_moment(random); break;
        }
        std::this_thread::sleep_for(microseconds{500 + random() % 2000});
    }
    void end() override { (void)w.own.set_unbound_cpus({}); }

private:
    static cmwq::cpu_mask some_cpus(random_numbers& random) {
        const int cpu = static_cast<int>(random() % static_cast<unsigned>(cmwq::nr_cpus()));
        return random() % 2 == 0 ? cmwq::cpu_mask{} : cmwq::cpu_mask::of({cpu});
    }

    void change_limits(random_numbers& random) {
        for (std::size_t i = world::first_limited; i < w.queues.size(); ++i) {
            (void)w.queues[i]->set_max_active(static_cast<int>(1 + random() % 8));
        }
        (void)w.queues[world::first_unbound]->set_min_active(static_cast<int>(random() % 4));
    }

    void change_attributes(random_numbers& random) {
        constexpr cmwq::affinity_scope scopes[] = {cmwq::affinity_scope::by_default, cmwq::affinity_scope::cpu,
                                                   cmwq::affinity_scope::cache, cmwq::affinity_scope::numa};
        const std::size_t which = world::first_unbound + random() % (w.queues.size() - world::first_unbound);
        (void)w.queues[which]->apply_attributes({.cpus = some_cpus(random),
                                                 .affinity = scopes[random() % std::size(scopes)],
                                                 .affinity_strict = random() % 2 == 0});
    }

    void freeze_for_a_moment(random_numbers& random) {
        w.own.freeze();
        ++counts.freezes;
        std::this_thread::sleep_for(microseconds{random() % 2000});
        w.own.thaw();
    }
};

}  // namespace

std::unique_ptr<load> make_change_load(world& w) {
    return std::make_unique<change_load>(w);
}

}  // namespace soak
