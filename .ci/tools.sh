# shellcheck shell=bash
# Functions that install what the gate needs. Source this file; sourcing it changes nothing.

# apt_install PACKAGE…: installs Debian packages. The package lists are updated only if that is needed.
apt_install() {
    local options=(--yes --quiet --no-install-recommends -o DPkg::Lock::Timeout=300)
    DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" >/dev/null 2>&1 ||
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@"; } >/dev/null
}

# python_tools NAME: installs .ci/requirements/NAME.txt into a virtual environment of its own and prints the
# environment's bin folder. Tools that pin conflicting dependencies get a file each.
python_tools() {
    local requirements=.ci/requirements/$1.txt environment=target/ci/$1
    if ! cmp --silent "$requirements" "$environment/requirements.txt"; then
        rm -rf "$environment"
        python3 -m venv "$environment" >&2 ||
            { apt_install python3-venv && python3 -m venv "$environment" >&2; }
        "$environment/bin/pip" install --quiet --requirement "$requirements" >&2
        cp "$requirements" "$environment/requirements.txt"
    fi
    echo "$PWD/$environment/bin"
}
