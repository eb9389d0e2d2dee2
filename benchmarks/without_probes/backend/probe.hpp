// SPDX-License-Identifier: Apache-2.0
//
// P17: the engine without its trace points, to see what they cost while nobody is attached. Found before the
// platform's.
#pragma once

#define CMWQ_PROBE(name, a, b, c) static_cast<void>(sizeof(a) + sizeof(b) + sizeof(c))
