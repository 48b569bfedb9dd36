#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the file system of a guest whose first process is systemd, with the gateway and the agent installed as docs/operations.md says: a cpio archive like that
of initramfs.py.

    systemd_image.py KERNEL BIN OUT

KERNEL: a directory that tests/lib/unpack_packages.sh filled; BIN: where espalier, espalier-gw, espalier-ike and espalier-sim-dpi are. systemd is that of this
machine (.ci/bootstrap). TUN and nftables are not loaded at the start: the kernel loads them when the gateway asks for them, as on a machine of somebody's.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from initramfs import HERE, base, load_order

MODULES = "virtio_pci virtio_net virtio_console".split()
ON_DEMAND = "tun nf_tables nft_fib nft_fib_ipv4 nft_socket".split()
UNITS = os.path.join(HERE, "../../host/systemd")
SYSTEMD = "/usr/lib/systemd"
# What a unit of multi-user.target wants; nothing of devices, consoles, users, and D-Bus.
SYSTEM_UNITS = ("basic.target multi-user.target network.target network-online.target network-pre.target paths.target shutdown.target slices.target sockets.target "
                "sysinit.target timers.target umount.target final.target local-fs.target local-fs-pre.target swap.target systemd-journald.service systemd-journald.socket "
                "systemd-journald-dev-log.socket").split()
PROGRAMS = (f"{SYSTEMD}/systemd", f"{SYSTEMD}/systemd-journald", "/usr/bin/systemctl", "/usr/bin/journalctl", "/usr/bin/systemd-analyze")
CONTROL = """[Unit]
Description=What the test says

[Service]
ExecStart=/usr/bin/sh /control
StandardOutput=tty
TTYPath=/dev/ttyS0
"""
FILES = {"/etc/systemd/system/control.service": CONTROL, "/etc/machine-id": "e5b7" * 8 + "\n"}  # without the latter it would be systemd's first boot


def on_demand(tree, kernel, directory):
    """/lib/modules, with what modprobe reads to find a module by the kernel's names."""
    folder, = glob.glob(os.path.join(kernel, "lib/modules/*"))
    version = os.path.basename(folder)
    loaded = load_order(kernel, MODULES)
    for module in load_order(kernel, MODULES + ON_DEMAND):
        if module not in loaded:
            path = os.path.join(directory, "lib/modules", version, os.path.relpath(module, folder))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(module, path)
    subprocess.run([os.path.join(kernel, "bin/busybox"), "depmod", "-b", directory, version], check=True)
    for path in glob.glob(f"{directory}/lib/modules/**", recursive=True):
        if os.path.isfile(path):
            tree.file(path, "/usr" + path.removeprefix(directory))


def main():
    kernel, programs, out = sys.argv[1:]
    tree = base(kernel, MODULES)
    tree.link("../bin/busybox", "/usr/sbin/modprobe")  # where the kernel looks for it
    for path in PROGRAMS:
        tree.program(path)
    for name in SYSTEM_UNITS:
        tree.file(f"{SYSTEMD}/system/{name}", f"{SYSTEMD}/system/{name}")
    for name in ("systemd-journald.socket", "systemd-journald-dev-log.socket"):
        tree.link(f"../{name}", f"{SYSTEMD}/system/sockets.target.wants/{name}")
    tree.link("../systemd-journald.service", f"{SYSTEMD}/system/sysinit.target.wants/systemd-journald.service")
    tree.link(f"{SYSTEMD}/system/multi-user.target", "/etc/systemd/system/default.target")
    tree.link("../control.service", "/etc/systemd/system/multi-user.target.wants/control.service")
    for name in ("espalier", "espalier-gw", "espalier-ike"):
        tree.program(os.path.join(programs, name), f"/usr/local/bin/{name}")
    tree.program(os.path.join(programs, "espalier-sim-dpi"), "/usr/local/bin/espalier-sim")
    for name in ("espalier-gw.service", "espalier-ike.service"):
        tree.file(os.path.join(UNITS, name), f"/etc/systemd/system/{name}")
    for path in ("/var/tmp", "/home", "/etc/espalier"):
        tree.directory(path)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(out))) as directory:
        for path, text in FILES.items():
            source = os.path.join(directory, os.path.basename(path))
            with open(source, "w", encoding="ascii") as file:
                file.write(text)
            tree.file(source, path)
        on_demand(tree, kernel, directory)
        tree.write(out)


if __name__ == "__main__":
    main()
