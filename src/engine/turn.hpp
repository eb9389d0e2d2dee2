// SPDX-License-Identifier: Apache-2.0
//
// A worker's turn with a token: items of the token's seat, one after the other, and turns of the seats that are nested
// in it.
//
//   enters   a token that a worker found in a pool
//   leaves   items executed; the token idle, left with a worker that it waits for, or at the end of a list
//   locks    none while an item runs; the seat's list to pop one
// Protocol page: docs/design/tokens.md.
#pragma once

#include "engine/pool_workqueue.hpp"

namespace cmwq {
inline namespace v1 {
namespace engine {

/// Runs items of the token's seat, and of the nested seats whose tokens wait there, until it is empty, or others should
/// have a turn.
void run_token(worker& me, token& carrier) noexcept;

}  // namespace engine
}  // namespace v1
}  // namespace cmwq
