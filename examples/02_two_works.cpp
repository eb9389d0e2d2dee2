// SPDX-License-Identifier: Apache-2.0
//
// A struct with two works: each has an id, and the id says which function belongs to it.
#include <cmwq/cmwq.hpp>

#include <cstdio>

struct my_struct {
    int value_1;
    int value_2;
    cmwq::work<my_struct, 1> work_1;
    cmwq::work<my_struct, 2> work_2;
    CMWQ_HAS_WORK(work_1);
    CMWQ_HAS_WORK(work_2);
    static void run(cmwq::work_id<1>, cmwq::arc<my_struct> self) { std::printf("The value is: %d\n", self->value_1); }
    static void run(cmwq::work_id<2>, cmwq::arc<my_struct> self) {
        std::printf("The second value is: %d\n", self->value_2);
    }
};

void print_1_later(cmwq::arc<my_struct> v) {
    (void)cmwq::system().enqueue<1>(std::move(v));
}
void print_2_later(cmwq::arc<my_struct> v) {
    (void)cmwq::system().enqueue<2>(std::move(v));
}

int main() {
    auto item = cmwq::make_arc<my_struct>(24, 42);
    print_1_later(item);
    item->work_1.flush();  // the two works are two items: without this they may run side by side
    print_2_later(item);
    item->work_2.flush();
}
