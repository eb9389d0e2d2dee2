#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing to build and test cmwq on Debian 12 (and its relatives), and nothing else.
#   --bench   also the libraries that the benchmarks compare with
#   --check   also the compilers and formatters of the full test command (clang 14 and 19, clang-format)
set -euo pipefail

packages=(g++ cmake ninja-build pkg-config python3
    libhwloc-dev systemtap-sdt-dev libgtest-dev libssl-dev libcli11-dev nlohmann-json3-dev)
for option in "$@"; do
    case $option in
        --bench) packages+=(libbenchmark-dev libtbb-dev libasio-dev libboost-dev libeigen3-dev libglib2.0-dev libuv1-dev qt6-base-dev
            libthread-pool-dev liburcu-dev python3-matplotlib) ;;
        --check) packages+=(clang clang-19 libclang-rt-19-dev clang-format) ;;
        -h | --help) sed -n '4,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "install-deps: unknown option: $option (see --help)" >&2; exit 2 ;;
    esac
done

if ! command -v apt-get >/dev/null; then
    echo "install-deps: there is no apt-get here; please install: ${packages[*]}" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "install-deps: everything needed is installed"
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps: missing: ${missing[*]}" >&2
        echo "install-deps: they take root to install, and there is no sudo; please run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "install-deps: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "install-deps: failed: $*" >&2; exit 1; }; }
quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
echo "install-deps: done"
