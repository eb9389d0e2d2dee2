// SPDX-License-Identifier: Apache-2.0
//
// A function as an item of its own, without writing a class. try_spawn needs memory, so it can fail; the function is
// taken only when it was accepted, so the caller can run it instead.
#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdio>
#include <numeric>
#include <vector>

int main() {
    auto numbers = std::vector<int>(100);
    std::iota(numbers.begin(), numbers.end(), 1);
    std::atomic<int> sum{0};

    auto q = cmwq::make_queue(cmwq::unbound{.name = "sum"});
    if (!q) {
        return 1;
    }
    for (std::size_t begin = 0; begin < numbers.size(); begin += 25) {
        auto add = [&, begin] {
            const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(begin);
            sum += std::accumulate(first, first + 25, 0);
        };
        if (!q->try_spawn(std::move(add))) {
            add();
        }
    }
    q->flush();
    std::printf("The sum is: %d\n", sum.load());
}
