// SPDX-License-Identifier: Apache-2.0
//
// Standalone Asio: post to a thread_pool, through a strand for the ordered queue. An item that submits itself is a
// continuation of itself, for which Asio has defer.
#include "../harness/main.hpp"

#include <asio/defer.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/version.hpp>

namespace {

using bench::workload;

struct asio_peer {
    static constexpr const char* name = "asio";
    static const char* version() {
        static const std::string text = std::to_string(ASIO_VERSION / 100'000) + "." +
                                        std::to_string(ASIO_VERSION / 100 % 1000) + "." +
                                        std::to_string(ASIO_VERSION % 100);
        return text.c_str();
    }
    static constexpr bool runs(workload) { return true; }

    template <class Work>
    class subject {
    public:
        struct task {
            std::uintptr_t payload;
        };

        explicit subject(const bench::settings& sizes) : pool_{sizes.workers}, strand_{pool_.get_executor()} {}

        void submit(std::uintptr_t payload) {
            if constexpr (Work::ordered) {
                asio::post(strand_, handler{this, payload});
            } else {
                asio::post(pool_, handler{this, payload});
            }
        }

        void submit_continuation(std::uintptr_t payload) { asio::defer(pool_, handler{this, payload}); }
        void resubmit(const task& again) { submit_continuation(again.payload); }
        void spawn(std::uintptr_t payload) { submit(payload); }

    private:
        struct handler {
            subject* owner;
            std::uintptr_t payload;

            void operator()() const {
                task copy{payload};
                Work::run(*owner, copy);
            }
        };

        asio::thread_pool pool_;
        asio::strand<asio::thread_pool::executor_type> strand_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<asio_peer>(argc, argv);
}
