# SPDX-License-Identifier: Apache-2.0
#
# Install rules: the library, its headers, a package for find_package(cmwq) and one for pkg-config. A static library
# drags its own dependencies along: cmwqConfig.cmake and cmwq.pc name them only then.

include(CMakePackageConfigHelpers)

get_target_property(type cmwq TYPE)
set(CMWQ_NEEDS_HWLOC FALSE)
set(CMWQ_PC_REQUIRES "")
set(CMWQ_PC_REQUIRES_PRIVATE "")
if(CMWQ_WITH_HWLOC)
    if(type STREQUAL "STATIC_LIBRARY")
        # Plain `pkg-config --libs cmwq` must link: users do not know which kind was installed.
        set(CMWQ_NEEDS_HWLOC TRUE)
        set(CMWQ_PC_REQUIRES "hwloc")
    else()
        set(CMWQ_PC_REQUIRES_PRIVATE "hwloc")
    endif()
endif()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cmwq")
install(TARGETS cmwq EXPORT cmwqTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT cmwqTargets NAMESPACE cmwq:: DESTINATION "${package_dir}")

configure_package_config_file(cmake/cmwqConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/cmwqConfig.cmake"
    INSTALL_DESTINATION "${package_dir}")
# Before 1.0 a minor version may change anything; from then on only a major one may.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(compatibility SameMinorVersion)
else()
    set(compatibility SameMajorVersion)
endif()
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/cmwqConfigVersion.cmake" COMPATIBILITY ${compatibility})
# Relative to the file itself, so that an installed tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig" OUTPUT_VARIABLE CMWQ_PC_PREFIX)
configure_file(cmake/cmwq.pc.in "${CMAKE_CURRENT_BINARY_DIR}/cmwq.pc" @ONLY)

install(FILES "${CMAKE_CURRENT_BINARY_DIR}/cmwqConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/cmwqConfigVersion.cmake"
    DESTINATION "${package_dir}")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/cmwq.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
