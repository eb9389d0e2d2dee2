// SPDX-License-Identifier: Apache-2.0
//
// A struct that holds a number and can be enqueued: when the item runs, it prints the number.
#include <cmwq/cmwq.hpp>

#include <cstdio>

struct my_struct {
    using pointer = cmwq::arc<my_struct>;
    int value;
    cmwq::work<my_struct> work{"my_struct::work"};
    CMWQ_HAS_WORK(work);
    explicit my_struct(int v) : value{v} {}
    static void run(pointer self) { std::printf("The value is: %d\n", self->value); }
};

void print_later(cmwq::arc<my_struct> v) {
    (void)cmwq::system().enqueue(std::move(v));
}

int main() {
    print_later(cmwq::make_arc<my_struct>(42));
    cmwq::system().flush();
}
