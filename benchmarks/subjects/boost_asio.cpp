// SPDX-License-Identifier: Apache-2.0
//
// Boost.Asio: the same code as Asio's, at the version that Debian's Boost has.
#include <boost/asio/defer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/version.hpp>

namespace bench {
namespace net = boost::asio;
}

#include "asio.hpp"

namespace {

struct boost_asio_peer {
    static constexpr const char* name = "boost_asio";
    static const char* version() {
        static const std::string text = bench::asio_version(BOOST_ASIO_VERSION);
        return text.c_str();
    }
    static constexpr bool runs(bench::workload) { return true; }

    template <class Work>
    using subject = bench::asio_subject<Work>;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<boost_asio_peer>(argc, argv);
}
