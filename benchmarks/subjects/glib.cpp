// SPDX-License-Identifier: Apache-2.0
//
// GLib's GThreadPool with threads of its own (exclusive), one thread for the ordered queue; without a limit, which its
// interface offers for items that block, for the workloads that do.
#include "../harness/main.hpp"

#include <glib.h>

namespace {

using bench::workload;

struct glib_peer {
    static constexpr const char* name = "glib";
    static const char* version() {
        static const std::string text = std::to_string(glib_major_version) + "." + std::to_string(glib_minor_version) +
                                        "." + std::to_string(glib_micro_version);
        return text.c_str();
    }

    // One function and a pointer: no closures.
    static constexpr bool runs(workload which) { return which != workload::p3; }

    template <class Work>
    class subject {
    public:
        struct task {
            std::uintptr_t payload;
        };

        explicit subject(const bench::settings& sizes) {
            if constexpr (requires { Work::blocks; }) {
                pool_ = g_thread_pool_new(&subject::run, this, -1, FALSE, nullptr);
            } else {
                const gint threads = Work::ordered ? 1 : static_cast<gint>(sizes.workers);
                pool_ = g_thread_pool_new(&subject::run, this, threads, TRUE, nullptr);
            }
        }

        // GLib refuses null, so the pointer it carries is the payload and one.
        void submit(std::uintptr_t payload) {
            g_thread_pool_push(pool_, reinterpret_cast<gpointer>(payload + 1), nullptr);
        }
        void resubmit(const task& again) { submit(again.payload); }

    private:
        static void run(gpointer data, gpointer self) {
            task copy{reinterpret_cast<std::uintptr_t>(data) - 1};
            Work::run(*static_cast<subject*>(self), copy);
        }

        GThreadPool* pool_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<glib_peer>(argc, argv);
}
