// SPDX-License-Identifier: Apache-2.0
//
// Eigen's thread pool (that of TensorFlow): a queue of 1024 per worker, stealing, spinning before it sleeps. What does
// not fit into a queue runs in the submitter.
#include "../harness/main.hpp"

#include <unsupported/Eigen/CXX11/ThreadPool>

namespace {

using bench::workload;

struct eigen_peer {
    static constexpr const char* name = "eigen";
    static const char* version() {
        static const std::string text = std::to_string(EIGEN_WORLD_VERSION) + "." +
                                        std::to_string(EIGEN_MAJOR_VERSION) + "." + std::to_string(EIGEN_MINOR_VERSION);
        return text.c_str();
    }

    // A full queue hands the item back to the submitter: no order, an item that submits items runs nested, and what
    // blocks would block the submitter.
    static constexpr bool runs(workload which) {
        return which != workload::p8 && which != workload::p11 && which != workload::p14 &&
               which != workload::p10_blocked && which != workload::p10_fresh;
    }

    template <class Work>
    class subject {
    public:
        struct task {
            std::uintptr_t payload;
        };

        explicit subject(const bench::settings& sizes) : pool_{static_cast<int>(sizes.workers)} {}

        void submit(std::uintptr_t payload) {
            pool_.Schedule([this, payload] {
                task copy{payload};
                Work::run(*this, copy);
            });
        }

        void resubmit(const task& again) { submit(again.payload); }
        void spawn(std::uintptr_t payload) { submit(payload); }

    private:
        Eigen::ThreadPool pool_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<eigen_peer>(argc, argv);
}
