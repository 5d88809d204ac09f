#!/usr/bin/env bash
# Checks licenses, sources, and duplicate versions of dependencies, and, where the advisory database can be reached, known
# vulnerabilities.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
if [ "$(cargo deny --version 2>/dev/null)" != "cargo-deny $version" ]; then
    cargo install --quiet --locked "cargo-deny@$version" --root target/ci/cargo-deny
    PATH="$PWD/target/ci/cargo-deny/bin:$PATH"
fi

cargo deny check licenses bans sources
if cargo deny fetch db >/dev/null 2>&1; then
    cargo deny check advisories
else
    echo "advisories are not checked: the advisory database cannot be reached" >&2
fi
