# SPDX-License-Identifier: Apache-2.0
"""Yosys for the Lattice ECP5: ecp5.py OUT NAME=VALUE SV-FILES makes OUT.json of pnr_top. The XOR trees of the RTL are kept, as in make synth."""
import sys

import yosys


def main(out, parameter, *files):
    with yosys.begin(out) as log:
        yosys.read('pnr_top', [parameter], files, out, log)
        yosys.run([
            f'read_rtlil {out}.il',
            'flatten',
            'synth_ecp5 -top pnr_top -run begin:map_luts',
            'abc -lut 4 -script +strash;if;mfs2',
            'clean',
            'synth_ecp5 -top pnr_top -nowidelut -run map_cells:',
            f'write_json {out}.json'], log)


if __name__ == '__main__':
    main(*sys.argv[1:])
