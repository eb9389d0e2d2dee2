# SPDX-License-Identifier: Apache-2.0
#
# Every option of the build, in one place. A project that adds cmwq as a subdirectory gets the library alone.

option(CMWQ_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(CMWQ_BUILD_MODEL "Build the engine over the deterministic backend, and its tests" ON)
option(CMWQ_IN_BATCHES "Compile the engine several files at a time, and no header alone: a third of the time" OFF)
option(CMWQ_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(CMWQ_BUILD_TOOLS "Build the tools (cmwq-sum)" ${PROJECT_IS_TOP_LEVEL})
option(CMWQ_BUILD_BENCHMARKS "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(CMWQ_INSTALL "Add install rules" ${PROJECT_IS_TOP_LEVEL})

option(CMWQ_WITH_HWLOC "Read the topology through hwloc; OFF: from the affinity mask alone" ON)
option(CMWQ_EXCEPTIONS "Compile the library with exceptions and RTTI" ON)
option(CMWQ_WERROR "Treat warnings in cmwq's own sources as errors" OFF)
option(CMWQ_FUZZ "Build the fuzz targets for libFuzzer (clang only)" OFF)
option(CMWQ_THREAD_SAFETY "Check lock annotations at compile time, as errors (clang only)" OFF)
option(CMWQ_COVERAGE "Count which lines and branches of the libraries run (gcc only; scripts/coverage.sh)" OFF)

set(CMWQ_TEST_FLAGS "" CACHE STRING "Further flags for the sources of the tests, not of the libraries (a list)")

set(CMWQ_SANITIZE "" CACHE STRING "Sanitizer: empty, 'thread', or 'address' (which adds undefined and leak)")
set_property(CACHE CMWQ_SANITIZE PROPERTY STRINGS "" thread address)
if(NOT CMWQ_SANITIZE MATCHES "^(|thread|address)$")
    message(FATAL_ERROR "CMWQ_SANITIZE is '${CMWQ_SANITIZE}'; it must be empty, 'thread' or 'address'")
endif()
if(CMWQ_THREAD_SAFETY AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "CMWQ_THREAD_SAFETY needs clang; the compiler is ${CMAKE_CXX_COMPILER_ID}")
endif()
if(CMWQ_COVERAGE AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "CMWQ_COVERAGE needs gcc; the compiler is ${CMAKE_CXX_COMPILER_ID}")
endif()
if(CMWQ_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "CMWQ_FUZZ needs clang; the compiler is ${CMAKE_CXX_COMPILER_ID}")
endif()
