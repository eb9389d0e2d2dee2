// SPDX-License-Identifier: Apache-2.0
//
// The main of a fuzz target is libFuzzer's; what it is asked before is here. Fibers change stacks too often for a copy
// of each frame on the heap.
extern "C" const char* __asan_default_options() {
    return "detect_stack_use_after_return=0";
}
