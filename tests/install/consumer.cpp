// SPDX-License-Identifier: Apache-2.0
//
// Uses the installed package: the headers, a template that reaches into the library, and the version.
#include <cmwq/cmwq.hpp>
#include <cmwq/version.hpp>

#include <cstdio>
#include <utility>

namespace {

struct job {
    int value = 0;
    int* sum = nullptr;
    cmwq::work<job> work;
    CMWQ_HAS_WORK(work);
    static void run(cmwq::arc<job> self) { *self->sum += self->value; }
};

}  // namespace

int main() {
    int sum = 0;
    {
        auto queue = cmwq::make_queue(cmwq::ordered{.name = "consumer"});
        if (!queue) return 1;
        for (int value = 1; value <= 10; ++value) {
            auto item = cmwq::make_arc<job>();
            item->value = value;
            item->sum = &sum;
            if (!queue->enqueue(std::move(item))) return 1;
        }
    }  // the queue drains before it goes
    std::printf("cmwq %s: %d\n", CMWQ_VERSION_STRING, sum);
    return sum == 55 ? 0 : 1;
}
