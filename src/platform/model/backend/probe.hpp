// SPDX-License-Identifier: Apache-2.0
//
// Model backend: no probes; its own trace shows more.
#pragma once

#define CMWQ_PROBE(name, a, b, c) static_cast<void>(a), static_cast<void>(b), static_cast<void>(c)
