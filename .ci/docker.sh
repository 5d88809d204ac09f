#!/usr/bin/env bash
# Builds the image by the shipped Dockerfile, and tests it as the task of the CloudFormation template
# (deploy/tests/container). It starts a Docker engine of its own, and stops what it started. Only the build image is
# replaced, by a local one, so that no registry of images is needed.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=.ci/tools.sh
. .ci/tools.sh

skip() {
    echo "the container tests are skipped: $1"
    exit 0
}

started=$SECONDS
step() {
    echo "+ $1 (after $((SECONDS - started)) s)"
}

[ "$(id -u)" = 0 ] || skip "a Docker engine needs root"
apt_install docker.io mmdebstrap binutils || skip "docker.io and mmdebstrap cannot be installed"

# The socket's path must be short, and its folder is outside of the build context.
scratch=$(mktemp --directory)
engine=
stop() {
    if [ -n "$engine" ]; then
        kill "$engine" 2>/dev/null || true
        wait "$engine" || true
    fi
    rm -rf --one-file-system "$scratch"
}
trap stop EXIT

step "dockerd"
export DOCKER_HOST=unix://$scratch/docker.sock
# Debian's client contains BuildKit. Another one on the PATH may not.
export DOCKER=/usr/bin/docker DOCKER_BUILDKIT=1
# No bridge: builds use the host's network, and the tests create a network.
dockerd --host "$DOCKER_HOST" --data-root "$scratch/data" --exec-root "$scratch/exec" --pidfile "$scratch/pid" \
    --bridge none >"$scratch/log" 2>&1 &
engine=$!
for _ in {1..60}; do
    "$DOCKER" version >/dev/null 2>&1 && break
    kill -0 "$engine" 2>/dev/null || break
    sleep 0.5
done
"$DOCKER" version >/dev/null 2>&1 || skip "dockerd does not start: $(tail --lines 1 "$scratch/log")"

step "the build image"
# It stands in for docker.io/library/rust: Debian's C compiler, and this machine's Rust and CA bundle.
mmdebstrap --quiet --variant=minbase --include=ca-certificates,gcc,libc6-dev bookworm "$scratch/root"
sysroot=$(rustc --print sysroot)
host=$(rustc --version --verbose | sed --quiet 's/^host: //p')
rust=$scratch/root/usr/local/rust
mkdir --parents "$rust/bin" "$rust/lib/rustlib"
cp --archive "$sysroot/bin/cargo" "$sysroot/bin/rustc" "$rust/bin/"
cp --archive "$sysroot"/lib/*.so* "$rust/lib/"
cp --archive "$sysroot/lib/rustlib/$host" "$rust/lib/rustlib/"
cp /etc/ssl/certs/ca-certificates.crt "$scratch/root/etc/ssl/certs/"
tar --directory "$scratch/root" --create . | "$DOCKER" import \
    --change 'ENV CARGO_HOME=/usr/local/cargo' \
    --change 'ENV PATH=/usr/local/cargo/bin:/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    - local/rust >/dev/null
rm -rf --one-file-system "$scratch/root"

revision=$(git rev-parse HEAD)
build() {
    "$DOCKER" build --network host --build-arg BUILD_IMAGE=local/rust --build-arg PROFILE=quick \
        --build-arg REVISION="$revision" --progress plain "$@" . >"$scratch/build.log" 2>&1 ||
        { tail --lines 100 "$scratch/build.log" >&2; return 1; }
}
step "the image"
build --tag exposured:test
step "the image again"
build --tag exposured:again --no-cache

step "the container tests"
python=$(python_tools moto)/python
EXPOSURED_TEST_IMAGE=exposured:test EXPOSURED_TEST_SECOND_IMAGE=exposured:again EXPOSURED_TEST_REVISION=$revision \
    "$python" -m pytest -q -p no:cacheprovider deploy/tests/container
step "done"
