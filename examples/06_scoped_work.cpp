// SPDX-License-Identifier: Apache-2.0
//
// A class with something to do now and then: however often it is asked for while it waits, it is done once; and when
// the object goes, what is pending is cancelled and what runs is waited for.
#include <cmwq/cmwq.hpp>

#include <cstdio>
#include <map>
#include <mutex>
#include <string>

class settings {
public:
    explicit settings(cmwq::queue& q) : save_{q, this} {}

    void set(const std::string& key, int value) {
        {
            const std::lock_guard hold{lock_};
            values_[key] = value;
        }
        save_.enqueue();  // pending already: the coming run saves this value too
    }
    void wait_until_saved() { save_.flush(); }

private:
    void save() {
        const std::lock_guard hold{lock_};
        std::printf("saving %zu values\n", values_.size());
    }

    std::mutex lock_;
    std::map<std::string, int> values_;
    cmwq::bound_work<&settings::save> save_;  // last: destroyed first
};

int main() {
    auto q = cmwq::make_queue(cmwq::ordered{.name = "settings"});
    if (!q) return 1;
    settings all{*q};
    cmwq::scoped_work first{*q, "first", [&all] {  // the queue is busy while the values are set
                                all.set("width", 80);
                                all.set("height", 25);
                                all.set("colours", 16);
                            }};
    first.enqueue();
    first.flush();
    all.wait_until_saved();
    all.set("width", 132);
    all.wait_until_saved();
}
