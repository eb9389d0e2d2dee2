# SPDX-License-Identifier: Apache-2.0
#
# The fuzz targets. Each is a program that replays its corpus, with any compiler; with CMWQ_FUZZ it is one for libFuzzer
# too.

# cmwq_add_fuzz_target(<name> <library...> SOURCES <file...>): <name>_fuzz.cpp and the further files.
function(cmwq_add_fuzz_target name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
    set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name}")
    list(TRANSFORM arg_SOURCES PREPEND fuzz/)

    add_library(${name}_fuzzed STATIC fuzz/${name}_fuzz.cpp ${arg_SOURCES})
    target_link_libraries(${name}_fuzzed PUBLIC ${arg_UNPARSED_ARGUMENTS})
    target_include_directories(${name}_fuzzed PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}")
    cmwq_own_sources(${name}_fuzzed)

    add_executable(${name}_replay fuzz/replay_main.cpp fuzz/replay.cpp)
    target_link_libraries(${name}_replay PRIVATE ${name}_fuzzed)
    cmwq_own_sources(${name}_replay)
    add_test(NAME fuzz.${name}_corpus COMMAND ${name}_replay "${corpus}")
    set_tests_properties(fuzz.${name}_corpus PROPERTIES LABELS fuzz TIMEOUT 120)

    if(CMWQ_FUZZ)
        target_compile_options(${name}_fuzzed PRIVATE ${CMWQ_FUZZ_FLAGS})
        add_executable(${name}_fuzz fuzz/no_main.cpp)
        target_link_libraries(${name}_fuzz PRIVATE ${name}_fuzzed)
        target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
        cmwq_own_sources(${name}_fuzz)
        # New inputs go to the build folder, those that are wrong too: libFuzzer writes to the first folder that it is given.
        set(found "${CMAKE_CURRENT_BINARY_DIR}/fuzz/${name}")
        file(MAKE_DIRECTORY "${found}")
        add_test(NAME fuzz.${name}_for_some_seconds
            COMMAND ${name}_fuzz -max_total_time=5 -max_len=400 -len_control=0 -timeout=60 "${found}" "${corpus}"
            WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
        set_tests_properties(fuzz.${name}_for_some_seconds PROPERTIES LABELS fuzz TIMEOUT 300)
    endif()
endfunction()

cmwq_add_fuzz_target(configuration ${internal_library} SOURCES)
target_include_directories(configuration_fuzzed PRIVATE ../src ../src/platform/linux)

if(TARGET cmwq_model)
    cmwq_add_fuzz_target(operations cmwq_model SOURCES reference.cpp play.cpp step_by_step.cpp at_once.cpp)

    # The comparison can fail.
    add_executable(operations_wrong_rules fuzz/wrong_rules.cpp fuzz/replay.cpp)
    target_link_libraries(operations_wrong_rules PRIVATE operations_fuzzed)
    cmwq_own_sources(operations_wrong_rules)
    add_test(NAME fuzz.operations_wrong_rules_are_found_out
        COMMAND operations_wrong_rules "${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/operations")
    set_tests_properties(fuzz.operations_wrong_rules_are_found_out PROPERTIES LABELS fuzz TIMEOUT 120)
endif()
