// SPDX-License-Identifier: Apache-2.0
//
// Queues, and now and then runtimes, that come, get items and go in every way: drained, dropped, left to another queue.
#include "soak/behaviour.hpp"
#include "soak/load.hpp"
#include "soak/owned_item.hpp"

namespace soak {
namespace {

using item = owned_item<kind::brief, &behave>;

class queue_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        if (random() % 64 == 0) return use_a_runtime(random);
        cmwq::owned_queue wq = make_any(w.own, random);
        fill(*wq, random);
        use_scoped_work(*wq, random);
        end_somehow(wq, random);
        std::this_thread::sleep_for(microseconds{random() % 1000});
    }

private:
    static cmwq::owned_queue make_any(cmwq::runtime& on, random_numbers& random) {
        ++counts.queues;
        switch (random() % 5) {
        case 0: return on.make_queue(cmwq::percpu{.name = "brief"});
        case 1: return on.make_queue(cmwq::unbound{.name = "brief", .max_active = 2});
        case 2: return on.make_queue(cmwq::percpu{.name = "brief", .max_active = 1, .mem_reclaim = true});
        case 3: return on.make_queue(cmwq::ordered{.name = "brief", .at_end = cmwq::pending_items::drop});
        default: return on.make_queue(cmwq::ordered{.name = "brief", .freezable = true});
        }
    }

    static void fill(cmwq::queue& wq, random_numbers& random) {
        for (unsigned left = random() % 30; left > 0; --left) {
            enqueue_new<item, kind::brief>(wq, static_cast<unsigned>(random() >> 2));
        }
    }

    static void use_scoped_work(cmwq::queue& wq, random_numbers& random) {
        account& books = counts.of(kind::scoped);
        cmwq::scoped_work<> task{wq, [&books] { ++books.ran; }};
        for (unsigned left = random() % 8; left > 0; --left) books.note(task.enqueue());
        if (random() % 2 == 0) (void)task.flush();
        books.cancelled += task.cancel_sync() ? 1 : 0;
    }

    void end_somehow(cmwq::owned_queue& wq, random_numbers& random) {
        switch (random() % 5) {
        case 0: return wq->drain();
        case 1: return wq.shutdown(cmwq::pending_items::run);
        case 2: return wq.shutdown(cmwq::pending_items::drop);
        case 3:
            return wq.shutdown_leaving([this](cmwq::left_item& left) noexcept {
                auto mine = left.take<item>();
                if (mine) (void)w.queues[0]->enqueue(std::move(mine));
            });
        default: return;  // by its destructor
        }
    }

    static void use_a_runtime(random_numbers& random) {
        ++counts.runtimes;
        cmwq::runtime own{{.on_exception = [](const cmwq::escaped_exception&) noexcept { ++counts.caught; },
                           .thread_name_prefix = thread_prefix}};
        const cmwq::owned_queue wq = make_any(own, random);
        fill(*wq, random);
        fill(own.system(), random);
        fill(own.system_unbound(), random);
    }
};

}  // namespace

std::unique_ptr<load> make_queue_load(world& w) {
    return std::make_unique<queue_load>(w);
}

}  // namespace soak
