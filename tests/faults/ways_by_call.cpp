// SPDX-License-Identifier: Apache-2.0
#include "faults/ways_to_block.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <fcntl.h>
#include <linux/futex.h>
#include <mutex>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace faults {
namespace {

class by_mutex : public way_to_block {
public:
    by_mutex() { lock_.lock(); }
    void block() override { const std::lock_guard hold{lock_}; }
    void release() override { lock_.unlock(); }

private:
    std::mutex lock_;
};

class by_condition : public way_to_block {
public:
    void block() override {
        std::unique_lock hold{lock_};
        changed_.wait(hold, [this] { return released_; });
    }
    void release() override {
        const std::lock_guard hold{lock_};
        released_ = true;
        changed_.notify_all();
    }

private:
    std::mutex lock_;
    std::condition_variable changed_;
    bool released_ = false;
};

class by_semaphore : public way_to_block {
public:
    by_semaphore() { sem_init(&count_, 0, 0); }
    ~by_semaphore() override { sem_destroy(&count_); }
    void block() override {
        while (sem_wait(&count_) != 0) {}
    }
    void release() override { sem_post(&count_); }

private:
    sem_t count_{};
};

class by_futex : public way_to_block {
public:
    void block() override {
        while (word_ == 0) syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    }
    void release() override {
        word_ = 1;
        syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }

private:
    std::atomic<int> word_{0};
};

/// Two ends of something; release() writes a byte into the one, which the other waits for.
class by_descriptor : public way_to_block {
public:
    ~by_descriptor() override {
        close(ends_[0]);
        close(ends_[1]);
    }
    void release() override {
        const char byte = 0;
        if (write(ends_[1], &byte, 1) != 1) std::abort();
    }

protected:
    explicit by_descriptor(bool is_socket) {
        const int failed = is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()) : pipe(ends_.data());
        if (failed != 0) std::abort();
    }
    int here() const { return ends_[0]; }
    int there() const { return ends_[1]; }

private:
    std::array<int, 2> ends_{-1, -1};
};

class by_pipe_read : public by_descriptor {
public:
    by_pipe_read() : by_descriptor{false} {}
    void block() override {
        char byte = 0;
        while (read(here(), &byte, 1) != 1) {}
    }
};

class by_socket : public by_descriptor {
public:
    by_socket() : by_descriptor{true} {}
    void block() override {
        char byte = 0;
        while (recv(here(), &byte, 1, 0) != 1) {}
    }
};

class by_poll : public by_descriptor {
public:
    by_poll() : by_descriptor{false} {}
    void block() override {
        pollfd wanted{here(), POLLIN, 0};
        while (poll(&wanted, 1, -1) != 1) {}
    }
};

class by_select : public by_descriptor {
public:
    by_select() : by_descriptor{false} {}
    void block() override {
        fd_set wanted;
        do {
            FD_ZERO(&wanted);
            FD_SET(here(), &wanted);
        } while (select(here() + 1, &wanted, nullptr, nullptr, nullptr) != 1);
    }
};

class by_epoll : public by_descriptor {
public:
    by_epoll() : by_descriptor{false} {
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        epoll_ctl(set_, EPOLL_CTL_ADD, here(), &wanted);
    }
    ~by_epoll() override { close(set_); }
    void block() override {
        epoll_event seen{};
        while (epoll_wait(set_, &seen, 1, -1) != 1) {}
    }

private:
    int set_ = epoll_create1(0);
};

/// A pipe that is full until somebody reads.
class by_pipe_write : public by_descriptor {
public:
    by_pipe_write() : by_descriptor{false} {
        fcntl(there(), F_SETFL, O_NONBLOCK);
        while (write(there(), page_.data(), page_.size()) > 0) {}
        fcntl(there(), F_SETFL, 0);
    }
    void block() override {
        while (write(there(), page_.data(), 1) != 1) {}
    }
    void release() override {
        std::array<char, 4096> read_back{};
        if (read(here(), read_back.data(), read_back.size()) <= 0) std::abort();
    }

private:
    std::array<char, 4096> page_{};
};

/// The lock of a file that somebody else has open and locked.
class by_file_lock : public way_to_block {
public:
    ~by_file_lock() override {
        close(locked_);
        close(other_);
    }
    std::string missing() override { return flock(locked_, LOCK_EX) == 0 && other_ >= 0 ? "" : "no file to lock"; }
    void block() override {
        while (flock(other_, LOCK_EX) != 0) {}
    }
    void release() override { flock(locked_, LOCK_UN); }

private:
    static int reopen(int file) { return open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDWR); }
    int locked_ = static_cast<int>(syscall(SYS_memfd_create, "locked", 0u));
    int other_ = reopen(locked_);
};

template <class Way>
std::unique_ptr<way_to_block> make() {
    return std::make_unique<Way>();
}

}  // namespace

std::vector<named_way> ways_by_call() {
    return {{"mutex", &make<by_mutex>},   {"condition", &make<by_condition>}, {"semaphore", &make<by_semaphore>},
            {"futex", &make<by_futex>},   {"pipe_read", &make<by_pipe_read>}, {"pipe_write", &make<by_pipe_write>},
            {"socket", &make<by_socket>}, {"poll", &make<by_poll>},           {"select", &make<by_select>},
            {"epoll", &make<by_epoll>},   {"file_lock", &make<by_file_lock>}};
}

}  // namespace faults
