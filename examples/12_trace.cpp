// SPDX-License-Identifier: Apache-2.0
//
// What a program's items do, as a picture. Writes items.json, or the file that it is given; open it in
// https://ui.perfetto.dev.
#include <cmwq/cmwq.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

namespace {

struct page : cmwq::work<page> {
    int number = 0;

    static void run(page& p) {
        cmwq::this_worker::describe(p.number % 2 == 0 ? "even page" : "odd page");
        std::this_thread::sleep_for(std::chrono::milliseconds{2});  // blocks: others begin beside it
    }
};

}  // namespace

int main(int argc, char** argv) {
    const char* file = argc > 1 ? argv[1] : "items.json";
    if (!cmwq::start_trace()) return 1;
    page pages[8];
    {
        const cmwq::owned_queue printer = cmwq::make_queue(cmwq::unbound{.name = "printer", .max_active = 3});
        for (page& each : pages) {
            each.number = static_cast<int>(&each - pages);
            printer->enqueue(each);
        }
    }  // runs to its end here
    if (!cmwq::write_trace(file)) return 1;
    std::printf("written, and %llu events missed\n", static_cast<unsigned long long>(cmwq::traced().missed));
}
