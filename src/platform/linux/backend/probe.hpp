// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: static probes (USDT), where the system's header is there at build time.
#pragma once

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define CMWQ_PROBE(name, a, b, c) DTRACE_PROBE3(cmwq, name, a, b, c)
#else
// The operands count as used and are not evaluated.
#define CMWQ_PROBE(name, a, b, c) static_cast<void>(sizeof(a) + sizeof(b) + sizeof(c))
#endif
