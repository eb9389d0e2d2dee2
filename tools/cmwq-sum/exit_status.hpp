// SPDX-License-Identifier: Apache-2.0
//
// How the command ends. The table is part of the interface: docs/guide/cmwq-sum.md.
#pragma once

namespace cmwq_sum {

enum exit_status : int {
    exit_all_fine = 0,
    exit_some_failed = 1,    // a message named each path; everything else was done
    exit_usage = 2,          // nothing was done
    exit_output_failed = 3,  // the checksums could not be written, or there was no memory or thread to make them
    exit_signal_base = 128,  // + the number of the signal that ended the run: 130 after Ctrl-C
    exit_broken_pipe = 141,  // nobody reads the output any more: what a shell shows for a death by SIGPIPE (128 + 13)
};

}  // namespace cmwq_sum
