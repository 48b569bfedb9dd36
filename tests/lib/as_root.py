# SPDX-License-Identifier: Apache-2.0
"""For programs that need root (network namespaces, TUN devices), run by a user who may use sudo without being asked."""
import os
import subprocess
import sys

SECONDS = 850  # below the bound of tests/run.py, which cannot kill what is root's


def possible():
    """Not root, but sudo makes us so."""
    try:
        return os.geteuid() != 0 and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def run(command, folders):
    """Run a command as root with our ESPALIER_ variables; the folders it writes are the user's afterwards. Returns its exit status."""
    variables = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("ESPALIER_")]
    status = subprocess.call(["sudo", "-n", "env", *variables, "timeout", "--kill-after=5", str(SECONDS), *command])
    left = [folder for folder in folders if os.path.exists(folder)]
    if left:
        subprocess.call(["sudo", "-n", "chown", "-R", f"{os.getuid()}:{os.getgid()}", *left])
    return status


def become_root(*folders):
    """Begin this program anew as root where that is possible, and end with its status; else return."""
    if possible():
        sys.exit(run([sys.executable, *sys.argv], folders))
