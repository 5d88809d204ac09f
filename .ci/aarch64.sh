#!/usr/bin/env bash
# Builds the static aarch64 binary, runs it under qemu, and compares what it prints with the binary of this machine. It is
# skipped where the cross compiler or Rust's standard library for aarch64 cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=.ci/tools.sh
. .ci/tools.sh

skip() {
    echo "the aarch64 binary is not tested: $1"
    exit 0
}

target=aarch64-unknown-linux-gnu
[ "$(uname --machine)" = x86_64 ] || skip "this machine is not x86_64"
apt_install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static || skip "no cross compiler or no qemu"
timeout 300 rustup target add "$target" >/dev/null 2>&1 || skip "rustup has no standard library for $target"

export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static"
cargo build --quiet --locked --profile quick --bin exposured --target "$target"

export EXPOSURED_LOG=error
sample=(once --sample --format json)
native=$(cargo run --quiet --locked -- "${sample[@]}")
emulated=$(qemu-aarch64-static "target/$target/quick/exposured" "${sample[@]}")
[ -n "$native" ] || { echo "the sample prints nothing" >&2; exit 1; }
diff <(echo "$native") <(echo "$emulated") || { echo "the aarch64 binary prints something else" >&2; exit 1; }
echo "the aarch64 binary prints the same sample as the x86_64 one"
