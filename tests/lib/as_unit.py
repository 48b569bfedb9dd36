# SPDX-License-Identifier: Apache-2.0
"""Runs a daemon under what its systemd unit says of capabilities, system calls and socket families, as systemd would and without it.

    as_unit.py RULES COMMAND...      RULES: a file that rules() wrote

From a test: command(UNIT, [COMMAND...]), UNIT as in host/systemd/UNIT.service. A system call that the unit does not allow kills the process
with SIGSYS; a socket of another family is refused with EAFNOSUPPORT; both as systemd does it. Sets of calls (@...) are those of
systemd-analyze. Needs root, or no_new_privs.
"""
import ctypes
import functools
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = os.path.join(HERE, "../../host/systemd")
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF: LD|W|ABS, JMP|JEQ|K, RET|K
NR, ARCH, FIRST_ARGUMENT = 0, 4, 16     # offsets in struct seccomp_data; the argument's low half on little-endian machines
KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
EAFNOSUPPORT = 97
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 24, 38, 22, 2


def settings(unit):
    """{name: [value of each line]} of a unit's [Service]."""
    found = {}
    with open(os.path.join(UNITS, unit + ".service"), encoding="ascii") as file:
        for name, value in re.findall(r"^(\w+)=(.*)$", file.read(), re.M):
            found.setdefault(name, []).append(value)
    return found


def call_sets():
    """{"@set": its members, calls and sets}."""
    found, members = {}, None
    for line in subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter"], capture_output=True, text=True, check=True).stdout.splitlines():
        word = line.split("#")[0].strip()
        if word.startswith("@") and not line[0].isspace():
            members = found.setdefault(word, [])
        elif word and line[0].isspace():
            members.append(word)
        elif word:
            members = []
    return found


def expand(words, sets):
    calls = set()
    for word in words:
        calls |= expand(sets[word], sets) if word.startswith("@") else {word}
    return calls


def allowed_calls(lines):
    """As systemd reads them: the first line is an allow-list, later ones add, with ~ take away. What @default has is always allowed."""
    sets = call_sets()
    calls = expand(["@default"], sets)
    assert not lines[0].startswith("~")
    for line in lines:
        if line.startswith("~"):
            calls -= expand(line[1:].split(), sets)
        else:
            calls |= expand(line.split(), sets)
    return calls


def call_numbers():
    text = subprocess.run(["gcc", "-E", "-dM", "-include", "asm/unistd.h", "-"], input="", capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.M)}


def capability_numbers():
    text = subprocess.run(["gcc", "-E", "-dM", "-include", "linux/capability.h", "-"], input="", capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r"^#define (CAP_\w+) (\d+)$", text, re.M)}


def program(calls, families):
    """The BPF program."""
    numbers = call_numbers()

    def step(code, value, yes=0, no=0):
        return struct.pack("=HBBI", code, yes, no, value)
    out = [step(LOAD, ARCH), step(EQUAL, AUDIT_ARCH[os.uname().machine], 1), step(RETURN, KILL), step(LOAD, NR)]
    for name in sorted(calls & set(numbers)):
        if name != "socket":
            out += [step(EQUAL, numbers[name], 0, 1), step(RETURN, ALLOW)]
    out += [step(EQUAL, numbers["socket"], 1), step(RETURN, KILL), step(LOAD, FIRST_ARGUMENT)]
    for family in families:
        out += [step(EQUAL, int(getattr(socket, family)), 0, 1), step(RETURN, ALLOW)]
    return b"".join(out + [step(RETURN, ERRNO | EAFNOSUPPORT)])


@functools.lru_cache(maxsize=None)
def rules(unit):
    """A file with what the unit says; it lives as long as this process."""
    said = settings(unit)
    capabilities, = said["CapabilityBoundingSet"]
    families, = said["RestrictAddressFamilies"]
    numbers = capability_numbers()
    file = tempfile.NamedTemporaryFile("w", suffix=".rules")  # pylint: disable=consider-using-with
    json.dump({"keep": [numbers[name] for name in capabilities.split()],
               "filter": program(allowed_calls(said["SystemCallFilter"]), families.split()).hex()}, file)
    file.flush()
    return file


def command(unit, words):
    """For exec or Popen. The sanitizers make system calls that are in no unit: with them, the words alone."""
    if "asan" in os.environ.get("ESPALIER_BUILD", ""):
        return list(words)
    return ["/usr/bin/python3", "-IS", os.path.abspath(__file__), rules(unit).name, *words]


def apply(keep, filter_hex):
    libc = ctypes.CDLL(None, use_errno=True)
    code = bytes.fromhex(filter_hex)
    buffer = ctypes.create_string_buffer(code)
    prog = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))

    def prctl(*arguments):
        if libc.prctl(*(ctypes.c_ulong(x) for x in arguments)):
            raise OSError(ctypes.get_errno(), "prctl")
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        last = int(file.read())
    for capability in range(last + 1):
        if capability not in keep:
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(prog), 0, 0)


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        said = json.load(file)
    words = sys.argv[2:]
    apply(said["keep"], said["filter"])
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
