// SPDX-License-Identifier: Apache-2.0
//
// An ordered queue runs one item at a time, in the order of enqueuing: the log needs no mutex, and nobody waits for it.
#include <cmwq/cmwq.hpp>

#include <cstdio>
#include <memory>

class log_file {
public:
    void write(int line) {
        auto entry = std::make_unique<log_entry>(*this, line);
        if (auto result = queue_->enqueue(std::move(entry)); !result) {
            std::puts("the log is closing");
        }
    }

private:
    struct log_entry : cmwq::work<log_entry> {
        log_entry(log_file& l, int n) : log{l}, line{n} {}
        static void run(std::unique_ptr<log_entry> self) {
            std::printf("line %d of %d so far\n", self->line, ++self->log.lines_);
        }
        log_file& log;
        int line;
    };

    int lines_ = 0;                                                             // touched by items only
    cmwq::owned_queue queue_ = cmwq::make_queue(cmwq::ordered{.name = "log"});  // last, so destroyed first: it drains
};

int main() {
    log_file log;
    for (int line = 1; line <= 5; ++line) {
        log.write(line);
    }
}
