// SPDX-License-Identifier: Apache-2.0
//
// Asio, standalone or as part of Boost: post to a thread_pool, through a strand for the ordered queue. An item that
// submits itself is a continuation of itself, for which Asio has defer.
//
// Whoever includes this has included Asio, and named its namespace `bench::net`.
#pragma once

#include "../harness/main.hpp"

#include <vector>

namespace bench {

template <class Work>
class asio_subject {
public:
    struct task {
        std::uintptr_t payload;
    };

    explicit asio_subject(const settings& sizes) : pool_{sizes.workers}, strand_{pool_.get_executor()} {}

    void submit(std::uintptr_t payload) {
        if constexpr (Work::ordered) {
            net::post(strand_, handler{this, payload});
        } else {
            net::post(pool_, handler{this, payload});
        }
    }

    void submit_continuation(std::uintptr_t payload) { net::defer(pool_, handler{this, payload}); }
    void resubmit(const task& again) { submit_continuation(again.payload); }
    void spawn(std::uintptr_t payload) { submit(payload); }

    void make_queues(std::size_t count) {
        for (std::size_t index = 0; index < count; ++index) {
            many_.emplace_back(pool_.get_executor());
        }
    }

    void submit_to(std::size_t queue, std::uintptr_t payload) { net::post(many_[queue], handler{this, payload}); }

private:
    using strand = net::strand<net::thread_pool::executor_type>;

    struct handler {
        asio_subject* owner;
        std::uintptr_t payload;

        void operator()() const {
            task copy{payload};
            Work::run(*owner, copy);
        }
    };

    net::thread_pool pool_;
    strand strand_;
    std::vector<strand> many_;
};

inline std::string asio_version(int number) {
    return std::to_string(number / 100'000) + "." + std::to_string(number / 100 % 1000) + "." +
           std::to_string(number % 100);
}

}  // namespace bench
