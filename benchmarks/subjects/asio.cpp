// SPDX-License-Identifier: Apache-2.0
//
// Standalone Asio.
#include <asio/defer.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/version.hpp>

namespace bench {
namespace net = asio;
}

#include "asio.hpp"

namespace {

struct asio_peer {
    static constexpr const char* name = "asio";
    static const char* version() {
        static const std::string text = bench::asio_version(ASIO_VERSION);
        return text.c_str();
    }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::asio_subject<Work>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<asio_peer>(argc, argv);
}
