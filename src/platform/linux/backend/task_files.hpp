// SPDX-License-Identifier: Apache-2.0
//
// Linux backend: open files of /proc about threads that are looked at again and again. To open one is five sixths of
// the price of a look.
#pragma once

#include <cstddef>

namespace cmwq {
inline namespace v1 {
namespace platform {

/// Opens a file about a thread of this process; -1: there is none.
int open_task_file(int thread_id, const char* name) noexcept;

/// The text of the thread's file "syscall", read through a file that stays open. Zero: it could not be read so, and may
/// be opened anew. Any thread.
std::size_t read_kept_file(int thread_id, char* text, std::size_t size) noexcept;

/// Keeps 128 files instead of 32, if the process may have eight times as many open. A table of descriptors that
/// outgrows 64 makes its thread wait 10-27 ms in a process of several threads: so it is outgrown here, by a thread that
/// has time. Others open and close files meanwhile.
void widen_file_table() noexcept;

/// Until somebody asks about threads again. Any thread.
void close_task_files() noexcept;
/// In the child of a fork: the files are about the parent's threads, and the table is as large as they needed it.
void forget_task_files() noexcept;

}  // namespace platform
}  // namespace v1
}  // namespace cmwq
