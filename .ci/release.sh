#!/usr/bin/env bash
# Makes the files of a release, in three steps that the release workflow runs:
#
#   release.sh build vX.Y.Z FOLDER      on each architecture: the static binary in an archive, and its SBOM
#   release.sh checksums vX.Y.Z FOLDER  with the files of all architectures in the folder: SHA256SUMS
#   release.sh notes vX.Y.Z FOLDER      prints the changes of this version, for the release page
#
# The binary is the one of the image, built by the Dockerfile. PROFILE and BUILD_IMAGE are those of the Dockerfile.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "release.sh: $1" >&2
    exit 1
}

[ $# = 3 ] || fail "usage: release.sh build|checksums|notes vX.Y.Z FOLDER"
step=$1 version=${2#v} folder=$3

stated=$(sed --quiet 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head --lines 1)
[ "$version" = "$stated" ] || fail "the tag says $version, but Cargo.toml says $stated"

architecture() {
    case "$(uname --machine)" in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) fail "no release is made for $(uname --machine)" ;;
    esac
}

scratch=
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT

build() {
    local name date
    name=exposured-$version-linux-$(architecture)
    date=$(git log -1 --format=%ct)
    scratch=$(mktemp --directory)

    local arguments=(--target binary --output "type=local,dest=$scratch/$name")
    [ -z "${PROFILE:-}" ] || arguments+=(--build-arg "PROFILE=$PROFILE")
    [ -z "${BUILD_IMAGE:-}" ] || arguments+=(--build-arg "BUILD_IMAGE=$BUILD_IMAGE" --network host)
    DOCKER_BUILDKIT=1 "${DOCKER:-docker}" build "${arguments[@]}" .
    "$scratch/$name/exposured" once --sample >/dev/null 2>&1 || fail "the binary does not run"

    # The SBOM comes from the binary itself, which lists what it was built from.
    cargo install --locked --root "$scratch/tools" auditable2cdx@0.1.0
    mkdir --parents "$folder"
    "$scratch/tools/bin/auditable2cdx" "$scratch/$name/exposured" >"$folder/$name.cdx.json"

    cp LICENSE README.md "$scratch/$name/"
    tar --directory "$scratch" --sort=name --owner=0 --group=0 --numeric-owner --mode=go=u-w --mtime="@$date" \
        --create "$name" | gzip --no-name --best >"$folder/$name.tar.gz"
}

checksums() {
    local name
    for architecture in amd64 arm64; do
        name=exposured-$version-linux-$architecture
        [ -s "$folder/$name.tar.gz" ] || fail "$folder/$name.tar.gz is missing"
        [ -s "$folder/$name.cdx.json" ] || fail "$folder/$name.cdx.json is missing"
    done
    (cd "$folder" && sha256sum exposured-* >SHA256SUMS)
}

notes() {
    local text
    text=$(awk -v version="$version" '
        /^## / { found = ($2 == version || $2 == "[" version "]"); next }
        found' CHANGELOG.md)
    [ -n "$text" ] || fail "CHANGELOG.md has no entry for $version"
    echo "$text"
}

case $step in
    build | checksums | notes) "$step" ;;
    *) fail "unknown step: $step" ;;
esac
