// SPDX-License-Identifier: Apache-2.0
//
// What nearly every test on the machine reads, to be compiled once (tests/CMakeLists.txt). No file includes it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cmwq/cmwq.hpp>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>
