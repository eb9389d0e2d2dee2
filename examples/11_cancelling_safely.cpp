// SPDX-License-Identifier: Apache-2.0
//
// Taking items back: a request that nobody wants any more, a sensor that is set up anew while it is polled, an object
// that goes. See docs/guide/cancelling-safely.md.
#include <cmwq/cmwq.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

// An item that is shared: whoever cancels it gets the owner back that the queue had.
struct reminder : cmwq::delayed_work<reminder> {
    explicit reminder(const char* t) : text{t} {}
    static void run(cmwq::arc<reminder> self) { std::printf("%s\n", self->text); }
    const char* text;
};

void take_back() {
    auto tea = cmwq::make_arc<reminder>("tea");
    (void)cmwq::system().enqueue_delayed(tea, 1h);
    if (cmwq::arc<reminder> back = tea->cancel()) {
        std::printf("taken back: %s\n", back->text);
        (void)cmwq::system().enqueue(std::move(back));  // now rather than in an hour
    }
    tea->flush();
    std::printf("pending the second time: %s\n", tea->cancel() ? "yes" : "no");
}

// An item that enqueues itself. While it is disabled it neither runs nor can be enqueued, so what it uses can be
// changed without a lock.
class sensor {
public:
    sensor() { cmwq::system().enqueue(poll_); }
    ~sensor() { poll_.cancel_sync(); }

    void set_scale(int scale) {
        poll_.disable_sync();
        scale_ = scale;
        cmwq::system().enable_and_enqueue(poll_);
    }
    void wait_for_scale(int scale) {
        for (int seen = polled_with_; seen != scale; seen = polled_with_) polled_with_.wait(seen);
    }

private:
    struct poll : cmwq::delayed_work<poll> {
        explicit poll(sensor& s) : from{s} {}
        static void run(poll& self) {
            self.from.polled_with_ = self.from.scale_;
            self.from.polled_with_.notify_all();
            cmwq::system().enqueue_delayed(self, 100us);  // refused while it is disabled or cancelled
        }
        sensor& from;
    };

    int scale_ = 1;
    std::atomic<int> polled_with_{0};
    poll poll_{*this};
};

// Its member waits for itself: the function never sees a dead object.
class journal {
public:
    explicit journal(cmwq::queue& q) : write_{q, this} {}
    ~journal() { std::printf("%d of %d lines written\n", written_.load(), lines_.load()); }

    void add() {
        ++lines_;
        write_.enqueue();
    }
    void close() { write_.flush(); }  // the destructor cancels: who wants the last run waits for it first

private:
    void write() { written_ = lines_.load(); }

    std::atomic<int> lines_{0}, written_{0};
    cmwq::bound_work<&journal::write> write_;  // last: destroyed first
};

int main() {
    take_back();

    sensor thermometer;
    thermometer.wait_for_scale(1);
    thermometer.set_scale(10);
    thermometer.wait_for_scale(10);
    std::printf("polled with scale 10\n");

    journal notes{cmwq::system()};
    notes.add();
    notes.add();
    notes.close();
}
