# SPDX-License-Identifier: Apache-2.0
"""A second reader of the RTL beside Verilator: slang, strict about IEEE 1800, warnings count as errors.

usage: slang_lint.py "OPTIONS" FILE...      OPTIONS as of the slang command, e.g. "--top card -G LANES=2"
"""
import sys

from pyslang.driver import Driver


def main():
    options, files = sys.argv[1], sys.argv[2:]
    driver = Driver()
    driver.addStandardArgs()
    if not (driver.parseCommandLine(" ".join(["slang", "-Werror", options] + files)) and driver.processOptions()):
        return 2
    parsed = driver.parseAllSources()
    return 0 if driver.runFullCompilation() and parsed else 1


if __name__ == "__main__":
    sys.exit(main())
