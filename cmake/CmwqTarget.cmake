# SPDX-License-Identifier: Apache-2.0
#
# What every target of this project is compiled with. Only target_* commands: nothing here reaches a project that adds
# cmwq as a subdirectory, except what its own targets inherit from cmwq::cmwq.

# Warnings, thread-safety analysis and ccache: for the target's own sources.
function(cmwq_own_sources target)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic)
    if(CMWQ_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
    if(CMWQ_THREAD_SAFETY)
        target_compile_options(${target} PRIVATE -Wthread-safety -Werror=thread-safety)
    endif()
    find_program(CMWQ_CCACHE ccache)
    mark_as_advanced(CMWQ_CCACHE)
    if(CMWQ_CCACHE)
        # It keeps what precompiled headers are part of only if told that macros and times in them do not matter.
        set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER
            "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CMWQ_CCACHE}")
        target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    endif()
endfunction()

# A sanitizer must cover the library and everything linked with it, hence PUBLIC; an installed package never carries it.
function(cmwq_sanitize target)
    if(CMWQ_SANITIZE STREQUAL "thread")
        set(flags -fsanitize=thread)
    elseif(CMWQ_SANITIZE STREQUAL "address")
        set(flags -fsanitize=address,undefined,leak -fno-sanitize-recover=all)
    else()
        return()
    endif()
    target_compile_options(${target} PUBLIC $<BUILD_INTERFACE:${flags}> $<BUILD_INTERFACE:-fno-omit-frame-pointer>)
    target_link_options(${target} PUBLIC $<BUILD_INTERFACE:${flags}>)
endfunction()

# The engine's own sources count; what is linked with it brings the counters home. Not optimized, so that a line is a line;
# atomic, because workers count at once.
function(cmwq_count_coverage target)
    if(CMWQ_COVERAGE)
        # Unoptimized, GCC 12 does not see which order goes with which, and warns of a compare-exchange that has both right.
        target_compile_options(${target} PRIVATE --coverage -fprofile-update=atomic -O0 -Wno-invalid-memory-model)
        target_link_options(${target} PUBLIC $<BUILD_INTERFACE:--coverage>)
        # Unoptimized, a source costs the reading of its headers and little else.
        target_precompile_headers(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src/engine/runtime_state.hpp")
        # What the engine stands on is optimized all the same: the model's steps are what the scenarios cost.
        get_target_property(sources ${target} SOURCES)
        list(FILTER sources INCLUDE REGEX "src/platform/")
        set_source_files_properties(${sources} PROPERTIES
            COMPILE_OPTIONS -O2 SKIP_PRECOMPILE_HEADERS ON)
    endif()
endfunction()

# The settings of a library of engine sources: C++20 for users too, hidden symbols, threads.
function(cmwq_library_settings target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES
        CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        POSITION_INDEPENDENT_CODE ON)
    if(NOT CMWQ_EXCEPTIONS)
        target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
    endif()
    target_link_libraries(${target} PUBLIC Threads::Threads)
    cmwq_own_sources(${target})
    cmwq_sanitize(${target})
    cmwq_count_coverage(${target})
endfunction()

# libFuzzer learns from these which code an input reaches. Not the depth of the stack: the model has many stacks.
set(CMWQ_FUZZ_FLAGS -fsanitize=fuzzer-no-link -fno-sanitize-coverage=stack-depth)

# Of an engine what costs are the headers. Whether each source includes what it uses is seen where it is compiled alone; seeded
# faults and weak_tests need single files, too.
function(cmwq_compile_in_batches target)
    if(NOT CMWQ_IN_BATCHES)
        return()
    endif()
    set(index 0)
    foreach(source IN LISTS ARGN)
        math(EXPR batch "${index} / 16")
        math(EXPR index "${index} + 1")
        set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "batch_${batch}")
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
