#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the guest's only file system, a cpio archive in the kernel's own format (Documentation/driver-api/early-userspace/buffer-format.rst): busybox, ip, the
key management daemons with their libraries, and the kernel's modules in the order in which they are loaded. Nothing is mounted, no root is needed.

    initramfs.py KERNEL LIBRESWAN OUT

KERNEL and LIBRESWAN: directories that tests/lib/unpack_packages.sh filled. strongSwan and ip are those of this machine (.ci/bootstrap). `init` and `control`
beside this file are what runs in it.
"""
import glob
import os
import re
import stat
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "../interop"))
# pylint: disable=wrong-import-position
from charon import PLUGINS  # noqa: E402

# In this order: the self-tests of the later ones use the earlier.
MODULES = ("virtio_pci virtio_net virtio_console aesni_intel ctr ghash_generic gcm hmac sha256_generic sha512_generic sha3_generic jitterentropy_rng drbg seqiv "
           "echainiv esp4 esp6 xfrm_user").split()
STRONGSWAN = "/usr/lib/ipsec"


def usr(path):
    """Where a file of this machine lies when /bin, /sbin and /lib are links into /usr."""
    return "/usr" + path if re.match(r"/(s?bin|lib\w*)/", path) else path


class Tree:
    """Paths of the archive: a source file, a link's target, or a directory (None)."""

    def __init__(self):
        self.entries = {}

    def directory(self, path):
        if path not in ("", "/") and path not in self.entries:
            self.directory(os.path.dirname(path))
            self.entries[path] = None

    def file(self, source, path):
        self.directory(os.path.dirname(path))
        self.entries[path] = os.path.realpath(source)

    def link(self, target, path):
        self.directory(os.path.dirname(path))
        self.entries[path] = (target,)

    def program(self, source, path=None, root=""):
        """A program or library, and the libraries that its loader finds, those in `root` first."""
        self.file(source, usr(path or source))
        folders = ":".join(os.path.join(root, folder, "x86_64-linux-gnu") for folder in ("usr/lib", "lib")) if root else ""
        done = subprocess.run(["ldd", source], capture_output=True, text=True, check=False, env={**os.environ, "LD_LIBRARY_PATH": folders})
        if "not found" in done.stdout:
            sys.exit(f"initramfs: {source}: {done.stdout}")
        for library in re.findall(r"(/\S+) \(0x", done.stdout):
            inside = usr(library.removeprefix(root))
            if inside not in self.entries:
                self.file(library, inside)

    def write(self, out):
        with open(out, "wb") as file:
            for number, (path, entry) in enumerate(sorted(self.entries.items()), 1):
                if entry is None:
                    mode, data = stat.S_IFDIR | 0o755, b""
                elif isinstance(entry, tuple):
                    mode, data = stat.S_IFLNK | 0o777, entry[0].encode()
                else:
                    mode = stat.S_IFREG | 0o644 | os.stat(entry).st_mode & 0o111
                    with open(entry, "rb") as source:
                        data = source.read()
                write_entry(file, number, mode, path.lstrip("/"), data)
            write_entry(file, 0, 0, "TRAILER!!!", b"")


def write_entry(file, number, mode, name, data):
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
    file.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))


def load_order(kernel, names):
    """Module files, each behind those that it needs; what is built into the kernel needs none."""
    folder, = glob.glob(os.path.join(kernel, "lib/modules/*"))
    files = {os.path.basename(path).removesuffix(".ko").replace("-", "_"): path for path in glob.glob(folder + "/kernel/**/*.ko", recursive=True)}
    with open(os.path.join(folder, "modules.builtin"), encoding="ascii") as file:
        built_in = {os.path.basename(line.strip()).removesuffix(".ko").replace("-", "_") for line in file}
    order = []

    def add(name):
        name = name.replace("-", "_")
        if name in built_in or files.get(name) in order:
            return
        if name not in files:
            sys.exit(f"initramfs: the kernel has no module {name}")
        with open(files[name], "rb") as file:
            needs = re.search(rb"\0depends=([^\0]*)\0", file.read())[1].decode()
        for need in filter(None, needs.split(",")):
            add(need)
        order.append(files[name])
    for name in names:
        add(name)
    return order


def base(kernel, modules):
    """What each guest has: directories, init, busybox, ip, and these modules, loaded at its start."""
    tree = Tree()
    for path in ("/proc", "/sys", "/dev", "/tmp", "/run", "/etc", "/root", "/var", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64"):
        tree.directory(path)
    for name in ("bin", "sbin", "lib", "lib64"):
        tree.link("usr/" + name, "/" + name)
    tree.link("../run", "/var/run")
    for name in ("init", "control"):
        tree.file(os.path.join(HERE, name), "/" + name)
    tree.file(os.path.join(kernel, "bin/busybox"), "/usr/bin/busybox")
    for number, module in enumerate(load_order(kernel, modules)):
        tree.file(module, f"/modules/{number:02}-{os.path.basename(module)}")
    tree.program("/bin/ip", "/usr/sbin/ip")
    return tree


def main():
    kernel, libreswan, out = sys.argv[1:]
    libreswan = os.path.abspath(libreswan)
    tree = base(kernel, MODULES)
    tree.program("/lib/x86_64-linux-gnu/libgcc_s.so.1")  # opened by glibc where a thread ends
    for program in ["charon", *(f"plugins/libstrongswan-{name}.so" for name in f"{PLUGINS} kernel-netlink".split())]:
        tree.program(os.path.join(STRONGSWAN, program))
    for program in ("pluto", "whack", "addconn"):
        tree.program(f"{libreswan}/usr/libexec/ipsec/{program}", f"/usr/libexec/ipsec/{program}", libreswan)
    for program in ("certutil", "pk12util"):
        tree.program(f"{libreswan}/usr/bin/{program}", f"/usr/bin/{program}", libreswan)
    for library in glob.glob(f"{libreswan}/usr/lib/x86_64-linux-gnu/**/*.so", recursive=True):  # NSS opens its own by name
        tree.program(library, library.removeprefix(libreswan), libreswan)
    tree.write(out)


if __name__ == "__main__":
    main()
