// SPDX-License-Identifier: Apache-2.0
#include "waiter.hpp"

#include "fatal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdint>

namespace cmwq_sum {
namespace {

bool ignored(int number) noexcept {
    struct ::sigaction now {};
    return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

// What nohup, or a shell for a job in the background, has told us to ignore must not be blocked: a blocked signal is
// reported even if it is ignored.
::sigset_t ending_signals() noexcept {
    ::sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        if (!ignored(number)) {
            ::sigaddset(&set, number);
        }
    }
    return set;
}

}  // namespace

waiter::waiter() {
    const auto set = ending_signals();
    std::signal(SIGPIPE, SIG_IGN);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = unique_fd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    ended_ = unique_fd{::eventfd(0, EFD_CLOEXEC)};
    if (!signals_ || !ended_) {
        fatal("no file descriptor for signals");
    }
}

void waiter::end() noexcept {
    ::eventfd_write(ended_.get(), 1);
}

wake_reason waiter::wait(int milliseconds) {
    ::pollfd watched[] = {{ended_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    if (::poll(watched, 2, milliseconds) <= 0) {
        return wake_reason::time;
    }
    if (watched[0].revents != 0) {
        return wake_reason::ended;
    }
    ::signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != static_cast<long>(sizeof info)) {
        return wake_reason::time;
    }
    last_signal_ = static_cast<int>(info.ssi_signo);
    return wake_reason::signal;
}

}  // namespace cmwq_sum
