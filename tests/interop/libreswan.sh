#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks libreswan of the system's own Debian sources into a directory, with what it needs; nothing of it is installed, as its package conflicts with
# strongSwan's and starts a service. Without apt, or without a network, it says so and leaves a directory without it: the tests are then skipped.
# Usage: libreswan.sh DIRECTORY
set -euo pipefail
directory=$(realpath -m "$1")
packages=(libreswan libnss3-tools libnss3 libnspr4 libldns3 libunbound8 libcurl3-nss libaudit1 libldap-2.5-0 libevent-core-2.1-7
          libevent-pthreads-2.1-7 libcap-ng0 libselinux1 libpam0g)

rm -rf "$directory"
mkdir -p "$directory/packages"
cd "$directory/packages"
if ! command -v apt-get >/dev/null || ! { apt-get -q download "${packages[@]}" || { apt-get -q update && apt-get -q download "${packages[@]}"; }; } >log 2>&1; then
  echo "libreswan could not be fetched, its tests are skipped:"
  tail -n 3 log 2>/dev/null || true
  exit 0
fi
for package in *.deb; do
  dpkg -x "$package" ..
done
cd ..
rm -rf packages etc var usr/share usr/lib/tmpfiles.d usr/lib/systemd lib/systemd # what lies there is for an installed system
