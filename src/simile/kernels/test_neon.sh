#!/bin/sh
# Cross-compiles this folder for 64-bit ARM and runs its tests in an emulator, for machines that are
# not ARM. Debian: apt install g++-12-aarch64-linux-gnu qemu-user-static googletest
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
out=${1:-$root/build/neon}
gtest=/usr/src/googletest
compiler="aarch64-linux-gnu-g++-12 -std=c++23 -ffp-contract=off -I$root/include -I$root/src"
mkdir -p "$out"
objects=
for source in "$here"/*_neon.cc; do
  objects="$objects $out/$(basename "$source").o"
  $compiler -O3 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
    -c -o "$out/$(basename "$source").o" "$source"
done
others=$(ls "$here"/*.cc | grep -v -e _avx2.cc -e _avx512.cc -e _neon.cc)
# -O1: the emulator runs these once, and compiling is most of the time.
# shellcheck disable=SC2086
$compiler -O1 -static -o "$out/kernels_test" -DSIMILE_VERSION='"neon"' \
  -I$gtest/googletest -I$gtest/googletest/include -I$gtest/googlemock -I$gtest/googlemock/include \
  $others $objects "$root"/src/simile/base/check.cc "$root"/src/simile/base/names.cc \
  "$root"/src/simile/base/text.cc $gtest/googletest/src/gtest-all.cc \
  $gtest/googlemock/src/gmock-all.cc $gtest/googlemock/src/gmock_main.cc -lpthread
qemu-aarch64-static "$out/kernels_test" --gtest_brief=1
