// SPDX-License-Identifier: Apache-2.0
//
// Items of every owner, on every queue: freed by their function, shared, on two queues at once, enqueued by themselves
// again, functions with what they captured.
#include "soak/behaviour.hpp"
#include "soak/load.hpp"
#include "soak/owned_item.hpp"

namespace soak {
namespace {

account& books() {
    return counts.of(kind::owned);
}

using single = owned_item<kind::owned, &behave>;

/// Shared, with two works; goes on to another queue while `hops` lasts.
struct twin : counted {
    twin(cmwq::queue& on, unsigned n) : there{on}, number{n}, hops{static_cast<int>(n % 8)} {}
    cmwq::work<twin, 1> first;
    cmwq::work<twin, 2> second;
    CMWQ_HAS_WORK(first);
    CMWQ_HAS_WORK(second);
    using pointer = cmwq::arc<twin>;
    template <std::uint64_t Id>
    static void run(cmwq::work_id<Id>, cmwq::arc<twin> self) {
        ++books().ran;
        const unsigned how = self->number;
        if (--self->hops >= 0) {
            cmwq::queue& there = self->there;
            books().note(static_cast<bool>(there.enqueue<Id>(std::move(self))));
        }
        behave(how);
    }
    cmwq::queue& there;
    unsigned number;
    std::atomic<int> hops;
};

struct shared : counted {
    explicit shared(unsigned n) : number{n} {}
    cmwq::shared_work<shared> work;
    CMWQ_HAS_WORK(work);
    static void run(std::shared_ptr<shared> self) {
        ++books().ran;
        behave(self->number);
    }
    unsigned number;
};

class owner_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        if (w.is_full()) return std::this_thread::sleep_for(microseconds{200});
        for (int left = 32; left > 0; --left) enqueue_something(random);
        std::this_thread::sleep_for(microseconds{random() % 100});
    }

private:
    void enqueue_something(random_numbers& random) {
        const auto number = static_cast<unsigned>(random() >> 2);
        switch (random() % 4) {
        case 0: return enqueue_new<single, kind::owned>(w.any(random), number);
        case 1: return enqueue_twin(random, number);
        case 2: return enqueue_shared(random, number);
        default:
            return books().note(static_cast<bool>(w.any(random).try_spawn([number, tag = std::make_unique<counted>()] {
                ++books().ran;
                behave(number);
            })));
        }
    }

    void enqueue_twin(random_numbers& random, unsigned number) {
        const auto item = cmwq::make_arc<twin>(w.any(random), number);
        books().note(static_cast<bool>(w.any(random).enqueue<1>(item)));
        books().note(static_cast<bool>(w.any(random).enqueue<2>(item)));
        books().note(static_cast<bool>(w.any(random).enqueue<1>(item)));
    }

    void enqueue_shared(random_numbers& random, unsigned number) {
        const auto item = std::make_shared<shared>(number);
        books().note(static_cast<bool>(w.any(random).enqueue(item)));
        books().note(static_cast<bool>(w.any(random).enqueue_on(static_cast<int>(random() % 4), item)));
    }
};

}  // namespace

std::unique_ptr<load> make_owner_load(world& w) {
    return std::make_unique<owner_load>(w);
}

}  // namespace soak
