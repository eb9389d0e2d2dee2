# SPDX-License-Identifier: Apache-2.0
#
# Reads the version from the top entry of CHANGELOG.md, so that it stands in one place only.
# In: the changelog's path. Out: CMWQ_VERSION in the caller's scope, as MAJOR.MINOR.PATCH.
function(cmwq_read_version changelog)
    file(STRINGS "${changelog}" entries REGEX "^## [0-9]+\\.[0-9]+\\.[0-9]+" LIMIT_COUNT 1)
    if(NOT entries MATCHES "^## ([0-9]+\\.[0-9]+\\.[0-9]+)")
        message(FATAL_ERROR "${changelog}: no entry of the form '## 1.2.3' to read the version from")
    endif()
    set(CMWQ_VERSION "${CMAKE_MATCH_1}" PARENT_SCOPE)
    # A released version must come from the file as it is now, not from an old configure run.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${changelog}")
endfunction()
