// SPDX-License-Identifier: Apache-2.0
//
// Bytes played as operations on the engine, which runs on the model platform: the same bytes are the same run.
#pragma once

#include "fuzz/bytes.hpp"
#include "fuzz/reference.hpp"
#include "model.hpp"

#include <string>

namespace fuzz {

/// One operation after the other, a second of virtual time each; before each the items are compared with the reference.
/// `story`: what was done, a line each.
void play_step_by_step(bytes script, const rules& told, int cpus, std::string& story);

/// Up to three threads at once, each with a part of the bytes: what must hold whatever the order is checked.
void play_at_once(bytes script);

/// The input's first bytes choose one of the two, the CPUs and the schedule; the rest is the script.
struct played {
    cmwq::model::outcome outcome;
    std::string story;
};
played play(bytes input, const rules& told);

}  // namespace fuzz
