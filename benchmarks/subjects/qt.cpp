// SPDX-License-Identifier: Apache-2.0
//
// Qt's QThreadPool with caller-owned QRunnables (no auto-delete), which spares it the allocation; with a function for
// P3. One thread for the ordered queue.
#include "../harness/item_ring.hpp"
#include "../harness/main.hpp"

#include <QRunnable>
#include <QThreadPool>
#include <QtGlobal>

namespace {

using bench::workload;

struct qt_peer {
    static constexpr const char* name = "qt";
    static const char* version() { return qVersion(); }
    static constexpr bool runs(workload) { return true; }

    template <class Work>
    class subject {
    public:
        struct alignas(64) task : QRunnable {
            std::uintptr_t payload = 0;

            task() { setAutoDelete(false); }
            void run() override { Work::run(*current_, *this); }
        };

        explicit subject(const bench::settings& sizes) : ring_{sizes.ring_slots} {
            current_ = this;
            pool_.setMaxThreadCount(Work::ordered ? 1 : static_cast<int>(sizes.workers));
            pool_.setExpiryTimeout(-1);
        }

        void submit(std::uintptr_t payload) {
            task& item = ring_.next();
            item.payload = payload;
            resubmit(item);
        }

        void resubmit(task& item) { pool_.start(&item); }

        void spawn(std::uintptr_t payload) {
            pool_.start([payload] { bench::count_item(payload); });
        }

    private:
        static inline subject* current_ = nullptr;

        bench::item_ring<task> ring_;
        QThreadPool pool_;
    };
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main_for<qt_peer>(argc, argv);
}
