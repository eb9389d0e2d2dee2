// SPDX-License-Identifier: Apache-2.0
//
// Very many small items that their caller keeps, in batches; most of all items are of this kind.
#include "soak/load.hpp"

namespace soak {
namespace {

struct tick : cmwq::work<tick> {
    static void run(tick& self) { ++self.runs; }
    std::uint64_t runs = 0;
};

class bulk_load : public load {
public:
    using load::load;

    void step(random_numbers& random) override {
        cmwq::queue& wq = w.any(random);
        std::uint64_t accepted = 0;
        for (tick& item : items_) accepted += wq.enqueue(item) ? 1 : 0;
        wq.flush();
        account& books = counts.of(kind::bulk);
        books.accepted += accepted;
        books.refused += items_.size() - accepted;
        books.ran += take_runs();
    }

private:
    std::uint64_t take_runs() {
        std::uint64_t runs = 0;
        for (tick& item : items_) runs += std::exchange(item.runs, 0);
        return runs;
    }

    std::array<tick, 1024> items_;
};

}  // namespace

std::unique_ptr<load> make_bulk_load(world& w) {
    return std::make_unique<bulk_load>(w);
}

}  // namespace soak
