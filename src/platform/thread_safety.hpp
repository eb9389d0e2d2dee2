// SPDX-License-Identifier: Apache-2.0
//
// Names for Clang's thread-safety attributes; empty for other compilers. Build with -Wthread-safety to have them
// checked.
#pragma once

#if defined(__clang__)
#define CMWQ_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define CMWQ_THREAD_ANNOTATION(x)
#endif

#define CMWQ_CAPABILITY(name) CMWQ_THREAD_ANNOTATION(capability(name))
#define CMWQ_SCOPED_CAPABILITY CMWQ_THREAD_ANNOTATION(scoped_lockable)
#define CMWQ_GUARDED_BY(lock) CMWQ_THREAD_ANNOTATION(guarded_by(lock))
#define CMWQ_REQUIRES(...) CMWQ_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define CMWQ_ACQUIRE(...) CMWQ_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define CMWQ_TRY_ACQUIRE(...) CMWQ_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define CMWQ_RELEASE(...) CMWQ_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define CMWQ_NO_THREAD_SAFETY_ANALYSIS CMWQ_THREAD_ANNOTATION(no_thread_safety_analysis)
