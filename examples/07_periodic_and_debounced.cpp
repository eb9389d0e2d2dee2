// SPDX-License-Identifier: Apache-2.0
//
// Three uses of a delayed item: at a fixed rate, after the last of many requests (debounce), and at most once in a
// while (throttle).
#include <cmwq/cmwq.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

// At a fixed rate: it arms itself for the next time in step, and stops by not doing so.
struct heartbeat : cmwq::delayed_work<heartbeat> {
    static void run(heartbeat& self) {
        std::printf("beat %d\n", ++self.beats);
        if (self.beats < 3) {
            cmwq::system().enqueue_delayed(self, self.rate.next());
        } else {
            self.done = true;
            self.done.notify_all();
        }
    }
    cmwq::fixed_rate rate{5ms};
    int beats = 0;
    std::atomic<bool> done{false};
};

// Debounce: each change moves the time away; it is saved once they have stopped.
class document {
public:
    ~document() { save_.cancel_sync(); }

    void change() {
        ++changes_;
        cmwq::system().mod_delayed(save_, 20ms);
    }
    void save_now() { save_.flush_delayed(); }

private:
    struct save_item : cmwq::delayed_work<save_item> {
        explicit save_item(document& d) : owner{d} {}
        static void run(save_item& self) { std::printf("saved after %d changes\n", self.owner.changes_.load()); }
        document& owner;
    };

    std::atomic<int> changes_{0};
    save_item save_{*this};
};

// Throttle: the first request sets the time, and those until then are part of it.
struct report : cmwq::delayed_work<report> {
    void request() {
        ++requests;
        cmwq::system().enqueue_delayed(*this, 10ms);
    }
    static void run(report& self) { std::printf("one report for %d requests\n", self.requests.load()); }
    std::atomic<int> requests{0};
};

int main() {
    heartbeat beat;
    cmwq::system().enqueue_delayed(beat, beat.rate.next());
    beat.done.wait(false);
    beat.cancel_sync();  // the function has ended

    document text;
    for (int i = 0; i < 100; ++i) {
        text.change();
    }
    text.save_now();  // at the end of the program, rather than when the time has come

    report hourly;
    for (int i = 0; i < 5; ++i) {
        hourly.request();
    }
    hourly.flush_delayed();
}
