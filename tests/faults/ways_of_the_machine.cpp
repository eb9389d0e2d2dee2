// SPDX-License-Identifier: Apache-2.0
#include "faults/ways_to_block.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace faults {
namespace {

std::string error_text(const char* call) {
    return std::string{call} + ": " + std::strerror(errno);
}

/// A sleep of many seconds, which a signal ends.
class by_sleep : public way_to_block {
public:
    by_sleep() {
        struct sigaction nothing {};
        nothing.sa_handler = [](int) {};
        sigaction(SIGUSR2, &nothing, nullptr);
    }
    void block() override {
        sleeper_ = pthread_self();
        is_asleep_ = true;
        while (!released_) {
            const timespec long_time{100, 0};
            sigset_t none, former;
            sigemptyset(&none);
            pthread_sigmask(SIG_SETMASK, &none, &former);  // workers let no signal in
            nanosleep(&long_time, nullptr);
            pthread_sigmask(SIG_SETMASK, &former, nullptr);
        }
        awake_ = true;
    }
    void release() override {
        released_ = true;
        while (!awake_) {  // the first signal may come between the look at released_ and the sleep
            if (is_asleep_) pthread_kill(sleeper_, SIGUSR2);
            std::this_thread::sleep_for(std::chrono::microseconds{200});
        }
    }

private:
    std::atomic<bool> released_{false}, is_asleep_{false}, awake_{false};
    pthread_t sleeper_{};
};

/// A page of memory that is not there until somebody brings it.
class by_page_fault : public way_to_block {
public:
    ~by_page_fault() override {
        if (page_ != MAP_FAILED) munmap(page_, size_);
        if (faults_ >= 0) close(faults_);
    }
    std::string missing() override {
        faults_ = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
        if (faults_ < 0) return error_text("userfaultfd");
        uffdio_api api{UFFD_API, 0, 0};
        if (ioctl(faults_, UFFDIO_API, &api) != 0) return error_text("UFFDIO_API");
        page_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        uffdio_register whole{{address(), size_}, UFFDIO_REGISTER_MODE_MISSING, 0};
        return ioctl(faults_, UFFDIO_REGISTER, &whole) == 0 ? "" : error_text("UFFDIO_REGISTER");
    }
    void block() override { seen_ = *static_cast<volatile char*>(page_); }
    void release() override {
        uffdio_zeropage bring{{address(), size_}, 0, 0};
        if (ioctl(faults_, UFFDIO_ZEROPAGE, &bring) != 0) std::abort();
    }

private:
    std::uint64_t address() const { return reinterpret_cast<std::uintptr_t>(page_); }
    std::size_t size_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    int faults_ = -1;
    void* page_ = MAP_FAILED;
    char seen_ = 0;
};

/// A sleep that no signal ends (state D): the parent of a vfork, until the child is gone.
class by_uninterruptible_sleep : public way_to_block {
public:
    by_uninterruptible_sleep() {
        if (pipe(way_out_.data()) != 0) std::abort();
    }
    ~by_uninterruptible_sleep() override {
        close(way_out_[0]);
        close(way_out_[1]);
    }
    void block() override {
        // Without CLONE_VM: the child has memory of its own, and makes system calls only.
        const auto child =
            static_cast<pid_t>(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
        if (child == 0) {
            char byte = 0;
            syscall(SYS_read, way_out_[0], &byte, 1);
            syscall(SYS_exit_group, 0);
        }
        (void)waitpid(child, nullptr, 0);
    }
    void release() override {
        const char byte = 0;
        if (write(way_out_[1], &byte, 1) != 1) std::abort();
    }

private:
    std::array<int, 2> way_out_{-1, -1};
};

/// The disk: writes and syncs until it is released.
class by_sync : public way_to_block {
public:
    ~by_sync() override {
        if (file_ != nullptr) std::fclose(file_);
    }
    std::string missing() override {
        file_ = std::tmpfile();
        return file_ != nullptr ? "" : error_text("tmpfile");
    }
    void block() override {
        const std::array<char, 64 * 1024> data{};
        while (!released_) {
            if (pwrite(fileno(file_), data.data(), data.size(), 0) < 0) std::abort();
            fsync(fileno(file_));
        }
    }
    void release() override { released_ = true; }

private:
    std::FILE* file_ = nullptr;
    std::atomic<bool> released_{false};
};

/// A debugger that stops the worker's thread while it computes.
class by_tracer : public way_to_block {
public:
    std::string missing() override {
        if (pipe(orders_.data()) != 0 || pipe(answers_.data()) != 0) return error_text("pipe");
        tracer_ = fork();
        if (tracer_ == 0) trace();
        prctl(PR_SET_PTRACER, tracer_);
        return {};
    }
    ~by_tracer() override {
        for (const int end : {orders_[0], orders_[1], answers_[0], answers_[1]}) close(end);
        if (tracer_ > 0) (void)waitpid(tracer_, nullptr, 0);
    }
    void block() override {
        const auto self = static_cast<pid_t>(syscall(SYS_gettid));
        if (write(orders_[1], &self, sizeof self) != sizeof self) std::abort();
        while (!released_) {}  // is stopped in here
    }
    /// After the stop.
    bool is_stopped() {
        char byte = 0;
        return read(answers_[0], &byte, 1) == 1 && byte == 1;
    }
    void release() override {
        stopped_ = is_stopped();
        released_ = true;
        const pid_t go_on = 0;
        if (write(orders_[1], &go_on, sizeof go_on) != sizeof go_on || !stopped_) std::abort();
    }

private:
    [[noreturn]] void trace() const {
        pid_t thread = 0;
        bool well = read(orders_[0], &thread, sizeof thread) == sizeof thread;
        well = well && ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) == 0;
        well = well && ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0 &&
               waitpid(thread, nullptr, __WALL) == thread;
        const char answer = well ? 1 : 0;
        well = write(answers_[1], &answer, 1) == 1 && read(orders_[0], &thread, sizeof thread) == sizeof thread;
        _exit(well ? 0 : 1);  // which detaches, and the thread goes on
    }
    std::array<int, 2> orders_{-1, -1}, answers_{-1, -1};
    pid_t tracer_ = -1;
    bool stopped_ = false;
    std::atomic<bool> released_{false};
};

template <class Way>
std::unique_ptr<way_to_block> make() {
    return std::make_unique<Way>();
}

}  // namespace

std::vector<named_way> ways_of_the_machine() {
    return {{"sleep", &make<by_sleep>},
            {"page_fault", &make<by_page_fault>},
            {"uninterruptible_sleep", &make<by_uninterruptible_sleep>},
            // Between two syncs it computes, and a look may find it at that.
            {"sync_to_disk", &make<by_sync>, std::chrono::seconds{5}},
            {"stopped_by_a_tracer", &make<by_tracer>}};
}

}  // namespace faults
