// SPDX-License-Identifier: Apache-2.0
//
// Items carried by a pointer type of your own: an intrusive pointer, told to cmwq in six lines.
#include <cmwq/cmwq.hpp>

#include <atomic>
#include <cstdio>
#include <utility>

// What many programs have already: the object counts its references.
template <class T>
class counted_ptr {
public:
    counted_ptr() = default;
    explicit counted_ptr(T* object) : object_{object} {}  // takes a reference over
    counted_ptr(const counted_ptr& other) : object_{other.object_} { ++object_->references; }
    counted_ptr(counted_ptr&& other) noexcept : object_{std::exchange(other.object_, nullptr)} {}
    counted_ptr& operator=(counted_ptr other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~counted_ptr() {
        if (object_ != nullptr && --object_->references == 0) {
            delete object_;
        }
    }
    T* operator->() const { return object_; }
    T* detach() { return std::exchange(object_, nullptr); }

private:
    T* object_ = nullptr;
};

template <class T>
struct cmwq::work_pointer_traits<counted_ptr<T>> {
    using element_type = T;
    static T* into_raw(counted_ptr<T>&& p) noexcept { return p.detach(); }
    static counted_ptr<T> from_raw(T* p) noexcept { return counted_ptr<T>{p}; }
};

struct message : cmwq::work<message> {
    explicit message(const char* t) : text{t} {}
    ~message() { std::printf("gone: %s\n", text); }
    static void run(counted_ptr<message> self) { std::printf("sent: %s\n", self->text); }

    const char* text;
    std::atomic<int> references{1};
};

int main() {
    cmwq::queue& q = cmwq::system();
    if (auto result = q.enqueue(counted_ptr<message>{new message{"hello"}}); !result) {
        std::printf("refused: %s\n", result.take_back()->text);
    }
    q.flush();
}
