#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Asks the kernel anew: installs what that needs (Debian 12, root), builds the module of module/, boots Debian's kernel
# under QEMU without any acceleration, and writes what it answered to recorded/. Usage: record.sh [matrix|random|special]...
# CMWQ_ORACLE_KERNEL names another kernel of Debian's than 6.12.117+deb12; CMWQ_ORACLE_BUILD another place than
# build/oracle; CMWQ_ORACLE_MACHINES how many machines run side by side (2).
set -euo pipefail
cd "$(dirname "$0")"

kernel=${CMWQ_ORACLE_KERNEL:-6.12.117+deb12}
build=${CMWQ_ORACLE_BUILD:-../../build/oracle}
mkdir -p "$build/debs" "$build/ramdisk"/{proc,dev}
build=$(realpath "$build")
machines=${CMWQ_ORACLE_MACHINES:-2}
kinds=("$@")
[ $# -gt 0 ] || kinds=(matrix random special)

install_tools() {
    local missing=()
    command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
    for tool in cpio gcc-12 make; do
        command -v $tool >/dev/null || missing+=($tool)
    done
    [ ${#missing[@]} -eq 0 ] || apt-get install -y --no-install-recommends "${missing[@]}"
}

# The kernel and its headers are unpacked and not installed. Without the kernel's own debugging types, which need a
# further tool.
unpack_kernel() {
    local headers="$build/unpacked/usr/src/linux-headers-$kernel-amd64"
    [ ! -e "$headers/unpacked" ] || return 0
    apt-get update
    (cd "$build/debs" && apt-get download "linux-image-$kernel-amd64" "linux-headers-$kernel-amd64" \
        "linux-headers-$kernel-common" "linux-kbuild-$kernel")
    for package in "$build"/debs/*"$kernel"*.deb; do dpkg -x "$package" "$build/unpacked"; done
    sed -i "s#include /usr/src#include $build/unpacked/usr/src#" "$headers/Makefile"
    rm -f "$headers/vmlinux"
    touch "$headers/unpacked"
}

build_module() {
    rm -rf "$build/module"
    cp -r module "$build/module"
    make -C "$build/unpacked/usr/src/linux-headers-$kernel-amd64" M="$build/module" modules
    cp "$build/module/oracle.ko" "$build/ramdisk/"
    gcc-12 -static -O1 -o "$build/ramdisk/init" module/init.c
}

# One machine that asks the scripts of one file.
ask() {
    local part=$1
    mkdir -p "$build/$part.ramdisk"
    cp -r "$build/ramdisk/." "$build/$part.ramdisk/"
    mv "$build/$part.script" "$build/$part.ramdisk/script"
    (cd "$build/$part.ramdisk" && find . | cpio --quiet -o -H newc | gzip -1) >"$build/$part.gz"
    timeout "${CMWQ_ORACLE_PATIENCE:-1800}" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 256 -display none \
        -no-reboot -net none -serial "file:$build/$part.console" -serial "file:$build/$part.answers" \
        -kernel "$build/unpacked/boot/vmlinuz-$kernel-amd64" -initrd "$build/$part.gz" \
        -append 'console=ttyS0 panic=-1 loglevel=4 no_timer_check nowatchdog'
    grep -q '^# all asked' "$build/$part.answers" || { echo "$part: no answer to the end" >&2; return 1; }
    if grep -E '= error|no rest' "$build/$part.answers"; then return 1; fi
}

# The scripts of one kind, dealt out to some machines, which run side by side.
record() {
    local kind=$1 part parts=()
    rm -f "$build/$kind".*.{script,answers}
    ./scripts.py "$kind" >"$build/$kind.all"
    awk -v base="$build/$kind" -v total="$(grep -c '^script' "$build/$kind.all")" -v machines="$machines" '
        /^script/ { part = int(n++ * machines / total) } { print > (base "." part ".script") }' "$build/$kind.all"
    for part in "$build/$kind".*.script; do
        part=$(basename "$part" .script)
        ask "$part" & parts+=($!)
    done
    for part in "${parts[@]}"; do wait "$part"; done
    {
        echo "# SPDX-License-Identifier: Apache-2.0"
        grep -h '^# Linux' "$build/$kind".*.answers | tr -d '\r' | sort -u
        cat "$build/$kind".*.answers | tr -d '\r' | grep -v '^#'
    } >"recorded/$kind.txt"
}

install_tools
unpack_kernel
build_module
for kind in "${kinds[@]}"; do record "$kind"; done
