// SPDX-License-Identifier: Apache-2.0
//
// Which sanitizer this was compiled with: GCC says it by macros, clang by features.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CMWQ_TEST_ASAN 1
#elif __has_feature(thread_sanitizer)
#define CMWQ_TEST_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CMWQ_TEST_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define CMWQ_TEST_TSAN 1
#endif

namespace support {

/// ThreadSanitizer has a thread of its own, which wakes up now and then.
#if defined(CMWQ_TEST_TSAN)
inline constexpr bool thread_sanitized = true;
#else
inline constexpr bool thread_sanitized = false;
#endif

#if defined(CMWQ_TEST_TSAN) || defined(CMWQ_TEST_ASAN)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// May a child of a threaded process start threads? Not under the older runtimes of the sanitizers: a lock of their
/// allocator that another thread held at the fork stays locked, and ThreadSanitizer's takes a thread of the child for
/// one of the parent whose stack it got (docs/verification/sanitizers-and-compilers.md).
#if (defined(__clang__) && __clang_major__ < 19) || (!defined(__clang__) && __GNUC__ < 13)
inline constexpr bool threads_after_fork = !sanitized;
#else
inline constexpr bool threads_after_fork = true;
#endif
inline constexpr const char* no_threads_after_fork =
    "this sanitizer's runtime ends or stops a child of a threaded process that starts threads";

}  // namespace support
