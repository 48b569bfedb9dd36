#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks Debian packages into a directory; nothing is installed, and no root is needed. apt has its state in build/apt and reads the machine's own sources,
# whatever mirror they name. Fails, and says why, where a package cannot be had. A package with + in front stands for the first one that it depends on:
# +linux-image-cloud-amd64 is the kernel of that name, whatever its version.
# Usage: unpack_packages.sh DIRECTORY PACKAGE...
set -euo pipefail
directory=$(realpath -m "$1")
shift
apt=$(realpath -m "$(dirname "$0")/../../build/apt")
mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
exec 9>"$apt/lock"
flock 9 # one at a time: make runs two
log=$apt/log
: >"$log"
# An empty status: what is installed here has no say in what is fetched.
: >"$apt/state/status"
options=(-q -o "Dir::State=$apt/state" -o "Dir::State::status=$apt/state/status" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User= -o Acquire::Languages=none
         -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
failed() {
  echo "$(basename "$directory"): $1" >&2
  tail -n 5 "$log" >&2
  rm -rf "$directory"
  exit 1
}

download() {
  local package name names=()
  for package in "$@"; do
    name=
    [ "${package#+}" = "$package" ] || name=$(apt-cache "${options[@]}" depends "${package#+}" | sed -n 's/^ *Depends: *\([^<>]*\)$/\1/p' | head -n 1)
    names+=("${name:-${package#+}}")
  done
  apt-get "${options[@]}" download "${names[@]}"
}

rm -rf "$directory"
mkdir -p "$directory/packages"
cd "$directory/packages"
command -v apt-get >/dev/null || failed "its packages are fetched by apt, which is not there"
# The lists of an earlier time may name versions that are gone.
download "$@" >>"$log" 2>&1 || { apt-get "${options[@]}" update >"$log" 2>&1 && download "$@" >>"$log" 2>&1; } || failed "not fetched: $*"
for package in *.deb; do
  dpkg -x "$package" ..
done
cd ..
rm -rf packages
